"""What the joints must give for a motion, with what the hand carries: inverse dynamics by pinocchio.

Masses are those of the robot description; friction is not in it. Torques are N m (N of a prismatic
joint), in the order of the arm's joints.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pinocchio as pin
from numpy.typing import NDArray

from simreal_common.errors import KinematicsError
from simreal_control.planning.kinematics import ArmKinematics
from simreal_control.planning.trajectory import JointTrajectory, slowed

Array = NDArray[np.float64]

SLOWEST = 0.1  # a motion that only goes at less of its speed is refused
# The factor is found exactly; this much below it rounding does no harm.
KEPT_BELOW = 0.999


@dataclass(frozen=True)
class Load:
    """A cube in the hand, its centre on the tool's z axis.

    Args:
        mass_kg, edge_m: of the cube.
        below_tool_m: its centre beyond the tool point.
    """

    mass_kg: float
    edge_m: float
    below_tool_m: float = 0.0


class ArmDynamics:
    """Joint torques of one arm.

    Args:
        arm: its model, with the masses of all its links.
        share: of the effort limits of the robot description that may be used; a limit of 0 or less
            says nothing and binds nothing.
    """

    def __init__(self, arm: ArmKinematics, share: float = 1.0) -> None:
        self._arm = arm
        efforts = np.array(arm.model.effortLimit, dtype=np.float64)
        self.limits: Array = np.where(efforts > 0, share * efforts, np.inf)
        self._models: dict[Load | None, tuple[pin.Model, pin.Data]] = {}

    def torques(
        self, positions: Array, velocities: Array, accelerations: Array, load: Load | None = None
    ) -> Array:
        """Torques at each sample; all shapes (m, n): rad, rad/s, rad/s^2, N m."""
        model, data = self._with(load)
        return np.array(
            [
                pin.rnea(model, data, q, v, a)
                for q, v, a in zip(positions, velocities, accelerations, strict=True)
            ]
        )

    def keep_limits(
        self, motion: JointTrajectory, load: Load | None = None
    ) -> tuple[JointTrajectory, str]:
        """The motion, slowed down evenly where its torques would be too large.

        Returns:
            The motion to send, and in words why it was slowed down, "" where it was not.

        Raises:
            KinematicsError: a joint cannot hold the arm there, or it would be far too slow.
        """
        whole = self.torques(motion.positions, motion.velocities, motion.accelerations, load)
        if (np.abs(whole) <= self.limits).all():
            return motion, ""
        still = np.zeros_like(motion.velocities)
        holding = self.torques(motion.positions, still, still, load)
        carrying = f" with {load.mass_kg:g} kg in the hand" if load is not None else ""
        over = np.abs(holding) / self.limits
        sample, joint = np.unravel_index(int(np.argmax(over)), over.shape)
        # Comparisons written so that NaN is refused too.
        if not over[sample, joint] < 1.0:
            raise KinematicsError(
                f"{self._arm.joint_names[joint]} would need {abs(holding[sample, joint]):.1f} N m "
                f"to hold the arm{carrying} after {motion.times[sample]:.2f} s; wanted at most "
                f"{self.limits[joint]:.1f} N m: take a lighter block, or less reach"
            )
        # At a share s of the speed what moves the arm is s^2 of what it was; what holds it stays.
        moving = whole - holding
        with np.errstate(divide="ignore", invalid="ignore"):
            room = (np.sign(moving) * self.limits - holding) / moving
        room = np.where(moving == 0.0, np.inf, room)
        sample, joint = np.unravel_index(int(np.argmin(room)), room.shape)
        factor = KEPT_BELOW * float(np.sqrt(room[sample, joint]))
        why = (
            f"{self._arm.joint_names[joint]} would need {abs(whole[sample, joint]):.1f} N m"
            f"{carrying}, it may give {self.limits[joint]:.1f} N m"
        )
        if not factor >= SLOWEST:
            raise KinematicsError(f"the motion would have to be too slow: {why}")
        return slowed(motion, factor), f"slowed down to {100 * factor:.0f} % of its speed: {why}"

    def _with(self, load: Load | None) -> tuple[pin.Model, pin.Data]:
        if load not in self._models:
            model = pin.Model(self._arm.model)
            if load is not None:
                frame = model.frames[model.getFrameId(self._arm.tool_frame)]
                away = pin.SE3(np.eye(3), np.array([0.0, 0.0, load.below_tool_m]))
                cube = pin.Inertia.FromBox(load.mass_kg, *[load.edge_m] * 3)
                model.appendBodyToJoint(frame.parentJoint, cube, frame.placement * away)
            self._models[load] = model, model.createData()
        return self._models[load]
