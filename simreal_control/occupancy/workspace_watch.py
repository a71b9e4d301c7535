"""Workspace watch: what depth shows beside the arm and the blocks; whether it is in the arm's way.

What stands still is planned around. While something that came lately is in the workspace no motion
begins, and one under way ends where that comes near to what is left of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from simreal_common.settings.obstacles import Obstacle
from simreal_control.occupancy.depth_config import DepthConfig
from simreal_control.occupancy.occupancy_grid import OccupancyGrid, things
from simreal_control.occupancy.occupied_boxes import boxes_of
from simreal_control.planning.link_hulls import LinkHulls
from simreal_control.planning.trajectory import JointTrajectory
from simreal_control.robot_interface.depth_frame import DepthFrame
from simreal_control.robot_interface.task_io import ArmState

Array = NDArray[np.float64]

KEPT_S = 1.0  # joint states of the last moments: images come later than these
APART_S = 0.1  # farther from an image no joint states tell where the arm was
BLOCK_MARGIN_M = 0.02  # about blocks: they are seen to some millimetres, their edges blurred
SWEPT_RAD = 0.05  # between the postures in which the way is looked at


class WorkspaceWatch:
    """Takes depth frames and joint states of one task.

    Args:
        config: what is watched.
        hulls: of the robot.
        standing: what is known to stand there for good: nothing new.
    """

    def __init__(
        self, config: DepthConfig, hulls: LinkHulls, standing: Sequence[Obstacle] = ()
    ) -> None:
        self.config = config
        self._hulls = hulls
        self._standing = tuple(standing)
        self._grid = OccupancyGrid(config)
        self._states: deque[ArmState] = deque()
        self._known: tuple[Obstacle, ...] = self._standing
        self._stamp = -np.inf
        self._lack = ""
        self._new: Array | None = np.zeros((0, 3))

    def hear(self, arm: ArmState) -> None:
        """Take joint states."""
        states = self._states
        if states and arm.stamp <= states[-1].stamp:
            return
        states.append(arm)
        while states[0].stamp < arm.stamp - KEPT_S:
            states.popleft()

    def look(
        self, frames: Sequence[DepthFrame], held: Obstacle | None = None, lack: str = ""
    ) -> None:
        """Take what is new.

        Args:
            frames: oldest first.
            held: what may be in the hand, in the tool frame: a part of the arm.
            lack: why there are no frames, in words; empty where nobody knows.
        """
        self._lack = lack
        for frame in frames:
            joints = self._joints_at(frame.stamp)
            if joints is None or frame.stamp <= self._stamp:
                continue
            self._grid.take(frame, partial(self._is_robot, joints=joints, held=held))
            self._stamp = frame.stamp
            self._new = None

    def know(self, blocks: Sequence[Obstacle]) -> None:
        """What is known to be there, beside what stands for good: blocks, from now on."""
        self._known = (*self._standing, *blocks)
        self._new = None

    def lack(self, now: float) -> str:
        """Why depth tells nothing of the workspace now, in words; empty where it does."""
        age_s = now - self._stamp
        if age_s <= self.config.max_age_s and self._grid.ready:
            return ""
        why = f" ({self._lack})" * bool(self._lack)
        if not np.isfinite(self._stamp):
            return f"no depth image on {self.config.topic} yet{why}"
        if age_s <= self.config.max_age_s:
            return f"the first depth images on {self.config.topic} are waited for"
        return f"the latest depth image on {self.config.topic} is {age_s:.1f} s old{why}"

    def arrived(self, now: float) -> Array:
        """Where there is what came lately: centres of cells, base frame, metres, shape (n, 3)."""
        if self._new is None:
            cells = self._grid.arrived(now, self._known, BLOCK_MARGIN_M)
            self._new = self._grid.centres[cells]
        return self._new

    def in_the_way(
        self, now: float, motion: JointTrajectory, joints: Array, held: Obstacle | None
    ) -> Array | None:
        """Where something has come near to the arm, or to what is left of its way; None: nowhere.

        Args:
            motion: under way.
            joints: where the arm is, radians.
            held: what is in the hand, in the tool frame.

        Returns:
            The place that is nearest, metres, shape (3,).
        """
        points = self.arrived(now)
        if not len(points):
            return None
        stop_m = self.config.stop_distance_m
        reach = stop_m + self.config.voxel_m * np.sqrt(3) / 2
        least = np.full(len(points), np.inf)
        for posture in _left(motion, joints):
            away = self._hulls.distances(points, posture, reach, held, base=False)
            least = np.minimum(least, away)
        nearest = int(least.argmin())
        return points[nearest] if np.isfinite(least[nearest]) else None

    def obstacles(self, held: Obstacle | None = None) -> tuple[Obstacle, ...]:
        """What stands there beside what is known, as boxes.

        Args:
            held: what is in the hand, in the tool frame. Where that and the arm are is nothing else.
        """
        grid = self._grid
        known = grid.covered(self._known, BLOCK_MARGIN_M)
        surfaces = grid.occupied(self._known, BLOCK_MARGIN_M)
        if not surfaces.any():
            return ()
        cells = grid.solid(surfaces) & ~known
        if self._states:
            joints = self._states[-1].positions
            cells[cells] = ~self._is_robot(grid.centres[cells], joints, held)
        corner, voxel_m = self.config.corner, self.config.voxel_m
        return boxes_of(things(cells), corner, voxel_m, known)

    def _is_robot(self, points: Array, joints: Array, held: Obstacle | None) -> NDArray[np.bool_]:
        padding = self.config.robot_padding_m
        return self._hulls.distances(points, joints, padding, held) < padding

    def _joints_at(self, stamp: float) -> Array | None:
        """Where the arm was then, radians; None where joint states do not tell."""
        states = list(self._states)
        if not states:
            return None
        stamps = np.array([state.stamp for state in states])
        if np.abs(stamps - stamp).min() > APART_S:
            return None
        positions = np.array([state.positions for state in states])
        return np.array([np.interp(stamp, stamps, joint) for joint in positions.T])


def _left(motion: JointTrajectory, joints: Array) -> list[Array]:
    """Postures from where the arm is to the end of its motion, near to each other."""
    off = np.abs(motion.positions - joints).max(axis=1)
    begin = int(off.argmin())
    postures = [np.asarray(joints, dtype=np.float64)]
    for posture in motion.positions[begin:]:
        if np.abs(posture - postures[-1]).max() >= SWEPT_RAD:
            postures.append(posture)
    return [*postures, motion.end]
