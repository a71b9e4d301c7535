"""What goes wrong while a robot stacks: blocks, camera, joint states, actions, process and clock.

Public: `kinds.KINDS` and `kinds.make_fault`, `fault.Fault`, `fault_context.FaultContext`.
"""
