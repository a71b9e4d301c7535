"""Blocks followed from image to image: fusion by covariance, stable ids, what has changed.

Public: `tracked_estimator.TrackedEstimator`, `block_tracker.BlockTracker`.
"""
