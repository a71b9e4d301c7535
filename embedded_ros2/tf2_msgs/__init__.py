"""ROS interface package tf2_msgs; the classes are generated when asked for."""
