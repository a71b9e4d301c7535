"""ROS interface package shape_msgs; the classes are generated when asked for."""
