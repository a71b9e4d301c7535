"""How well and how fast: benches of drawing, seeing, stacking and watching; experiments with training.

Rooms: speed, tags, image_faults, simulated_robot, stacking_faults, stacking, endurance, experiments.
"""
