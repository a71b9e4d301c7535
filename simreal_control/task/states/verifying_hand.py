"""Verify by grasp whether the hand holds a block from before: opening would drop it."""

from __future__ import annotations

from dataclasses import dataclass

from simreal_common.errors import KinematicsError
from simreal_control.grasping.pick_place import Held
from simreal_control.task.ending import finish
from simreal_control.task.state import GoHome, StateName, TaskState, Tick
from simreal_control.task.states.bases.hand_action import CLOSING_FAILED, HandAction
from simreal_control.task.task_context import TaskContext


@dataclass(frozen=True, eq=False)
class VerifyingHand(HandAction):
    """The first state: a hand that stands open by about a block is closed on it."""

    name = StateName.VERIFYING_HAND
    attempt = "closing the hand"
    failed = CLOSING_FAILED

    def advance(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        # A hand that was told to close by who commanded it before stands wide open at first.
        before = tick.result is None and not self.moved
        try:
            waiting = self.until_fingers_rest(context, tick) if before else None
        except KinematicsError as error:
            return finish(context, False, str(error))
        return waiting or super().advance(context, tick)

    def command(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        if not self._may_hold(context, tick):
            return GoHome()
        context.close_hand(tick.now, "feeling whether the hand holds something")
        return self

    def read(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        if not self._may_hold(context, tick):
            return GoHome()
        context.log.say("there is a block in the hand; it is kept until its place is found")
        return GoHome(Held())

    def refused(self, context: TaskContext) -> TaskState | GoHome:
        return finish(context, False, "the hand does not close")

    def resumed(self) -> TaskState | GoHome:
        return self.anew()

    @staticmethod
    def _may_hold(context: TaskContext, tick: Tick) -> bool:
        return context.holding(tick.arm) is True and context.wide_open(tick.arm) is False
