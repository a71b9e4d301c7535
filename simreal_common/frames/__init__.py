"""Frames of TF: the transforms that a node knows, and what a clock that goes back does to them.

Public: `ros_transforms.Transforms`, `ros_clock.on_clock_set_back`, `frame_parents.FrameParents`.
"""
