"""rclpy.impl.rcutils_logger."""

from rclpy.logging import RcutilsLogger

__all__ = ["RcutilsLogger"]
