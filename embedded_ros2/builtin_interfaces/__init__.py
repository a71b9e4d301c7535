"""ROS interface package builtin_interfaces; the classes are generated when asked for."""
