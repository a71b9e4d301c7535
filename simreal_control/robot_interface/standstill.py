"""Whether arm and fingers stand still: told by where they are over a short time.

Speeds that a robot tells are a hint alone. Some are zero while the arm moves, some are NaN, and some
have an offset; positions say what moves.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from simreal_control.robot_interface.task_io import ArmState

REST_RAD_S = 0.01  # half of the speed at which a hand may still move
# Positions have to stand for the long time, over which the flicker of a coarse encoder is no speed;
# for the short one where the robot, too, says that it stands.
LONG_S, SHORT_S = 0.25, 0.04
STANDING_RAD_S = 0.05  # speeds that a robot tells of an arm at rest are below
FINGER_REST_M_S, FINGERS_S = 0.01, 0.1


class Standstill:
    """Keeps the joint states of the last moments."""

    def __init__(self) -> None:
        self._states: deque[ArmState] = deque()

    def hear(self, arm: ArmState) -> None:
        """Take joint states; those with the stamp of the last ones say nothing new."""
        states = self._states
        if states and arm.stamp == states[-1].stamp:
            return
        if states and arm.stamp < states[-1].stamp:
            states.clear()  # the clock has gone back
        states.append(arm)
        while len(states) > 1 and states[1].stamp <= arm.stamp - LONG_S:
            states.popleft()  # what begins the long time stays

    @property
    def arm(self) -> bool:
        """Whether the arm is at rest; no where too little is known."""
        if self._stands(LONG_S):
            return True
        # Written so that NaN is no hint.
        hint = bool(self._states) and np.abs(self._states[-1].velocities) < STANDING_RAD_S
        return bool(np.all(hint)) and self._stands(SHORT_S)

    @property
    def fingers(self) -> bool:
        """Whether the fingers are at rest, as far as the robot tells of them."""
        states = self._since(FINGERS_S)
        openings = [state.opening_m for state in states if state.opening_m is not None]
        if len(openings) < len(states):
            return True
        return bool(states) and float(np.ptp(openings)) < FINGER_REST_M_S * FINGERS_S

    def _stands(self, seconds: float) -> bool:
        states = self._since(seconds)
        if not states:
            return False
        moved = np.ptp([state.positions for state in states], axis=0)
        return float(moved.max()) < REST_RAD_S * seconds

    def _since(self, seconds: float) -> list[ArmState]:
        """The states that cover the last seconds; none where they do not reach back so far."""
        states = list(self._states)
        if not states:
            return []
        begin = states[-1].stamp - seconds
        before = [i for i, state in enumerate(states) if state.stamp <= begin]
        return states[before[-1] :] if before else []
