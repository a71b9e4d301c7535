"""Motion planning of one arm: kinematics, dynamics, collisions, trajectories, RRT-Connect.

Public: `kinematics.ArmKinematics`, `collision_world.CollisionWorld`, `motion.StationPlanner`,
`sampling_planner.SamplingPlanner`, `trajectory.JointTrajectory`.
"""
