"""One gripper command being carried out: when it is done, and whether something stopped it."""

from __future__ import annotations

from dataclasses import dataclass

# The fingers "are there" within this, metres.
GOAL_TOLERANCE = 1e-3
# Slower than this (m/s) for this long (s) is standstill. Fingers run at 0.1 m/s and start within
# two physics steps, so that neither the start nor a touch in passing is taken for a stall.
STALL_VELOCITY = 2e-3
STALL_TIME_S = 0.15


@dataclass(frozen=True)
class GripperOutcome:
    """Where a finger joint is (m or rad), its effort (N or N m), and how the command ended."""

    position: float
    effort: float
    stalled: bool
    reached_goal: bool


class GripperExecution:
    """A command to move the finger joints to `position`; `update` after every step of the physics.

    Args:
        position: m or rad.
        now_s: when it begins.
        lever_m: metres that a pad moves for one unit of its joint.
    """

    def __init__(self, position: float, now_s: float, lever_m: float = 1.0) -> None:
        self.position = position
        self._lever_m = lever_m
        self._moved_s = now_s

    def update(
        self, now_s: float, position: float, velocity: float, effort: float
    ) -> GripperOutcome | None:
        """How it ended, or None while the fingers move."""
        speed = abs(velocity) * self._lever_m
        if speed > STALL_VELOCITY:
            self._moved_s = now_s
        reached = abs(position - self.position) * self._lever_m <= GOAL_TOLERANCE
        still = now_s - self._moved_s >= STALL_TIME_S
        if still or (reached and speed <= STALL_VELOCITY):
            return GripperOutcome(position, effort, stalled=not reached, reached_goal=reached)
        return None
