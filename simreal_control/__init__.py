"""Block poses to arm motions: control_node, its parameters and messages, over rooms without ROS.

Rooms: planning, robot_interface, occupancy, world_model, grasping, hand_drivers, task, report.

Public: `control_configuration.ControlParameters`, `assembly.assemble`.
"""
