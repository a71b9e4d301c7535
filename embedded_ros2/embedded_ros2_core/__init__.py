"""What rclpy on this machine stands on: interface definitions, CDR, names, arguments, DDS, graph.
Not a ROS API."""

from .interface_finder import install_finder

install_finder()
