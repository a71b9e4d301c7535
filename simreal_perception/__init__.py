"""From images to block poses: the nodes that see, and how the networks come about; rooms without ROS.

Rooms: model_files, pose_estimation, tracking, tags; capture, health, video, recordings, replay,
monitoring, camera_calibration; networks, labelled_batches, training, model_export; evaluation,
dataset_export, inspection.

Public: `node_parameters.PerceptionParameters`.
"""
