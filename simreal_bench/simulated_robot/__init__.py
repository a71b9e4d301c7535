"""A physics world as the robot of a task, how its run went, and how old the data was it moved on.

Public: `robot_in_physics.RobotInPhysics`, `stack_result.StackResult`.
"""
