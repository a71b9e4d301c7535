"""Interfaces control_msgs/action."""

from embedded_ros2_core.interface_modules import module_hooks

__getattr__, __dir__ = module_hooks(__name__)
