"""ROS interface package control_msgs; the classes are generated when asked for."""
