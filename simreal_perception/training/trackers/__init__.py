"""Trackers of runs behind one interface: TensorBoard, Weights & Biases, MLflow; all on this machine.

Public: `tracker.Tracker`, `registry.open_tracker`, `system_use.SystemUse`.
"""
