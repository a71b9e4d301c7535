"""How well and how fast: benches of drawing, seeing and stacking, beside what others use.

Rooms: speed, simulated_robot, faults, stacking, endurance.
"""
