"""ROS interface package rosgraph_msgs; the classes are generated when asked for."""
