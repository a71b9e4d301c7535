"""What is to be built and what is done next: goal, block selection, the stacking task itself.

Rooms: states.

Public: `goal.Goal`, `stacking_config.StackingConfig`, `stacking_task.StackingTask`,
`state.TaskState`, `preemptible_task.PreemptibleTask`.
"""
