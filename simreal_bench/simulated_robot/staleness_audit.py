"""Staleness audit: is an arm ever moved on old data? Measured beside the task, from what reached it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simreal_bench.simulated_robot.robot_in_physics import RobotInPhysics
from simreal_control.robot_interface.task_io import Cancel, Command, Inputs, MoveArm
from simreal_control.task.stacking_config import StackingConfig
from simreal_control.task.state import StateName

TICK_S = 0.05
# Old joint states stop the arm: after the bound, three ticks and the way that braking takes.
STOPPED_WITHIN_S = 0.8
STILL_RAD_S = 0.02


class StalenessAudit:
    """Audits the staleness of what a task hears when it moves the arm.

    Times are of the task's clock. Where it goes back nothing counts that was heard before.

    Args:
        config: has the bounds.

    Attributes:
        breaches: (time, words) of each motion on data older than its bound.
    """

    def __init__(self, config: StackingConfig) -> None:
        self._config = config
        self._picture = self._joints = self._now = -np.inf
        self.breaches: list[tuple[float, str]] = []

    def heard(self, inputs: Inputs) -> None:
        """What the task is told at a tick."""
        if inputs.now < self._now:
            self._picture = self._joints = -np.inf
        self._now = inputs.now
        if inputs.arm is not None:
            self._joints = inputs.arm.stamp
        for frame in inputs.detection_frames:
            placed = frame.transform_stamp
            known = placed is None or frame.stamp - placed <= self._config.max_tf_age_s
            if known and frame.stamp <= inputs.now:
                self._picture = max(self._picture, frame.stamp)

    def sent(self, now: float, state: StateName, commands: Sequence[Command]) -> None:
        """What the task then orders, and in which state.

        The way home needs no picture: before the first there is none.
        """
        bounds = {
            StateName.APPROACHING: self._config.max_detection_age_s,
            StateName.LIFTING: self._config.max_scene_age_s,
            StateName.CARRYING: self._config.max_scene_age_s,
        }
        for command in commands:
            if isinstance(command, Cancel):
                continue
            self._check(now, "joint states", now - self._joints, self._config.max_state_age_s)
            if isinstance(command, MoveArm) and state in bounds:
                self._check(now, f"pictures, {state.value}", now - self._picture, bounds[state])

    def moved(self, now: float, robot: RobotInPhysics) -> None:
        """After a tick: without joint states the arm must have stopped."""
        if now - self._joints <= self._config.max_state_age_s + STOPPED_WITHIN_S:
            return
        speed = float(np.abs(robot.world.joint_states().velocities[robot.world.arm_part]).max())
        if speed > STILL_RAD_S:
            self.breaches.append(
                (now, f"moving at {speed:.2f} rad/s, joint states {now - self._joints:.1f} s old")
            )

    def _check(self, now: float, what: str, age_s: float, bound_s: float) -> None:
        if age_s > bound_s + TICK_S:
            self.breaches.append((now, f"{what}: {age_s:.2f} s old, bound {bound_s:g} s"))
