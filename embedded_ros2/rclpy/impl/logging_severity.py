"""rclpy.impl.logging_severity."""

from rclpy.logging import LoggingSeverity

__all__ = ["LoggingSeverity"]
