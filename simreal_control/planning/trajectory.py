"""Joint trajectories: time parametrization by ruckig and the dense check before one is sent.

Times are seconds from the start of a trajectory, positions radians; arrays have one row a sample.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from ruckig import InputParameter, Result, Ruckig, Trajectory
from scipy.interpolate import CubicSpline
from scipy.spatial.transform import Rotation, Slerp

from simreal_common.errors import ConfigurationError, KinematicsError
from simreal_common.geometry import Pose
from simreal_control.planning.kinematics import ArmKinematics

Array = NDArray[np.float64]

SAMPLE_PERIOD_S = 0.02
# Waypoints of a straight line: between two of them the spline leaves the line by micrometres.
LINE_STEP_M = 0.01
LINE_STEP_RAD = 0.1
# A step of the inverse kinematics along a line larger than this is a jump to another posture.
JUMP_RAD = 0.35
# Numerical slack of the limit check: ruckig meets limits exactly, differences of samples do not.
LIMIT_SLACK = 1.02


@dataclass(frozen=True, eq=False)
class MotionLimits:
    """Limits of one motion, each shape (n,): rad/s, rad/s^2, rad/s^3."""

    velocity: Array
    acceleration: Array
    jerk: Array

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (np.isfinite(value).all() and (np.asarray(value) > 0).all()):
                raise ConfigurationError(f"{name} limits {value}: wanted all above 0")

    def scaled(self, factor: float) -> MotionLimits:
        """The same paths in 1 / factor of the time."""
        return MotionLimits(
            self.velocity * factor, self.acceleration * factor**2, self.jerk * factor**3
        )


@dataclass(frozen=True, eq=False)
class JointTrajectory:
    """A motion from rest to rest.

    Args:
        times: shape (m,), strictly rising from 0.
        positions, velocities, accelerations: shape (m, n).
        why_slow: why it is slower than the limits of the joints' speeds ask for, in words; else "".
    """

    times: Array
    positions: Array
    velocities: Array
    accelerations: Array
    why_slow: str = ""

    @property
    def duration(self) -> float:
        return float(self.times[-1])

    @property
    def start(self) -> Array:
        return np.asarray(self.positions[0])

    @property
    def end(self) -> Array:
        return np.asarray(self.positions[-1])


def concatenate(parts: Sequence[JointTrajectory]) -> JointTrajectory:
    """One trajectory of several; each starts, at rest, where the one before it ends."""
    times, begin = [parts[0].times], parts[0].duration
    for before, part in itertools.pairwise(parts):
        if np.max(np.abs(before.end - part.start)) > 1e-6:
            raise KinematicsError("the parts of a motion do not join; this is a fault of the plan")
        times.append(part.times[1:] + begin)
        begin += part.duration
    skip = [0] + [1] * (len(parts) - 1)
    return JointTrajectory(
        np.concatenate(times),
        np.concatenate([p.positions[s:] for p, s in zip(parts, skip, strict=True)]),
        np.concatenate([p.velocities[s:] for p, s in zip(parts, skip, strict=True)]),
        np.concatenate([p.accelerations[s:] for p, s in zip(parts, skip, strict=True)]),
    )


def point_to_point(start: Array, goal: Array, limits: MotionLimits) -> JointTrajectory:
    """Jerk-limited, synchronized joint motion from rest to rest.

    Raises:
        KinematicsError: ruckig refuses (values that are not finite).
    """
    times, positions, velocities, accelerations = _ruckig(start, goal, limits)
    return JointTrajectory(times, positions, velocities, accelerations)


def straight_line(
    arm: ArmKinematics,
    start: Array,
    pose_tool_in_base: Pose,
    limits: MotionLimits,
    speed_m_s: float,
) -> JointTrajectory:
    """The tool from where `start` has it, straight to a pose, turning evenly on the way.

    Args:
        start: radians, shape (n,), at rest.
        speed_m_s: the tool never goes faster.

    Raises:
        KinematicsError: a point of the line cannot be reached, or only by changing posture.
    """
    waypoints = line_waypoints(arm, start, pose_tool_in_base)
    if len(waypoints) == 1:
        return _still(waypoints[0])
    length = max(
        float(np.linalg.norm(pose_tool_in_base.position - arm.forward(start).position)), 1e-6
    )
    share = np.linspace(0.0, 1.0, len(waypoints))
    path = CubicSpline(share, waypoints, bc_type="natural")
    return time_path(path, limits, speed_m_s / length)


def line_waypoints(arm: ArmKinematics, start: Array, pose_tool_in_base: Pose) -> Array:
    """Configurations along the straight line, evenly spaced, shape (m, n), `start` first."""
    begin = arm.forward(start)
    away = (begin.inverse() @ pose_tool_in_base).rotation
    turn = Rotation.from_matrix(away)
    offset = pose_tool_in_base.position - begin.position
    steps = int(
        np.ceil(
            max(
                float(np.linalg.norm(offset)) / LINE_STEP_M,
                float(turn.magnitude()) / LINE_STEP_RAD,
            )
        )
    )
    if steps == 0:
        return np.asarray(start, dtype=np.float64)[None, :]
    steps = max(steps, 3)
    slerp = Slerp(
        [0.0, 1.0],
        Rotation.from_quat(np.stack([begin.orientation, pose_tool_in_base.orientation])),
    )
    waypoints = [np.asarray(start, dtype=np.float64)]
    for share in np.linspace(0.0, 1.0, steps + 1)[1:]:
        pose = Pose(begin.position + share * offset, slerp(share).as_quat())
        joints = arm.inverse(pose, waypoints[-1], restarts=0, posture=waypoints[-1])
        jump = float(np.max(np.abs(joints - waypoints[-1])))
        if jump > JUMP_RAD:
            raise KinematicsError(
                f"the straight line breaks off: the arm would jump by {np.degrees(jump):.0f} "
                f"degrees at ({pose.position[0]:.3f}, {pose.position[1]:.3f}, "
                f"{pose.position[2]:.3f}) m"
            )
        waypoints.append(joints)
    return np.stack(waypoints)


def check_limits(trajectory: JointTrajectory, arm: ArmKinematics, limits: MotionLimits) -> None:
    """Raises KinematicsError where a sample breaks a position, velocity or acceleration limit."""
    for values, lower, upper, what, unit in (
        (trajectory.positions, arm.limits.lower, arm.limits.upper, "position", "rad"),
        (trajectory.velocities, -limits.velocity, limits.velocity, "velocity", "rad/s"),
        (
            trajectory.accelerations,
            -limits.acceleration,
            limits.acceleration,
            "acceleration",
            "rad/s^2",
        ),
    ):
        if not np.isfinite(values).all():
            raise KinematicsError(f"the trajectory holds a {what} that is not a number")
        slack = LIMIT_SLACK if what != "position" else 1.0
        beyond = np.maximum(values - slack * upper, slack * lower - values) - 1e-9
        sample, joint = np.unravel_index(int(np.argmax(beyond)), beyond.shape)
        if beyond[sample, joint] > 0:
            raise KinematicsError(
                f"{what} of {arm.joint_names[joint]} would be {values[sample, joint]:.3f} {unit} "
                f"after {trajectory.times[sample]:.2f} s; wanted within "
                f"{lower[joint]:.3f} and {upper[joint]:.3f}"
            )
    if (np.diff(trajectory.times) <= 0).any():
        raise KinematicsError("the times of the trajectory do not rise")


@dataclass(frozen=True)
class Workspace:
    """Box that the tool point never leaves, metres in the base frame."""

    lower: tuple[float, float, float]
    upper: tuple[float, float, float]

    def __post_init__(self) -> None:
        if not (np.asarray(self.upper) > np.asarray(self.lower)).all():
            raise ConfigurationError(
                f"workspace from {self.lower} to {self.upper}: wanted every upper bound above its "
                "lower bound, metres"
            )

    def contains(self, position: Array) -> bool:
        return bool((position >= self.lower).all() and (position <= self.upper).all())


def check_workspace(
    trajectory: JointTrajectory, arm: ArmKinematics, workspace: Workspace, floor_m: float
) -> None:
    """Raises KinematicsError where the tool would leave the workspace or sink below `floor_m`.

    Every sample is looked at; at 20 ms the tool moves less than 2 cm between two.
    """
    for time, joints in zip(trajectory.times, trajectory.positions, strict=True):
        position = arm.forward(joints).position
        if not workspace.contains(position):
            raise KinematicsError(
                f"the tool would leave the workspace {workspace.lower} to {workspace.upper} m: "
                f"({position[0]:.3f}, {position[1]:.3f}, {position[2]:.3f}) after {time:.2f} s"
            )
        if position[2] < floor_m - 1e-4:
            raise KinematicsError(
                f"the tool would sink to {position[2]:.3f} m after {time:.2f} s; the floor of this "
                f"motion is {floor_m:.3f} m"
            )


def check_start(trajectory: JointTrajectory, measured: Array, tolerance_rad: float) -> None:
    """Raises KinematicsError where the arm is not at the start of the trajectory."""
    away = float(np.max(np.abs(trajectory.start - measured)))
    if not away <= tolerance_rad:
        raise KinematicsError(
            f"the arm is {away:.3f} rad away from the start of the motion; wanted at most "
            f"{tolerance_rad} rad"
        )


def _still(joints: Array) -> JointTrajectory:
    """Staying where the arm is, for one sample period."""
    rest = np.zeros((2, joints.size))
    return JointTrajectory(np.array([0.0, SAMPLE_PERIOD_S]), np.stack([joints, joints]), rest, rest)


def _ruckig(start: Array, goal: Array, limits: MotionLimits) -> tuple[Array, Array, Array, Array]:
    count = len(start)
    request = InputParameter(count)
    request.current_position = [float(value) for value in start]
    request.target_position = [float(value) for value in goal]
    request.max_velocity = [float(value) for value in limits.velocity]
    request.max_acceleration = [float(value) for value in limits.acceleration]
    request.max_jerk = [float(value) for value in limits.jerk]
    solution = Trajectory(count)
    try:
        result = Ruckig(count).calculate(request, solution)
    except RuntimeError as error:
        raise KinematicsError(f"no motion could be timed: {error}") from error
    if result not in (Result.Working, Result.Finished):
        raise KinematicsError(f"no motion could be timed: ruckig says {result}")
    duration = max(float(solution.duration), SAMPLE_PERIOD_S)
    times = np.linspace(0.0, duration, int(np.ceil(duration / SAMPLE_PERIOD_S)) + 1)
    samples = [solution.at_time(float(time)) for time in times]
    positions, velocities, accelerations = (
        np.array([sample[i] for sample in samples], dtype=np.float64) for i in range(3)
    )
    return times, positions, velocities, accelerations


def time_path(path: CubicSpline, limits: MotionLimits, max_rate: float = np.inf) -> JointTrajectory:
    """Ruckig over the path parameter (0 to 1), slowed down until every joint keeps its limits.

    Args:
        path: joint positions over the parameter.
        max_rate: of the parameter, 1/s.

    Raises:
        KinematicsError: no such timing is found.
    """
    fine = np.linspace(0.0, 1.0, 101)
    slope = np.max(np.abs(path(fine, 1)), axis=0) + 1e-9
    rate = min(max_rate, float(np.min(limits.velocity / slope)))
    scalar = MotionLimits(
        np.array([rate]),
        np.array([float(np.min(limits.acceleration / slope))]),
        np.array([float(np.min(limits.jerk / slope))]),
    )
    # The curvature of the path adds q'' s'^2 to the acceleration; a few uniform slow-downs find
    # the time that holds: velocities shrink with the factor, accelerations with its square.
    for _ in range(10):
        times, s, ds, dds = _ruckig(np.zeros(1), np.ones(1), scalar)
        first, second = path(s[:, 0], 1), path(s[:, 0], 2)
        positions = np.asarray(path(s[:, 0]))
        velocities = first * ds
        accelerations = first * dds + second * ds**2
        jerks = np.diff(accelerations, axis=0) / np.diff(times)[:, None]
        excess = max(
            float(np.max(np.abs(velocities) / limits.velocity)),
            float(np.sqrt(np.max(np.abs(accelerations) / limits.acceleration))),
            float(np.cbrt(np.max(np.abs(jerks) / limits.jerk))),
        )
        if excess <= 1.0 + 1e-6:
            return JointTrajectory(times, positions, velocities, accelerations)
        scalar = scalar.scaled(0.98 / excess)
    raise KinematicsError("a path could not be timed within the joint limits")


def slowed(trajectory: JointTrajectory, factor: float) -> JointTrajectory:
    """The same way at a share of the speed."""
    return JointTrajectory(
        trajectory.times / factor,
        trajectory.positions,
        trajectory.velocities * factor,
        trajectory.accelerations * factor**2,
    )


def reverse(trajectory: JointTrajectory) -> JointTrajectory:
    """The same way back, in the same time."""
    return JointTrajectory(
        trajectory.times[-1] - trajectory.times[::-1],
        trajectory.positions[::-1],
        -trajectory.velocities[::-1],
        trajectory.accelerations[::-1],
    )
