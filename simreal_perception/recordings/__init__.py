"""Recordings of ROS (rosbag2 in sqlite3 or MCAP, ROS 1 bags), whole or damaged; no ROS needed.

Public: `recorded_bag.RecordedBag`, `topics.choose_topics`.
"""
