"""ROS interface package nav_msgs; the classes are generated when asked for."""
