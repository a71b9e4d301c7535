"""What `ros2 bag` does: reading, playing and recording rosbag2 files with the rosbags library."""
