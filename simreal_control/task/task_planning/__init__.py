"""From a goal and the blocks that are seen to the next step: which block goes where.

Nothing here moves, waits or remembers: a decision follows from what is seen.
Public: `goal.Goal`, `task_planner.TaskPlanner`, `situation.Situation`, `decision.Do`.
"""
