"""Randomized pictures with labels written as files, for our evaluation and for the training of others.

Public: `picture_settings.PictureSettings`, `picture_run.PictureRun`, `picture_format.PictureFormat`,
`ray_cluster.RayCluster`.
"""
