"""Block poses to arm motions: kinematics, block map, grasps, trajectories, the tower task, its node."""
