"""The stacking task: ticked, paused, stopped; what it remembers, and its states.

Rooms: task_planning, states.

Public: `stacking_config.StackingConfig`, `stacking_task.StackingTask`,
`state.TaskState`, `preemptible_task.PreemptibleTask`.
"""
