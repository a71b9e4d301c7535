"""The fixtures of these tests; the classes behind them stand in `workbench`."""

from .workbench import package, ros2

__all__ = ["package", "ros2"]
