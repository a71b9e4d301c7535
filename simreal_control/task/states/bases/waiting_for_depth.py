"""Nothing is begun while depth tells nothing of the workspace, or shows something new in it."""

from __future__ import annotations

import numpy as np

from simreal_control.task.ending import finish
from simreal_control.task.state import TaskState, Tick
from simreal_control.task.task_context import TaskContext


def until_clear(
    state: TaskState, context: TaskContext, tick: Tick, newcomers: bool = True
) -> TaskState | None:
    """The state as it waits, or the end of the task; None where it need not, or need no longer.

    Args:
        newcomers: whether something new is waited for, too; else images alone.
    """
    unwatched = context.unwatched(tick.now)
    new = context.newcomer(tick.now) if newcomers else ""
    log, before = context.log, context.blocked_since
    if not new and not unwatched:
        context.blocked_since = np.inf
        if before < np.inf and newcomers:
            log.say("the workspace is free; going on from where the arm is")
        return None
    context.blocked_since = min(before, tick.now)
    waited, words = tick.now - context.blocked_since, unwatched or new
    if waited > context.config.give_up_after_s:
        return finish(context, False, f"{words}; waited for {waited:.0f} s")
    if waited >= context.config.warn_after_s:
        log.warn_throttled(tick.now, f"{words}; waiting for {waited:.0f} s")
    elif new and before == np.inf:
        log.hold_warnings(tick.now)
        log.say(f"{words}: waiting until it is gone, or has stood still for long enough")
    return state
