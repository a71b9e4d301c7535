"""How well and how fast: benches of drawing, seeing, stacking and watching; experiments with training.

Rooms: speed, tags, watching, simulated_robot, faults, stacking, endurance, experiments.
"""
