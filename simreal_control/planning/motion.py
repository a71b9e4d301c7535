"""Motions between stations: straight up to a safe height, across, straight down.

Above the safe height there is nothing for the tool to hit; what else of the arm could hit something
is for a collision world to say. The way across is the straight one where that is free, and one that
`FreeSpacePlanner` finds where it is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError, KinematicsError
from simreal_common.geometry import Pose
from simreal_common.settings.obstacles import Obstacle
from simreal_control.planning.collision_world import CollisionWorld
from simreal_control.planning.dynamics import ArmDynamics, Load
from simreal_control.planning.kinematics import ArmKinematics
from simreal_control.planning.trajectory import (
    JointTrajectory,
    MotionLimits,
    Workspace,
    check_limits,
    check_workspace,
    concatenate,
    point_to_point,
    reverse,
    straight_line,
)

Array = NDArray[np.float64]

# A way across may sink this much below the height at which it starts and ends.
SAG_M = 0.02
# Where the way across sinks deeper, it is tried again from higher up.
RAISE_M, RAISES = 0.05, 3


@dataclass(frozen=True)
class MotionConfig:
    """How the arm moves.

    Args:
        limits: of every motion.
        workspace: box that the tool never leaves.
        floor_m: height below which the tool never comes.
        line_speed_m_s: of the tool on straight approaches and retreats.
        load: what the hand carries when it holds something; None for nothing that counts.
        effort_share: of the joints' effort limits that may be used.
    """

    limits: MotionLimits
    workspace: Workspace
    floor_m: float
    line_speed_m_s: float = 0.25
    load: Load | None = None
    effort_share: float = 1.0

    def __post_init__(self) -> None:
        if not self.line_speed_m_s > 0:
            raise ConfigurationError(f"line speed {self.line_speed_m_s} m/s: wanted above 0")


class FreeSpacePlanner(Protocol):
    """Finds a way from one configuration to another above a floor."""

    def plan(self, start: Array, goal: Array, floor_m: float) -> JointTrajectory:
        """A motion from rest to rest on which the tool stays above `floor_m`.

        Raises:
            KinematicsError: none is found.
        """
        ...


class DirectPlanner:
    """The straight way in joint space or, where that sinks too deep, of the tool."""

    def __init__(self, arm: ArmKinematics, config: MotionConfig) -> None:
        self._arm = arm
        self._config = config

    def plan(self, start: Array, goal: Array, floor_m: float) -> JointTrajectory:
        direct = point_to_point(start, goal, self._config.limits)
        try:
            check_workspace(direct, self._arm, self._config.workspace, floor_m)
            return direct
        except KinematicsError:
            line = straight_line(
                self._arm,
                start,
                self._arm.forward(goal),
                self._config.limits,
                2.0 * self._config.line_speed_m_s,
            )
            check_workspace(line, self._arm, self._config.workspace, floor_m)
            # The line ends in the right pose but maybe with another elbow: close the gap.
            return concatenate([line, point_to_point(line.end, goal, self._config.limits)])


class StationPlanner:
    """Plans and checks whole motions; what it returns may be sent.

    Args:
        arm: kinematics.
        config: see there.
        world: what the arm could hit; None where nothing is known of it.
        around: finds a way across where the straight one touches something; None for no such way.
    """

    def __init__(
        self,
        arm: ArmKinematics,
        config: MotionConfig,
        world: CollisionWorld | None = None,
        around: FreeSpacePlanner | None = None,
    ) -> None:
        self.arm = arm
        self.config = config
        self._direct = DirectPlanner(arm, config)
        self._world = world
        self._around = around
        self._dynamics = ArmDynamics(arm, config.effort_share)
        self._load: Load | None = None

    def set_scene(
        self,
        start: Array,
        obstacles: Sequence[Obstacle],
        held: Obstacle | None = None,
        seen: Sequence[Obstacle] = (),
    ) -> list[str]:
        """What stands there from now on, and what the hand holds (in the tool frame).

        From what a depth camera has `seen` is kept as far away as from what stands for good.

        What would touch the arm where it is, at `start`, evidently stands elsewhere: it is left
        out.

        Returns:
            Names of the obstacles that were left out.
        """
        self._load = self.config.load if held is not None else None
        if self._world is None:
            return []
        untrue = self._world.touched_by(start, [*obstacles, *seen])
        kept, apart = ([one for one in some if one not in untrue] for some in (obstacles, seen))
        self._world.set_scene(kept, held, apart)
        self._world.leave(start)
        return [obstacle.name for obstacle in untrue]

    def to_station(
        self, start: Array, pose_tool_in_base: Pose, joints: Array, safe_height_m: float
    ) -> JointTrajectory:
        """Up from `start`, across at the safe height or above, straight down to a pose.

        Args:
            start: radians, shape (n,), at rest.
            pose_tool_in_base: the pose at the end.
            joints: configuration that has this pose.
            safe_height_m: of the tool, over everything that stands there.

        Raises:
            KinematicsError: there is no such motion within the limits; the message says why.
        """
        refusal: KinematicsError | None = None
        for raised in range(RAISES):
            height = safe_height_m + raised * RAISE_M
            try:
                rising = self._rise(start, height)
                descent = reverse(self._rise(joints, height, pose_tool_in_base))
                floor = min(height, self._height(rising.end)) - SAG_M
                crossing = self._cross(rising.end, descent.start, floor)
                return self._checked([rising, crossing, descent])
            except KinematicsError as error:
                refusal = refusal or error
        assert refusal is not None
        raise refusal

    def up(self, start: Array, safe_height_m: float) -> JointTrajectory:
        """Straight up to the safe height; stays where it is if it is that high already."""
        return self._checked([self._rise(start, safe_height_m)])

    def to_configuration(
        self, start: Array, joints: Array, safe_height_m: float
    ) -> JointTrajectory:
        """Up from `start`, then across to a configuration (home) above the safe height."""
        refusal: KinematicsError | None = None
        for raised in range(RAISES):
            height = safe_height_m + raised * RAISE_M
            try:
                rising = self._rise(start, height)
                floor = min(self._height(rising.end), self._height(joints), height) - SAG_M
                return self._checked([rising, self._cross(rising.end, joints, floor)])
            except KinematicsError as error:
                refusal = refusal or error
        assert refusal is not None
        raise refusal

    def _cross(self, start: Array, goal: Array, floor_m: float) -> JointTrajectory:
        try:
            direct = self._direct.plan(start, goal, floor_m)
            if self._world is not None:
                self._world.check(direct)
            return direct
        except KinematicsError:
            if self._around is None:
                raise
            return self._around.plan(start, goal, floor_m)

    def _rise(
        self, start: Array, height_m: float, pose_tool_in_base: Pose | None = None
    ) -> JointTrajectory:
        pose = pose_tool_in_base or self.arm.forward(start)
        x, y, z = pose.position
        above = Pose(np.array([x, y, max(z, height_m)]), pose.orientation)
        return straight_line(self.arm, start, above, self.config.limits, self.config.line_speed_m_s)

    def _height(self, joints: Array) -> float:
        return float(self.arm.forward(joints).position[2])

    def _checked(self, parts: Sequence[JointTrajectory]) -> JointTrajectory:
        whole, why = self._dynamics.keep_limits(concatenate(parts), self._load)
        whole = replace(whole, why_slow=why)
        check_limits(whole, self.arm, self.config.limits)
        check_workspace(whole, self.arm, self.config.workspace, self.config.floor_m)
        if self._world is not None:
            self._world.check(whole)
        return whole
