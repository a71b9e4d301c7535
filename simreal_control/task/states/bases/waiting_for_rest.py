"""Nothing is begun before the arm, or the fingers, have come to rest."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from simreal_common.errors import KinematicsError
from simreal_control.task.state import TaskState, Tick
from simreal_control.task.task_context import TaskContext

REST_TIMEOUT_S = 5.0


@dataclass(frozen=True, eq=False)
class WaitsForRest(TaskState):
    """A state whose command is sent to a robot at rest.

    Args:
        restless_since: since when it waits for rest; infinity: it does not.
    """

    restless_since: float = field(default=np.inf, kw_only=True)

    def anew(self) -> TaskState:
        return replace(self, retries=0, not_before=-np.inf, restless_since=np.inf)

    def until_arm_rests(self, context: TaskContext, tick: Tick) -> TaskState | None:
        """The state as it waits for the arm; None where it is at rest.

        Raises:
            KinematicsError: it does not come to rest.
        """
        return self._until(context.standstill.arm, "the arm does", tick)

    def until_fingers_rest(self, context: TaskContext, tick: Tick) -> TaskState | None:
        """The same for the fingers."""
        return self._until(context.standstill.fingers, "the fingers do", tick)

    def _until(self, at_rest: bool, who_does: str, tick: Tick) -> TaskState | None:
        if at_rest:
            return None
        since = min(self.restless_since, tick.now)
        if tick.now - since > REST_TIMEOUT_S:
            raise KinematicsError(f"{who_does} not come to rest in {REST_TIMEOUT_S:.0f} s")
        return replace(self, restless_since=since)
