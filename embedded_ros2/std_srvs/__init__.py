"""ROS interface package std_srvs; the classes are generated when asked for."""
