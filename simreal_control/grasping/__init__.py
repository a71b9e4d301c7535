"""How a block is held: kinds of hands, grasps and pre-grasps, picking and placing.

Rooms: hands.

Public: `grasps.Grasp`, `pick_place.PickPlacePlanner`, `arm_mover.ArmMover`.
"""
