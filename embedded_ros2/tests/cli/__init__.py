"""Tests of the `ros2` command."""
