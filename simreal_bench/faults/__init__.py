"""What can go wrong, injected into a run: blocks, signals, actions, the process.

Public: `faults.Fault`, `fault_context.FaultContext`.
"""
