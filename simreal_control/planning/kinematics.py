"""Kinematics of one arm, from its URDF text: joint limits, forward and inverse kinematics.

Poses are of the tool frame in the root link of the URDF (the arm's base). Only the arm's own joints
move; every other joint (fingers, wheels) is locked at zero. Meshes are never read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pinocchio as pin
from numpy.typing import NDArray
from pink import Configuration, solve_ik
from pink.exceptions import PinkError
from pink.limits import ConfigurationLimit
from pink.tasks import FrameTask, PostureTask
from scipy.spatial.transform import Rotation
from scipy.stats import qmc

from simreal_common.errors import ConfigurationError, KinematicsError
from simreal_common.geometry import Pose
from simreal_control.planning.robot_description import check_description, read_model

Array = NDArray[np.float64]

# Solutions keep away from the joint limits: a smooth way through them swings a little beyond.
PLANNING_MARGIN_RAD = 0.015
HELD_RAD = 1e-3  # a solution this near to that margin is where the limit holds it
# A tenth of what a Panda repeats to (ISO 9283: 0.1 mm), so that inverse kinematics adds no error.
POSITION_TOLERANCE_M = 1e-5
ROTATION_TOLERANCE_RAD = 1e-4

# The posture only decides what the task leaves free; at 1e-4 of the task it bends no pose by more
# than the tolerances above.
POSTURE_COST = 1e-4
ORIENTATION_COST_M_PER_RAD = 0.3  # one radian weighs like the length of a hand
DAMPING = 1e-6
MAX_STEP_RAD = 0.4  # the linearization holds for about this much
MAX_ITERATIONS = 40
LEAD_STEP_M, LEAD_STEP_RAD = 0.15, 0.3  # of the pose, on the way from a seed to a target
RESTARTS = 8


@dataclass(frozen=True, eq=False)
class JointLimits:
    """Limits of the arm's joints in the order of `ArmKinematics.joint_names`, each shape (n,).

    Args:
        lower, upper: radians (metres for a prismatic joint).
        velocity: radians a second.
    """

    lower: Array
    upper: Array
    velocity: Array


class ArmKinematics:
    """Forward and inverse kinematics of the chain that carries `tool_frame`.

    Args:
        urdf: text of the URDF (what robot_description carries).
        arm_joints: names of the joints that may move, base first.
        tool_frame: name of the link whose pose is commanded.
        posture: what the joints tend to where a pose leaves them free, radians, shape (n,); None
            for the middle of their ranges.

    Raises:
        ConfigurationError: not a URDF or an absurd one, a joint or frame that it does not have, or
            a posture of another number of joints.
    """

    def __init__(
        self,
        urdf: str,
        arm_joints: Sequence[str],
        tool_frame: str,
        posture: Array | None = None,
    ) -> None:
        whole = read_model(urdf)
        names = list(whole.names)[1:]
        missing = [name for name in arm_joints if name not in names]
        if missing:
            raise ConfigurationError(
                f"arm_joints: the robot has no joint {', '.join(missing)}; wanted some of "
                f"{', '.join(names)}"
            )
        if not whole.existFrame(tool_frame):
            frames = ", ".join(frame.name for frame in whole.frames)
            raise ConfigurationError(
                f"tool_frame: the robot has no frame '{tool_frame}'; wanted one of {frames}"
            )
        locked = [whole.getJointId(name) for name in names if name not in arm_joints]
        self._model = pin.buildReducedModel(whole, locked, pin.neutral(whole))
        if self._model.nq != len(arm_joints) or self._model.nv != len(arm_joints):
            raise ConfigurationError(
                "arm_joints: wanted revolute, continuous or prismatic joints, got one that has "
                f"several degrees of freedom or none among {', '.join(arm_joints)}"
            )
        if list(self._model.names)[1:] != list(arm_joints):
            raise ConfigurationError(
                f"arm_joints: wanted them in the order of the chain, "
                f"{', '.join(list(self._model.names)[1:])}; got {', '.join(arm_joints)}"
            )
        self.joint_names: tuple[str, ...] = tuple(arm_joints)
        self.tool_frame = tool_frame
        # Frame 0 is pinocchio's universe, the first body is the root link.
        self.base_frame: str = next(
            frame.name for frame in whole.frames if frame.type == pin.FrameType.BODY
        )
        self.limits = _limits(urdf, self._model)
        margin = np.minimum(PLANNING_MARGIN_RAD, (self.limits.upper - self.limits.lower) / 10.0)
        self._lower, self._upper = self.limits.lower + margin, self.limits.upper - margin
        self._model.lowerPositionLimit = self._lower
        self._model.upperPositionLimit = self._upper
        turning = ["JointModelR" in joint.shortname() for joint in list(self._model.joints)[1:]]
        self._turns = np.array(turning) & (self._upper - self._lower > 2.0 * np.pi)
        self._data = self._model.createData()
        self._frame_id: int = self._model.getFrameId(tool_frame)
        self._limit = ConfigurationLimit(self._model, config_limit_gain=0.95)
        middle = (self.limits.lower + self.limits.upper) / 2.0
        self._posture: Array = middle if posture is None else np.array(posture, dtype=np.float64)
        if self._posture.shape != middle.shape:
            raise ConfigurationError(
                f"posture: got {self._posture.size} numbers, wanted one for each of the arm's "
                f"joints, {', '.join(arm_joints)}"
            )

    @property
    def model(self) -> pin.Model:
        """The arm alone, masses of hand and fingers with it; not to be changed."""
        return self._model

    def forward(self, joints: Array) -> Pose:
        """Pose of the tool frame in the base at `joints`, radians, shape (n,)."""
        pin.framesForwardKinematics(self._model, self._data, np.asarray(joints, dtype=np.float64))
        placement = self._data.oMf[self._frame_id]
        return Pose.from_rotation(np.array(placement.rotation), np.array(placement.translation))

    def inverse(
        self,
        pose_tool_in_base: Pose,
        seed: Array,
        restarts: int = RESTARTS,
        posture: Array | None = None,
    ) -> Array:
        """Joint configuration that brings the tool to a pose, near `seed` where one is.

        Solves a sequence of quadratic programs (pink, daqp) from `seed`, then from the posture and
        from `restarts` quasi-random configurations; the same arguments give the same answer. From
        `seed` the pose is approached in small steps, so that the arm keeps its elbow where it was.

        Args:
            pose_tool_in_base: wanted pose of the tool frame.
            seed: radians, shape (n,); clipped into the limits.
            restarts: how many further starts are tried; 0 for the seed alone.
            posture: what the joints tend to where the pose leaves them free; None for the arm's.

        Returns:
            Radians, shape (n,), inside the limits by PLANNING_MARGIN_RAD.

        Raises:
            KinematicsError: no start reaches the pose; the message gives the nearest miss.
        """
        rest = self._posture if posture is None else posture
        nearest_m, nearest_rad = np.inf, np.inf
        for number, start in enumerate(self._starts(np.asarray(seed, dtype=np.float64), restarts)):
            if number == 0:
                start = self._lead(start, pose_tool_in_base, rest)
            joints, miss_m, miss_rad = self._descend(pose_tool_in_base, start, rest)
            if miss_m < POSITION_TOLERANCE_M and miss_rad < ROTATION_TOLERANCE_RAD:
                return self._without_needless_turns(joints, seed)
            if miss_m + ORIENTATION_COST_M_PER_RAD * miss_rad < (
                nearest_m + ORIENTATION_COST_M_PER_RAD * nearest_rad
            ):
                nearest_m, nearest_rad = miss_m, miss_rad
        x, y, z = pose_tool_in_base.position
        raise KinematicsError(
            f"the arm cannot bring {self.tool_frame} to ({x:.3f}, {y:.3f}, {z:.3f}) m with the "
            f"wanted orientation inside its joint limits; it misses by {nearest_m * 1000:.1f} mm "
            f"and {np.degrees(nearest_rad):.1f} degrees"
        )

    def margin(self, joints: Array) -> float:
        """Distance to the nearest joint limit as a share of that joint's half range, 0 to 1."""
        half = (self.limits.upper - self.limits.lower) / 2.0
        room = np.minimum(joints - self.limits.lower, self.limits.upper - joints)
        return float(np.min(room / half))

    def inside_limits(self, joints: Array) -> bool:
        """Whether no joint of configurations, radians, shape (..., n), is held by its limit."""
        room = np.minimum(joints - self._lower, self._upper - joints)
        return bool((room > HELD_RAD).all())

    def _without_needless_turns(self, joints: Array, seed: Array) -> Array:
        """The same pose with each joint that has room for whole turns as near the seed as it can."""
        turns = np.where(self._turns, np.round((seed - joints) / (2.0 * np.pi)), 0.0)
        turned = joints + 2.0 * np.pi * turns
        inside = (turned >= self._lower) & (turned <= self._upper)
        return np.where(inside, turned, joints)

    def _starts(self, seed: Array, restarts: int) -> Iterator[Array]:
        lower, upper = self._lower, self._upper
        yield np.clip(seed, lower, upper)
        if restarts > 0:
            yield np.clip(self._posture, lower, upper)
            for point in qmc.Halton(lower.size, scramble=False).random(restarts + 1)[1:]:
                yield lower + point * (upper - lower)

    def _lead(self, start: Array, target: Pose, posture: Array) -> Array:
        """Follow the pose from where `start` has it to shortly before `target`."""
        begin = self.forward(start)
        offset = target.position - begin.position
        turn = (
            Rotation.from_quat(begin.orientation).inv() * Rotation.from_quat(target.orientation)
        ).as_rotvec()
        steps = int(max(np.linalg.norm(offset) / LEAD_STEP_M, np.linalg.norm(turn) / LEAD_STEP_RAD))
        joints = start
        for share in np.linspace(0.0, 1.0, steps + 2)[1:-1]:
            rotation = Rotation.from_quat(begin.orientation) * Rotation.from_rotvec(share * turn)
            pose = Pose(begin.position + share * offset, rotation.as_quat())
            joints, _, _ = self._descend(pose, joints, posture, iterations=2)
        return joints

    def _descend(
        self, target: Pose, start: Array, posture: Array, iterations: int = MAX_ITERATIONS
    ) -> tuple[Array, float, float]:
        """(joints, position miss in metres, rotation miss in radians) of the local solution."""
        frame_task = FrameTask(self.tool_frame, 1.0, ORIENTATION_COST_M_PER_RAD, lm_damping=DAMPING)
        frame_task.set_target(pin.SE3(target.rotation, target.position))
        posture_task = PostureTask(cost=POSTURE_COST)
        posture_task.set_target(posture)
        configuration = Configuration(self._model, self._data, start)
        miss_m = miss_rad = np.inf
        for _ in range(iterations):
            error = frame_task.compute_error(configuration)
            miss_m = float(np.linalg.norm(error[:3]))
            miss_rad = float(np.linalg.norm(error[3:]))
            if miss_m < POSITION_TOLERANCE_M and miss_rad < ROTATION_TOLERANCE_RAD:
                break
            try:
                step = solve_ik(
                    configuration,
                    [frame_task, posture_task],
                    1.0,  # the "velocity" of one second is the step
                    solver="daqp",
                    limits=[self._limit],
                    safety_break=False,
                )
            except PinkError:
                break
            length = float(np.max(np.abs(step)))
            if length < 1e-7:
                break  # at rest against a limit: this start leads nowhere
            step = step * min(1.0, MAX_STEP_RAD / length)
            joints = np.clip(configuration.q + step, self._lower, self._upper)
            configuration = Configuration(self._model, self._data, joints)
        return np.array(configuration.q), miss_m, miss_rad


def _limits(urdf: str, model: pin.Model) -> JointLimits:
    """Hard limits of the URDF, narrowed by the soft limits of its <safety_controller> elements."""
    lower = np.array(model.lowerPositionLimit, dtype=np.float64)
    upper = np.array(model.upperPositionLimit, dtype=np.float64)
    velocity = np.array(model.velocityLimit, dtype=np.float64)
    index = {name: i for i, name in enumerate(list(model.names)[1:])}
    for joint in check_description(urdf).iter("joint"):
        soft = joint.find("safety_controller")
        i = index.get(joint.get("name", ""))
        if i is None or soft is None:
            continue
        lower[i] = max(lower[i], float(soft.get("soft_lower_limit", "-inf")))
        upper[i] = min(upper[i], float(soft.get("soft_upper_limit", "inf")))
    usable = np.isfinite(lower) & np.isfinite(upper) & (upper > lower) & (velocity > 0)
    if not usable.all():
        bad = ", ".join(name for name, i in index.items() if not usable[i])
        raise ConfigurationError(
            f"the robot description gives no usable position or velocity limits for {bad}; "
            "wanted <limit lower upper velocity> on every arm joint"
        )
    return JointLimits(lower, upper, velocity)
