"""How an attempt, or the whole task, ends."""

from __future__ import annotations

from dataclasses import dataclass

from simreal_control.grasping.pick_place import Held
from simreal_control.robot_interface.task_io import Severity
from simreal_control.task.state import GoHome, StateName, TaskState, Tick
from simreal_control.task.task_context import TaskContext


@dataclass(frozen=True, eq=False)
class Finished(TaskState):
    """The task has ended.

    Args:
        success: well.
    """

    name = StateName.FINISHED
    success: bool

    def advance(self, context: TaskContext, tick: Tick) -> Finished:
        return self


def finish(context: TaskContext, success: bool, reason: str) -> Finished:
    """End the task; what moves is stopped."""
    context.dispatcher.cancel()
    context.log.say(reason, Severity.INFO if success else Severity.ERROR)
    context.log.note("end", success=success, reason=reason)
    return Finished(success)


def fail(context: TaskContext, reason: str, held: Held | None = None) -> GoHome | Finished:
    """An attempt went wrong: home, observe and try again, a bounded number of times."""
    context.failures += 1
    limit = context.config.max_failures
    if context.failures > limit:
        return finish(
            context, False, f"given up after {context.failures} failed attempts: {reason}"
        )
    context.log.say(
        f"{reason}; trying again (attempt {context.failures} of {limit})", Severity.WARNING
    )
    return GoHome(held)
