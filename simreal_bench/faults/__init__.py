"""What can go wrong, injected into a run: blocks, signals, actions, the process.

Public: `kinds.KINDS` and `kinds.make_fault`, `fault.Fault`, `fault_context.FaultContext`.
"""
