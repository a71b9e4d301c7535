"""What can go wrong, planted in a run: blocks, signals, actions, the process.

Public: `faults.Fault`, `stage.Stage`.
"""
