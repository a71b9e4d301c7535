"""ROS interface package trajectory_msgs; the classes are generated when asked for."""
