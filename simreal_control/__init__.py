"""Block poses to arm motions: kinematics, block map, grasps, trajectories, tower task, node."""
