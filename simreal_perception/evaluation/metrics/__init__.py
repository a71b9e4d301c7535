"""Errors of pose by the vertices of a shape, and what share of blocks is found by them.

Public: `symmetric_errors.symmetric_errors`, `image_errors.ImageErrors`, `pose_recall.PoseRecall`.
"""
