"""The hand opens or closes: a command, its end, and what the fingers say after that."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from simreal_control.robot_interface.task_io import Outcome
from simreal_control.task.state import GoHome, TaskState, Tick
from simreal_control.task.task_context import TaskContext

FINGER_SETTLE_S = 0.1  # the fingers' state is read this long after the end of their action
# Controllers end a grasp on a block as succeeded or, stalled, as aborted: the fingers tell which it
# was. Where the hand opens nothing may stop it.
CLOSING_FAILED = frozenset({Outcome.REJECTED, Outcome.TIMED_OUT})
OPENING_FAILED = CLOSING_FAILED | {Outcome.ABORTED}


@dataclass(frozen=True, eq=False)
class GripperAction(TaskState):
    """One action of the hand.

    Args:
        moved: the action has ended; what it has led to is read next.
    """

    attempt: ClassVar[str]  # what is tried, in words
    failed: ClassVar[frozenset[Outcome]]  # ends after which it is tried again
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
        return self.read(context, tick) if self.moved else self.command(context, tick)

    def ended(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        """What follows when the action has ended: the fingers come to rest."""
        return replace(self, moved=True, not_before=tick.now + FINGER_SETTLE_S)

    def anew(self) -> TaskState:
        return replace(self, retries=0, not_before=-np.inf, moved=False)
