"""The arms that can be simulated, a module each: its URDF, and what physics must know of it.

A new one is a module like xarm6, entered in `registry.SIMULATED_ARMS`.

Public: `simulated_arm.SimulatedArm`, `registry.simulated_arm`.
"""
