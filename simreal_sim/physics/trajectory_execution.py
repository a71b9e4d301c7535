"""Joint trajectories: checking, interpolation, tracking with tolerances; what a controller does.

Follows the contract of control_msgs/action/FollowJointTrajectory, without ROS. Joint positions are
radians, times are seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicHermiteSpline, PPoly

Array = NDArray[np.float64]

# A trajectory may start this far from where the arm is (rad, each joint): measurement and rounding.
START_TOLERANCE = 0.05
# At the end the arm is to stand; planners leave rounding errors (rad/s).
END_VELOCITY_TOLERANCE = 0.01
LIMIT_TOLERANCE = 1e-3  # rad beyond a joint limit that rounding may cause


class ErrorCode(IntEnum):
    """The error codes of FollowJointTrajectory's result."""

    SUCCESSFUL = 0
    INVALID_GOAL = -1
    INVALID_JOINTS = -2
    OLD_HEADER_TIMESTAMP = -3
    PATH_TOLERANCE_VIOLATED = -4
    GOAL_TOLERANCE_VIOLATED = -5


@dataclass(frozen=True)
class TrajectoryOutcome:
    """How an execution ended."""

    code: ErrorCode
    message: str = ""


class TrajectoryRejected(Exception):
    """A trajectory that cannot be executed; carries the outcome to answer with."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.outcome = TrajectoryOutcome(code, message)


@dataclass(frozen=True)
class TrajectoryPoint:
    """One point as it comes in a message: `velocities` may be empty."""

    time_s: float
    positions: Sequence[float]
    velocities: Sequence[float] = ()


@dataclass(frozen=True, eq=False)
class JointTrajectory:
    """Times (N,), rising; positions (N, J); velocities (N, J) or None: then straight lines."""

    times: Array
    positions: Array
    velocities: Array | None

    @property
    def duration(self) -> float:
        return float(self.times[-1])

    def sample(self, time_s: float) -> tuple[Array, Array]:
        """Positions and velocities, shape (J,) each; at rest before the start and after the end.

        Cubic Hermite interpolation where velocities are known, linear otherwise.
        """
        if time_s >= self.times[-1]:
            return self.positions[-1].copy(), np.zeros_like(self.positions[-1])
        if time_s < self.times[0]:
            return self.positions[0].copy(), np.zeros_like(self.positions[0])
        return self._path(time_s), self._path(time_s, 1)

    @cached_property
    def _path(self) -> PPoly:
        if self.velocities is not None:
            return CubicHermiteSpline(self.times, self.positions, self.velocities)
        slopes = np.diff(self.positions, axis=0) / np.diff(self.times)[:, None]
        return PPoly(np.stack([slopes, self.positions[:-1]]), self.times)


@dataclass(frozen=True, eq=False)
class Tolerances:
    """Largest errors, rad, shape (J,), `inf` for none; and how late the goal may be reached, s."""

    path: Array
    goal: Array
    goal_time_s: float


def checked_trajectory(
    joint_names: Sequence[str],
    points: Sequence[TrajectoryPoint],
    robot_joints: Sequence[str],
    lower: ArrayLike,
    upper: ArrayLike,
) -> JointTrajectory:
    """A trajectory in the robot's order of joints, whatever order the message has.

    Args:
        joint_names: of the columns of the points.
        points: at least one, at rising times.
        robot_joints: the joints, all of which must be given.
        lower, upper: position limits in the robot's order, rad.

    Raises:
        TrajectoryRejected: wrong joints, times that do not rise, wrong lengths, numbers that are
            not finite, positions beyond the limits, or a last point that does not stand.
    """
    if sorted(joint_names) != sorted(robot_joints):
        raise TrajectoryRejected(
            ErrorCode.INVALID_JOINTS,
            f"joints {', '.join(joint_names) or 'none'}: wanted each of {', '.join(robot_joints)} "
            "once",
        )
    if not points:
        raise _invalid("no points: wanted at least one")
    order = [list(joint_names).index(name) for name in robot_joints]
    count = len(order)
    for number, point in enumerate(points):
        if len(point.positions) != count or len(point.velocities) not in (0, count):
            raise _invalid(
                f"point {number} has {len(point.positions)} positions and "
                f"{len(point.velocities)} velocities: wanted {count} positions and {count} or no "
                "velocities"
            )
    times = np.array([point.time_s for point in points], dtype=np.float64)
    positions = np.array([point.positions for point in points], dtype=np.float64)[:, order]
    with_velocities = all(len(point.velocities) for point in points)
    velocities = None
    if with_velocities:
        velocities = np.array([point.velocities for point in points], dtype=np.float64)[:, order]
    if times[0] < 0 or not (np.diff(times) > 0).all():
        raise _invalid("time_from_start must begin at 0 or later and rise from point to point")
    if not np.isfinite(positions).all() or (
        velocities is not None and not np.isfinite(velocities).all()
    ):
        raise _invalid("a position or velocity is not a finite number")
    low, high = np.asarray(lower), np.asarray(upper)
    beyond = np.maximum(low - positions, positions - high).max(axis=0)
    if (beyond > LIMIT_TOLERANCE).any():
        worst = int(beyond.argmax())
        raise _invalid(
            f"{robot_joints[worst]} is sent {beyond[worst]:.3f} rad beyond its limits "
            f"{low[worst]:.3f} to {high[worst]:.3f}"
        )
    if velocities is not None and np.abs(velocities[-1]).max() > END_VELOCITY_TOLERANCE:
        raise _invalid(
            f"the last point moves with {np.abs(velocities[-1]).max():.3f} rad/s: wanted standstill"
        )
    return JointTrajectory(times, positions, velocities)


def from_here(
    trajectory: JointTrajectory, positions: Array, velocities: Array, names: Sequence[str]
) -> JointTrajectory:
    """The trajectory that begins at time 0 in the present state.

    Raises:
        TrajectoryRejected: its point at time 0 is not where the arm is.
    """
    if trajectory.times[0] > 0:
        speeds = None
        if trajectory.velocities is not None:
            speeds = np.vstack([velocities, trajectory.velocities])
        return JointTrajectory(
            np.r_[0.0, trajectory.times], np.vstack([positions, trajectory.positions]), speeds
        )
    away = np.abs(trajectory.positions[0] - positions)
    if (away > START_TOLERANCE).any():
        worst = int(away.argmax())
        raise _invalid(
            f"the trajectory starts {away[worst]:.3f} rad from where {names[worst]} is: wanted at "
            f"most {START_TOLERANCE}"
        )
    return trajectory


def stopping_trajectory(
    positions: Array, velocities: Array, accelerations: ArrayLike
) -> JointTrajectory:
    """From a moving state to standstill, all joints braking together, none harder than allowed.

    With constant braking over the time T a joint moves on by v T / 2; the cubic through these end
    points with end velocities v and 0 is exactly that parabola.
    """
    duration = max(float((np.abs(velocities) / np.asarray(accelerations)).max()), 1e-3)
    end = positions + 0.5 * duration * velocities
    return JointTrajectory(
        np.array([0.0, duration]),
        np.vstack([positions, end]),
        np.vstack([velocities, np.zeros_like(velocities)]),
    )


class TrajectoryExecution:
    """One trajectory being followed.

    Args:
        trajectory: from `from_here`.
        tolerances: its tolerances.
        start_s: when it starts, on the clock that `update` is given.
        names: of the joints, for messages.
    """

    def __init__(
        self,
        trajectory: JointTrajectory,
        tolerances: Tolerances,
        start_s: float,
        names: Sequence[str],
    ) -> None:
        self.trajectory = trajectory
        self._tolerances = tolerances
        self._start = start_s
        self._names = tuple(names)

    def desired(self, now_s: float) -> tuple[Array, Array]:
        """Positions and velocities wanted at a time, shape (J,) each."""
        return self.trajectory.sample(now_s - self._start)

    def elapsed(self, now_s: float) -> float:
        """Seconds since the start."""
        return now_s - self._start

    def update(self, now_s: float, measured: Array) -> TrajectoryOutcome | None:
        """How it ended, or None while it goes on; `measured` positions now, shape (J,)."""
        elapsed = self.elapsed(now_s)
        error = np.abs(self.desired(now_s)[0] - measured)
        limits = self._tolerances
        if elapsed < self.trajectory.duration:
            if (error > limits.path).any():
                return TrajectoryOutcome(
                    ErrorCode.PATH_TOLERANCE_VIOLATED, self._words(error, limits.path)
                )
            return None
        if (error <= limits.goal).all():
            return TrajectoryOutcome(ErrorCode.SUCCESSFUL)
        if elapsed > self.trajectory.duration + limits.goal_time_s:
            words = self._words(error, limits.goal)
            late = f"{limits.goal_time_s:g} s after the end"
            return TrajectoryOutcome(ErrorCode.GOAL_TOLERANCE_VIOLATED, f"{words}, {late}")
        return None

    def _words(self, error: Array, limit: Array) -> str:
        worst = int((error / limit).argmax())
        return (
            f"{self._names[worst]} is {error[worst]:.4f} rad off, allowed are {limit[worst]:.4f}; "
            "the way is blocked, or the trajectory faster than the arm"
        )


def merged_tolerances(
    default: Array, given: Sequence[tuple[str, float]], names: Sequence[str]
) -> Array:
    """Tolerances of a goal, shape (J,): above 0 as given, 0 the default, below 0 none at all.

    Raises:
        TrajectoryRejected: a joint that the arm does not have.
    """
    merged = np.array(default, dtype=np.float64)
    for name, value in given:
        if name not in names:
            raise TrajectoryRejected(
                ErrorCode.INVALID_JOINTS,
                f"tolerance for joint '{name}': wanted one of {', '.join(names)}",
            )
        if value:
            merged[list(names).index(name)] = value if value > 0 else np.inf
    return merged


def _invalid(message: str) -> TrajectoryRejected:
    return TrajectoryRejected(ErrorCode.INVALID_GOAL, message)
