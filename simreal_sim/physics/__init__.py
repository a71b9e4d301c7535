"""The simulated cell: an arm, a table and blocks in PyBullet, its camera and its controllers.

Public: `world.World`, `simulated_arms.SimulatedArm`, `world_camera.WorldCamera`.
"""
