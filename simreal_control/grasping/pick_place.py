"""Which block goes onto the tower next, how it is held and how it is put down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.errors import ConfigurationError, KinematicsError
from simreal_common.geometry import Pose
from simreal_common.settings.obstacles import Obstacle
from simreal_control.grasping.grasps import (
    TILTS,
    UPRIGHT,
    Grasp,
    GraspConfig,
    GraspProblem,
    rank_grasps,
    rank_placements,
    well_placed,
)
from simreal_control.grasping.hands.hand import Hand
from simreal_control.grasping.surroundings import Surroundings, block_in_hand
from simreal_control.planning.kinematics import ArmKinematics
from simreal_control.planning.trajectory import line_waypoints
from simreal_control.world_model.block_map import Block, BlockMapConfig
from simreal_control.world_model.structure import PlaceTarget

Array = NDArray[np.float64]

SAME_POSE_M, SAME_POSE_RAD = 0.01, 0.2


# Blocks, best first, for which a placement is sought: a place that is bad for one is so for most.
MOST_TRIED = 3


@dataclass(frozen=True)
class PickPlaceConfig:
    """Distances of picking and placing, metres.

    Args:
        grasp_above_centre_m: tool point above the centre of the block that is held.
        place_gap_m: free height under a block when it is let go.
        min_clearance_m: of the gripper to other blocks.
        safe_margin_m: free height under whatever moves across.
    """

    grasp_above_centre_m: float = 0.0
    place_gap_m: float = 0.002
    min_clearance_m: float = 0.003
    safe_margin_m: float = 0.04

    def __post_init__(self) -> None:
        for name in ("place_gap_m", "min_clearance_m", "safe_margin_m"):
            if not getattr(self, name) >= 0:
                raise ConfigurationError(f"{name} {getattr(self, name)}: wanted 0 or above, metres")


@dataclass(frozen=True, eq=False)
class PickPlace:
    """A block, how it is grasped and how it is put down."""

    block: Block
    grasp: Grasp
    placement: Grasp

    @property
    def tilt(self) -> float:
        """Of the hand on the block, radians."""
        return self.placement.tilt


@dataclass(frozen=True, eq=False)
class Place:
    """How a block that the hand holds from before is put down; where it was is not known."""

    placement: Grasp


@dataclass(frozen=True)
class Held:
    """A block in the hand; its colour and the hand's tilt where known."""

    color: str = ""
    tilt: float = 0.0


