"""The training loop, its configuration and checkpoints, and what a run leaves in its folder.

Rooms: tasks, adr, sanity_checks, trackers.

Public: `training.train`, `training_config.TrainingConfig`, `checkpoint.load_network`.
"""
