"""ROS interface package visualization_msgs; the classes are generated when asked for."""
