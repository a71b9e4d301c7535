"""How a block is held: the gripper's shape, grasps and pre-grasps, picking and placing.

Public: `gripper_geometry.GripperGeometry`, `grasps.Grasp`, `pick_place.PickPlacePlanner`,
`arm_mover.ArmMover`.
"""
