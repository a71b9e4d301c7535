"""ROS interface package lifecycle_msgs; the classes are generated when asked for."""
