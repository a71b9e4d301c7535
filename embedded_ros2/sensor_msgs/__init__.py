"""ROS interface package sensor_msgs; the classes are generated when asked for."""
