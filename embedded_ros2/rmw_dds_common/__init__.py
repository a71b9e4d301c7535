"""ROS interface package rmw_dds_common; the classes are generated when asked for."""
