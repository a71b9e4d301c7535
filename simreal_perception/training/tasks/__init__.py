"""What can be trained: of each network its batches, its loss and the figures worth watching.

Public: `registry.make_task`, `pose_task.PoseTask`, `detector_task.DetectorTask`.
"""
