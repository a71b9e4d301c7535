"""The arm goes somewhere by a trajectory, or fails."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field, replace

import numpy as np

from simreal_common.errors import KinematicsError
from simreal_control.robot_interface.task_io import ActionOutcome, ActionResult
from simreal_control.task.state import GoHome, TaskState, Tick
from simreal_control.task.states.bases.waiting_for_depth import until_clear
from simreal_control.task.states.bases.waiting_for_rest import REST_TIMEOUT_S, WaitsForRest
from simreal_control.task.task_context import Array, TaskContext, Way

# An arm at rest elsewhere, its action said to have succeeded, may only be about to go on.
ELSEWHERE_S = 1.0


@dataclass(frozen=True, eq=False)
class Moving(WaitsForRest):
    """One motion from where the arm is, once it is at rest; planned anew where it ends badly.

    An action that says "succeeded" is not believed: the arm has to stand where the motion ends.

    Args:
        end: where the motion ends, radians, shape (n,).
        due: when it should end.
        succeeded_at: when its action said so; infinity: it has not.
    """

    end: Array | None = field(default=None, kw_only=True)
    due: float = field(default=-np.inf, kw_only=True)
    succeeded_at: float = field(default=np.inf, kw_only=True)

    @property
    @abstractmethod
    def attempt(self) -> str:
        """What is tried, in words."""

    @property
    def motion(self) -> str:
        """The motion, in words."""
        return self.attempt

    def instead(self, context: TaskContext, tick: Tick) -> TaskState | GoHome | None:
        """What is done instead of the motion; None where nothing keeps it from beginning."""
        return None

    @abstractmethod
    def way(self, context: TaskContext, tick: Tick) -> Way:
        """What makes the motion from a start."""

    @abstractmethod
    def arrived(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        """What follows when the arm is there."""

    @abstractmethod
    def stuck(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        """What follows when the arm does not get there, however often it is tried."""

    @abstractmethod
    def no_way(
        self, context: TaskContext, tick: Tick, error: KinematicsError
    ) -> TaskState | GoHome:
        """What follows when there is no such motion."""

    def advance(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        if tick.result is not None:
            if tick.result.outcome is not ActionOutcome.SUCCEEDED:
                return self._again(context, tick, tick.result)
            return replace(self, succeeded_at=tick.now)._until_there(context, tick)
        if self.succeeded_at < np.inf:
            return self._until_there(context, tick)
        instead = self.instead(context, tick)
        if instead is not None:
            return instead
        try:
            return self._go(context, tick)
        except KinematicsError as error:
            return self.no_way(context, tick, error)

    def anew(self) -> TaskState:
        return replace(self._unsent(), retries=0, not_before=-np.inf)

    def _go(self, context: TaskContext, tick: Tick) -> TaskState:
        """Send the motion, or wait for rest, or until the workspace is free.

        Raises:
            KinematicsError: there is no such motion, or the arm does not come to rest.
        """
        waiting = self.until_arm_rests(context, tick)
        if waiting is None:
            waiting = until_clear(self, context, tick)
        if waiting is not None:
            return waiting
        way = self.way(context, tick)
        motion = context.move(tick.now, tick.arm, self.motion, way, self.in_hand, self.taken)
        return replace(self._unsent(), end=motion.end, due=tick.now + motion.duration)

    def _until_there(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        """Wait until joint states, too, say that the arm has arrived and is at rest."""
        assert self.end is not None
        off, resting = np.abs(tick.arm.positions - self.end), context.standstill.arm
        if resting and off.max() <= context.config.goal_tolerance_rad:
            return self.arrived(context, tick)
        # An arm that goes on after an early "succeeded" does so until its motion is over.
        over = self.succeeded_at if resting else max(self.succeeded_at, self.due)
        if tick.now - over <= (ELSEWHERE_S if resting else REST_TIMEOUT_S):
            return self
        joint = context.mover.motions.arm.joint_names[int(off.argmax())]
        elsewhere = f"{joint} rests {off.max():.3f} rad from the end of the motion"
        what = (
            elsewhere if resting else f"the arm moves on for {tick.now - self.succeeded_at:.0f} s"
        )
        words = f"the action says 'succeeded', but {what}"
        return self._again(context, tick, ActionResult(0, ActionOutcome.ABORTED, words))

    def _again(self, context: TaskContext, tick: Tick, ended: ActionResult) -> TaskState | GoHome:
        again = self._unsent().retry(context, tick.now, self.attempt, ended)
        return again or self.stuck(context, tick)

    def _unsent(self) -> Moving:
        return replace(self, end=None, due=-np.inf, succeeded_at=np.inf, restless_since=np.inf)
