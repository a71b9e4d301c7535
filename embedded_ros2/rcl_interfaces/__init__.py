"""ROS interface package rcl_interfaces; the classes are generated when asked for."""
