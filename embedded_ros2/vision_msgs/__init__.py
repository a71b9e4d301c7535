"""ROS interface package vision_msgs; the classes are generated when asked for."""
