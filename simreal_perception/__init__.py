"""From images to block poses: the perception and recorder nodes, over rooms without ROS.

Rooms: pose_estimation, tracking, video, networks, training_data, evaluation, training, export.

Public: `node_parameters.PerceptionParameters`.
"""
