"""The arm goes somewhere by a trajectory, or fails."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field, replace

import numpy as np

from simreal_common.errors import KinematicsError
from simreal_control.robot_interface.task_io import Outcome
from simreal_control.task.state import GoHome, TaskState, Tick
from simreal_control.task.task_context import TaskContext, Way
from simreal_control.world_model.block_map import Block

REST_TIMEOUT_S = 5.0


@dataclass(frozen=True, eq=False)
class Moving(TaskState):
    """One motion from where the arm is, once it is at rest; planned anew where it ends badly.

    Args:
        restless_since: since when it waits for the arm to come to rest; infinity: it does not.
    """

    restless_since: float = field(default=np.inf, kw_only=True)

    @property
    @abstractmethod
    def attempt(self) -> str:
        """What is tried, in words."""

    @property
    def motion(self) -> str:
        """The motion, in words."""
        return self.attempt

    @property
    def taken(self) -> Block | None:
        """A block that the hand takes or holds: nothing that the way has to avoid."""
        return None

    def there(self, context: TaskContext, tick: Tick) -> bool:
        """Whether the motion that has succeeded has led there."""
        return True

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
            if tick.result.outcome is Outcome.SUCCEEDED and self.there(context, tick):
                return self.arrived(context, tick)
            again = self.retry(context, tick.now, self.attempt, tick.result)
            return again or self.stuck(context, tick)
        instead = self.instead(context, tick)
        if instead is not None:
            return instead
        try:
            return self._go(context, tick)
        except KinematicsError as error:
            return self.no_way(context, tick, error)

    def anew(self) -> TaskState:
        return replace(self, retries=0, not_before=-np.inf, restless_since=np.inf)

    def _go(self, context: TaskContext, tick: Tick) -> TaskState:
        """Send the motion, or wait for rest.

        Raises:
            KinematicsError: there is no such motion, or the arm does not come to rest.
        """
        if not context.mover.still(tick.arm):
            since = min(self.restless_since, tick.now)
            if tick.now - since > REST_TIMEOUT_S:
                raise KinematicsError(f"the arm does not come to rest in {REST_TIMEOUT_S:.0f} s")
            return replace(self, restless_since=since)
        way = self.way(context, tick)
        context.move(tick.now, tick.arm, self.motion, way, self.in_hand, self.taken)
        return replace(self, restless_since=np.inf)
