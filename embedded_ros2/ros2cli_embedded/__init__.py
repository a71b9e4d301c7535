"""The `ros2` command for machines without ROS 2; launch and run need no rclpy."""
