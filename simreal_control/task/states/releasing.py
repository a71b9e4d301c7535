"""Open the hand, and see that it is open before it is taken away."""

from __future__ import annotations

from dataclasses import dataclass

from simreal_control.task.ending import fail, finish
from simreal_control.task.state import GoHome, StateName, TaskState, Tick
from simreal_control.task.states.bases.hand_action import OPENING_FAILED, HandAction
from simreal_control.task.task_context import TaskContext
from simreal_control.task.task_planning.decision import Do


@dataclass(frozen=True, eq=False)
class Releasing(HandAction):
    """The hand lets go of a block.

    Args:
        step: what was done with it.
        returning: it is not in its place but where it was.
    """

    name = StateName.RELEASING
    attempt = "opening the hand"
    failed = OPENING_FAILED
    step: Do
    returning: bool = False

    def command(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        context.open_hand(tick.now, "letting go")
        return self

    def read(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        if context.wide_open(tick.arm) is False:
            return self.not_done(context, tick, context.not_open(tick.arm))
        if self.returning:
            return fail(context, "the block was put back")
        context.task_planner.released(self.step.slot)
        context.log.say("let go; going to look")
        return GoHome()

    def refused(self, context: TaskContext) -> TaskState | GoHome:
        return finish(context, False, "the hand does not open")

    def resumed(self) -> TaskState | GoHome:
        return self.anew()
