"""Randomized pictures with labels as files, for this project's evaluation and for others' training.

Public: `picture_settings.PictureSettings`, `picture_run.PictureRun`, `picture_format.PictureFormat`,
`ray_cluster.RayCluster`.
"""
