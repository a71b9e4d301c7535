"""ROS interface package std_msgs; the classes are generated when asked for."""
