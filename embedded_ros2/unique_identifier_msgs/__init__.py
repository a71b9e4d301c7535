"""ROS interface package unique_identifier_msgs; the classes are generated when asked for."""
