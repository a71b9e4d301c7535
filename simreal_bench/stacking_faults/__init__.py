"""What goes wrong while a robot stacks: blocks, camera, joint states, actions, process and clock.

Public: `registry.FAULTS` and `registry.make_fault`, `fault.Fault`, `fault_context.FaultContext`.
"""
