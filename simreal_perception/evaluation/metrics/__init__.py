"""Errors of pose by the vertices of a cube, and what share of blocks is found by them.

Public: `symmetric_errors.symmetric_errors`, `pose_recall.PoseRecall`.
"""
