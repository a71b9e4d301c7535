"""A physics world as the robot of a task, how its run went, and an audit of the staleness of its data.

Public: `robot_in_physics.RobotInPhysics`, `stack_result.StackResult`,
`staleness_audit.StalenessAudit`.
"""