class PickPlacePlanner:
    """Chooses grasps and placements.

    Args:
        arm, home: kinematics and the configuration that postures stay near, radians.
        gripper, blocks, config: see there.
        surroundings: what else the arm could hit; None for nothing.
    """

    def __init__(
        self,
        arm: ArmKinematics,
        home: Array,
        gripper: Hand,
        blocks: BlockMapConfig,
        config: PickPlaceConfig,
        surroundings: Surroundings | None = None,
    ) -> None:
        self._arm = arm
        self._home = home
        self._gripper = gripper
        self._blocks = blocks
        self._config = config
        self._grasping = GraspConfig(
            edge_m=blocks.edge_m,
            gripper=gripper,
            approach_m=blocks.edge_m + config.safe_margin_m,
            min_clearance_m=config.min_clearance_m,
            above_centre_m=config.grasp_above_centre_m,
        )
        self._surroundings = surroundings
        self._excluded: list[Pose] = []

    def exclude(self, grasp: Grasp) -> None:
        """No way was found to this pose of the tool: others are chosen, until `readmit`."""
        self._excluded.append(grasp.pose_tool_in_base)

    def readmit(self) -> None:
        """What stands there has changed: all poses may be chosen again."""
        self._excluded = []

    def surround(self, seen: Sequence[Obstacle]) -> None:
        """What stands there from now on beside blocks and what stands for good."""
        if self._surroundings is not None:
            self._surroundings.seen = tuple(seen)

    def well_placed(self, block: Block) -> bool:
        """Whether its place is known well enough to grasp it."""
        return well_placed(block, self._grasping)

    def safe_height(self, scene: Sequence[Block], tower_levels: int, carrying: bool) -> float:
        """Height of the tool at which it, or the block it holds, passes over everything, metres."""
        levels = max([block.level + 1 for block in scene] + [tower_levels, 1])
        top = self._blocks.table_height_m + levels * self._blocks.edge_m
        held = self._blocks.edge_m / 2 + self._config.grasp_above_centre_m
        below = (
            max(held, self._gripper.tip_below_tool_m)
            if carrying
            else (self._gripper.tip_below_tool_m)
        )
        return top + below + self._config.safe_margin_m

    def placement(
        self,
        target: PlaceTarget,
        others: Sequence[Block],
        tilt: float = 0.0,
        near: Array | None = None,
    ) -> Grasp:
        """Best way to put a block down.

        Args:
            target: where.
            others: blocks that the hand must not touch meanwhile.
            tilt: by which the hand holds the block, radians.
            near: the configuration that it comes from, radians; by default home.

        Raises:
            KinematicsError: there is none.
        """
        height = (
            self._blocks.height(target.level)
            + self._config.grasp_above_centre_m
            + self._config.place_gap_m
        )
        ranked = rank_placements(
            np.array([*target.position, height]), target.yaw, self._problem(others, near), tilt
        )
        height_m = self.safe_height(others, target.level + 1, carrying=True)
        return self._first_with_way(ranked, height_m, carrying=True)

    def choose(
        self, candidates: Sequence[Block], scene: Sequence[Block], target: PlaceTarget
    ) -> PickPlace:
        """The candidate that is grasped best, and its way onto the tower.

        Args:
            candidates: loose blocks of the scene.
            scene: all blocks.
            target: where the block goes.

        Raises:
            KinematicsError: no candidate can be grasped, or none can be placed.
        """
        height = self.safe_height(scene, target.level, carrying=True)
        refusals: list[str] = []
        # Beside some blocks an upright hand has no room, or no reach; a tilted one may.
        for tilts in (UPRIGHT, TILTS):
            found, reasons = self._graspable(candidates, scene, height, tilts)
            refusals += reasons if tilts is UPRIGHT else []
            for block, grasp in sorted(found, key=lambda pair: -pair[1].score)[:MOST_TRIED]:
                away = self.away_from(target.position, scene)
                others = [other for other in away if other is not block]
                try:
                    placement = self.placement(target, others, grasp.tilt, grasp.joints)
                    return PickPlace(block, grasp, placement)
                except KinematicsError as error:
                    refusals.append(str(error))
        raise KinematicsError("; ".join(dict.fromkeys(refusals)))

    def _graspable(
        self,
        candidates: Sequence[Block],
        scene: Sequence[Block],
        height_m: float,
        tilts: Sequence[float],
    ) -> tuple[list[tuple[Block, Grasp]], list[str]]:
        """The blocks that can be grasped, with their best grasps; why the others cannot."""
        found: list[tuple[Block, Grasp]] = []
        reasons: list[str] = []
        for block in candidates:
            others = [other for other in scene if other is not block]
            try:
                ranked = rank_grasps(block, self._problem(others), tilts)
                found.append((block, self._first_with_way(ranked, height_m)))
            except KinematicsError as error:
                reasons.append(str(error))
        return found, reasons

    def away_from(self, position: Array, scene: Sequence[Block]) -> list[Block]:
        """The blocks that a hand over `position` must not touch.

        What stands below ends below the fingers; all others keep their distance.
        """
        edge = self._blocks.edge_m
        return [block for block in scene if block.horizontal_distance(position) >= edge]

    def put_back(self, work: PickPlace | Place) -> Grasp:
        """How the held block goes back to where it was taken: the same pose, a gap higher.

        Raises:
            KinematicsError: it was held from the beginning, or the pose cannot be reached.
        """
        if isinstance(work, Place):
            raise KinematicsError("it is not known where it was")
        pose = work.grasp.pose_tool_in_base
        gap = np.array([0.0, 0.0, self._config.place_gap_m])
        lifted = Pose(pose.position + gap, pose.orientation)
        joints = self._arm.inverse(lifted, work.grasp.joints, restarts=0)
        return replace(work.grasp, pose_tool_in_base=lifted, joints=joints)

    def _first_with_way(
        self, ranked: Sequence[Grasp], height_m: float, carrying: bool = False
    ) -> Grasp:
        """The best that can also be left straight upwards, freely if one can.

        Where a joint meets its limit on the way the others have to make up for it, and slowly.

        Raises:
            KinematicsError: none can; the reason of the best.
        """
        refusal: KinematicsError | None = None
        at_limit: Grasp | None = None
        for grasp in ranked:
            pose = grasp.pose_tool_in_base
            if any(_alike(pose, excluded) for excluded in self._excluded):
                refusal = refusal or KinematicsError(
                    "no way leads to any pose that holds the block"
                )
                continue
            x, y, z = grasp.pose_tool_in_base.position
            above = Pose(np.array([x, y, max(z, height_m)]), grasp.pose_tool_in_base.orientation)
            try:
                way = line_waypoints(self._arm, grasp.joints, above)
                self._check_surroundings(way, grasp.tilt if carrying else None)
                if self._arm.inside_limits(way):
                    return grasp
                at_limit = at_limit or grasp
            except KinematicsError as error:
                refusal = refusal or error
        if at_limit is not None:
            return at_limit
        assert refusal is not None
        raise refusal

    def _check_surroundings(self, way: Array, tilt: float | None) -> None:
        """Raises a KinematicsError; `tilt` is that of a hand that holds a block."""
        if self._surroundings is None:
            return
        held = None
        if tilt is not None:
            held = block_in_hand(self._blocks.edge_m, self._config.grasp_above_centre_m, tilt)
        self._surroundings.check(way, held)

    def _problem(self, others: Sequence[Block], near: Array | None = None) -> GraspProblem:
        seed = self._home if near is None else near
        return GraspProblem(self._arm, seed, self._grasping, others)


def _alike(pose: Pose, other: Pose) -> bool:
    """Whether two poses of the tool are the same but for the noise of what was seen."""
    away = pose.inverse() @ other
    turn = Rotation.from_quat(away.orientation).magnitude()
    return float(np.linalg.norm(away.position)) < SAME_POSE_M and float(turn) < SAME_POSE_RAD
