"""Close the hand and verify by grasp whether there is something in it."""

from __future__ import annotations

from dataclasses import dataclass

from simreal_control.grasping.pick_place import Held, PickPlace
from simreal_control.robot_interface.task_io import Severity
from simreal_control.task.ending import fail
from simreal_control.task.state import GoHome, StateName, TaskState, Tick
from simreal_control.task.states.bases.hand_action import CLOSING_FAILED, HandAction
from simreal_control.task.states.carrying import Lifting
from simreal_control.task.states.releasing import Releasing
from simreal_control.task.task_context import TaskContext
from simreal_control.task.task_planning.decision import Do


@dataclass(frozen=True, eq=False)
class Grasping(HandAction):
    """The hand closes on a block.

    Args:
        step, work: see `Approaching`.
    """

    name = StateName.GRASPING
    attempt = "closing the hand"
    failed = CLOSING_FAILED
    step: Do
    work: PickPlace

    def command(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        context.close_hand(tick.now, self.attempt)
        return self

    def read(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        if context.wide_open(tick.arm):
            return fail(context, "the hand did not close")
        empty = context.holding(tick.arm) is False
        if self.step.verify:
            if empty:
                return verified(context, self.step, False, "no block stands there")
            context.task_planner.verified(self.step.slot, True)
            context.log.say("a block stands there")
            return Releasing(self.step)
        block = self.work.block
        if empty:
            context.task_planner.missed(block.position)
            return fail(context, "the hand closed on nothing")
        return Lifting(self.step, Held(block.color, self.work.tilt))

    def refused(self, context: TaskContext) -> TaskState | GoHome:
        return fail(context, "the hand does not close")

    def resumed(self) -> TaskState | GoHome:
        return self.anew()


def verified(context: TaskContext, step: Do, there: bool, words: str) -> GoHome:
    """A grasp has verified whether a block is there, or cannot get there: home, to observe again."""
    context.task_planner.verified(step.slot, there)
    context.log.say(words, Severity.INFO if there else Severity.WARNING)
    return GoHome()
