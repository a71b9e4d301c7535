"""Blocks found by printed tags on their faces: the baseline that needs no network.

Public: `tag_layout.TagLayout`, `tag_estimator.TagEstimator`.
"""
