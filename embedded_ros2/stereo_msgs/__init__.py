"""ROS interface package stereo_msgs; the classes are generated when asked for."""
