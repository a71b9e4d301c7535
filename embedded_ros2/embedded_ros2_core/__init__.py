"""What rclpy on this machine stands on: interface definitions, CDR, names, arguments, DDS, graph.
Not a ROS API."""
