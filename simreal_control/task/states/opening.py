"""An open hand before every observation: it is what the next approach needs."""

from __future__ import annotations

from dataclasses import dataclass

from simreal_control.task.ending import finish
from simreal_control.task.state import GoHome, StateName, TaskState, Tick
from simreal_control.task.states.bases.early_look import LooksEarly
from simreal_control.task.states.bases.hand_action import OPENING_FAILED, HandAction
from simreal_control.task.states.observing import begin_observation
from simreal_control.task.task_context import TaskContext


@dataclass(frozen=True, eq=False)
class Opening(LooksEarly, HandAction):
    """The empty hand opens at home."""

    name = StateName.OPENING
    attempt = "opening the hand"
    failed = OPENING_FAILED

    def command(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        if context.wide_open(tick.arm):
            return self.read(context, tick)
        context.open_hand(tick.now, self.attempt)
        return self

    def ended(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        # Nothing is in it: fingers that are open need not be at rest.
        done = context.wide_open(tick.arm) is not False
        return self.read(context, tick) if done else super().ended(context, tick)

    def read(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        if context.wide_open(tick.arm) is False:
            return self.not_done(context, tick, context.not_open(tick.arm))
        return begin_observation(context, tick, None, "looking at the table", early=self.buffer)

    def refused(self, context: TaskContext) -> TaskState | GoHome:
        return finish(context, False, "the hand does not open")
