"""Motions from where the arm is, past what is known to stand there, checked before they are sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from simreal_common.geometry import Pose
from simreal_common.settings.obstacles import Obstacle
from simreal_control.grasping.pick_place import Held
from simreal_control.grasping.surroundings import block_in_hand
from simreal_control.planning.motion import StationPlanner
from simreal_control.planning.trajectory import JointTrajectory, check_start
from simreal_control.robot_interface.task_io import ArmState
from simreal_control.world_model.block_map import Block, BlockMapConfig

Array = NDArray[np.float64]

# Blocks and table count as touched from this depth on: blocks stand on them, and on one another, and
# are seen a millimetre or two off. Grasps keep a distance of their own.
CONTACT_DEPTH_M = 0.003
TABLE_SIZE_M, TABLE_THICKNESS_M = 3.0, 0.2
UPRIGHT = np.array([0.0, 0.0, 0.0, 1.0])


class ArmMover:
    """Plans the motions of a task.

    Args:
        motions: plans between configurations.
        blocks: edge and table height.
        centre: middle of the table's used part, metres, shape (2,).
        grasp_above_centre_m: tool point above the centre of a held block.
        start_tolerance_rad: of a motion's start to where the arm is.

    Attributes:
        ways: of the tool, of the motions planned last; metres, shape (m, 3) each.
    """

    def __init__(
        self,
        motions: StationPlanner,
        blocks: BlockMapConfig,
        centre: Array,
        grasp_above_centre_m: float,
        start_tolerance_rad: float,
    ) -> None:
        self.motions = motions
        self._blocks = blocks
        self._centre = centre
        self._above_m = grasp_above_centre_m
        self._tolerance = start_tolerance_rad
        self.ways: tuple[Array, ...] = ()

    def plan(
        self,
        arm: ArmState,
        scene: Sequence[Block],
        held: Held | None,
        way: Callable[[StationPlanner, Array], JointTrajectory],
        seen: Sequence[Obstacle] = (),
    ) -> JointTrajectory:
        """A motion from where the arm is, at rest.

        Args:
            scene: what must not be touched, the block to be grasped not among them.
            held: what the hand holds.
            way: makes the motion from a start.
            seen: what stands there beside the blocks, as a depth camera shows it.

        Raises:
            KinematicsError: there is no such motion, or it does not pass the checks.
        """
        start = self.start(arm)
        self.set_scene(start, scene, held, seen)
        trajectory = way(self.motions, start)
        check_start(trajectory, arm.positions, self._tolerance)
        self.show([trajectory])
        return trajectory

    def start(self, arm: ArmState) -> Array:
        """Where the arm is, within its limits."""
        limits = self.motions.arm.limits
        return np.asarray(np.clip(arm.positions, limits.lower, limits.upper))

    def set_scene(
        self,
        start: Array,
        scene: Sequence[Block],
        held: Held | None,
        seen: Sequence[Obstacle] = (),
    ) -> None:
        """What stands there, and what is in the hand, for the motions planned from now on."""
        block = self._in_hand(held) if held is not None else None
        self.motions.set_scene(start, self._obstacles(scene), block, seen)

    def show(self, motions: Sequence[JointTrajectory]) -> None:
        """Keep the ways of these."""
        forward = self.motions.arm.forward
        self.ways = tuple(
            np.array([forward(joints).position for joints in motion.positions])
            for motion in motions
        )

    def _obstacles(self, scene: Sequence[Block]) -> list[Obstacle]:
        top = self._blocks.table_height_m - CONTACT_DEPTH_M - TABLE_THICKNESS_M / 2
        middle = np.append(self._centre, top)
        table = np.array([TABLE_SIZE_M, TABLE_SIZE_M, TABLE_THICKNESS_M])
        size = np.full(3, self._blocks.edge_m - 2 * CONTACT_DEPTH_M)
        return [Obstacle("the table", Pose(middle, UPRIGHT), table)] + [
            Obstacle(f"the block at ({b.position[0]:.3f}, {b.position[1]:.3f}) m", b.pose, size)
            for b in scene
        ]

    def _in_hand(self, held: Held) -> Obstacle:
        """The block in the hand, in the tool frame."""
        return block_in_hand(self._blocks.edge_m - 2 * CONTACT_DEPTH_M, self._above_m, held.tilt)
