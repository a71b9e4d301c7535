"""The simulated cell: an arm, a table and blocks in PyBullet, its camera and its controllers.

Public: `world.World`, `simulated_arm.SimulatedArm`, `world_camera.WorldCamera`.
"""
