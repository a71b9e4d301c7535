"""The simulated cell: an arm, a table and blocks in PyBullet, its camera and its controllers.

Rooms: arms.

Public: `world.World`, `world_camera.WorldCamera`.
"""
