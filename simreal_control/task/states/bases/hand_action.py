"""The hand opens or closes: a command, its end, and what the fingers say after that."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from simreal_common.errors import KinematicsError
from simreal_control.robot_interface.task_io import ActionOutcome, ActionResult
from simreal_control.task.ending import finish
from simreal_control.task.state import GoHome, TaskState, Tick
from simreal_control.task.states.bases.waiting_for_rest import WaitsForRest
from simreal_control.task.task_context import TaskContext

# The fingers' state is read this long after the end of their action, once they are at rest.
FINGER_SETTLE_S, FINGER_REST_TIMEOUT_S = 0.1, 2.0
# Controllers end a grasp on a block as succeeded or, stalled, as aborted: the fingers tell which it
# was. Where the hand opens nothing may stop it.
CLOSING_FAILED = frozenset({ActionOutcome.REJECTED, ActionOutcome.TIMED_OUT})
OPENING_FAILED = CLOSING_FAILED | {ActionOutcome.ABORTED}


@dataclass(frozen=True, eq=False)
class HandAction(WaitsForRest):
    """One action of the hand, begun when the arm is at rest.

    Args:
        moved: the action has ended; what it has led to is read next.
    """

    attempt: ClassVar[str]  # what is tried, in words
    failed: ClassVar[frozenset[ActionOutcome]]  # ends after which it is tried again
    moved: bool = field(default=False, kw_only=True)

    @abstractmethod
    def command(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        """Send the command, or what is done instead."""

    @abstractmethod
    def read(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        """What follows from where the fingers stand afterwards."""

    @abstractmethod
    def refused(self, context: TaskContext) -> TaskState | GoHome:
        """What follows when the hand does not do it, however often it is tried."""

    def advance(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        if tick.result is not None:
            if tick.result.outcome in self.failed:
                again = self.retry(context, tick.now, self.attempt, tick.result)
                return again or self.refused(context)
            return self.ended(context, tick)
        if self.moved:
            return self._read_at_rest(context, tick)
        try:
            waiting = self.until_arm_rests(context, tick)
        except KinematicsError as error:
            return finish(context, False, f"{self.attempt}: {error}")
        return waiting or replace(self, restless_since=np.inf).command(context, tick)

    def ended(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        """What follows when the action has ended: the fingers come to rest."""
        return replace(self, moved=True, not_before=tick.now + FINGER_SETTLE_S)

    def anew(self) -> TaskState:
        return replace(self, retries=0, not_before=-np.inf, restless_since=np.inf, moved=False)

    def _read_at_rest(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        """Read where fingers at rest stand, from joint states after the end of the action."""
        ended_at = self.not_before - FINGER_SETTLE_S
        if tick.arm.stamp >= ended_at and context.standstill.fingers:
            return self.read(context, tick)
        if tick.now - ended_at <= FINGER_REST_TIMEOUT_S:
            return self
        return self.not_done(context, tick, "the fingers do not come to rest")

    def not_done(self, context: TaskContext, tick: Tick, words: str) -> TaskState | GoHome:
        """What follows when the fingers say that the action was in vain: once more, or the end."""
        unmoved, ended = replace(self, moved=False), ActionResult(0, ActionOutcome.ABORTED, words)
        return unmoved.retry(context, tick.now, self.attempt, ended) or self.refused(context)
