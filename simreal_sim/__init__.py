"""What the world looks like and does: the sim, scorer and image nodes, over rooms without ROS.

Rooms: rendering, randomization, physics, scoring.
"""
