"""Modules that some nodes import by their rclpy path."""
