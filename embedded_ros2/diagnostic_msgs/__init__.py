"""ROS interface package diagnostic_msgs; the classes are generated when asked for."""
