"""ROS interface package geometry_msgs; the classes are generated when asked for."""
