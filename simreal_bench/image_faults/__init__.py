"""Faults planted into the images of a camera: how soon the monitor finds them, and what it imagines.

Public: `moving_scene.MovingScene`, `planted_faults.FAULTS`, `monitor_bench.plant`.
"""
