"""How a block is held: the gripper's shape, grasps and pre-grasps, picking and placing.

Public: `gripper.GripperGeometry`, `grasps.Grasp`, `pick_place.PickPlacePlanner`,
`arm_mover.ArmMover`.
"""
