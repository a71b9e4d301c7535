"""ROS interface package action_msgs; the classes are generated when asked for."""
