"""Grasps of a cube from above, and what they leave free around them.

The tool frame follows the Panda's: its origin between the finger tips, z out of the hand (down in a
top grasp), the fingers closing along y. A cube offers four top grasps, a quarter turn apart; two
pairs of them differ only by the half turn of the hand, which reach and joint limits tell apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import coal
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.errors import ConfigurationError, KinematicsError
from simreal_common.geometry import Pose
from simreal_control.block_map import QUARTER_TURN, Block
from simreal_control.kinematics import ArmKinematics

Array = NDArray[np.float64]

# More clearance than this is not worth a worse reach: it is several times the error of a block's
# pose after fusion.
ENOUGH_CLEARANCE_M = 0.02
# How much a good clearance, a joint margin and a short way are worth against each other.
CLEARANCE_WEIGHT, MARGIN_WEIGHT, TRAVEL_WEIGHT = 1.0, 0.7, 0.15


@dataclass(frozen=True)
class GripperGeometry:
    """A parallel gripper as three boxes; defaults are the Franka Hand's.

    Args:
        max_opening_m: between the finger pads, fully open.
        finger_thickness_m: of one finger along the closing direction.
        finger_width_m: across the closing direction.
        tip_below_tool_m: how far the finger tips reach beyond the tool point.
        hand_above_tool_m: from the tool point up to the underside of the hand.
        hand_length_m: of the hand along the closing direction.
        hand_depth_m: of the hand across the closing direction.
    """

    max_opening_m: float = 0.08
    finger_thickness_m: float = 0.016
    finger_width_m: float = 0.022
    tip_below_tool_m: float = 0.008
    hand_above_tool_m: float = 0.040
    hand_length_m: float = 0.206
    hand_depth_m: float = 0.066

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (np.isfinite(value) and value > 0):
                raise ConfigurationError(f"gripper {name} = {value}: wanted metres above 0")

    def check_edge(self, edge_m: float) -> None:
        """Raises ConfigurationError where a block is too wide for the gripper."""
        if edge_m >= self.max_opening_m:
            raise ConfigurationError(
                f"edge {edge_m} m: the gripper opens to {self.max_opening_m} m only; wanted a "
                "smaller block or a wider gripper"
            )


@dataclass(frozen=True, eq=False)
class Grasp:
    """One way to hold a block.

    Args:
        pose_tool_in_base: pose of the tool when the fingers close.
        joints: arm configuration that reaches it, radians, shape (n,).
        clearance_m: of fingers and hand, on their way down, to the nearest other block.
        score: higher is better; comparable between the grasps of one block only.
    """

    pose_tool_in_base: Pose
    joints: Array
    clearance_m: float
    score: float


def tool_pose(position: Array, yaw: float) -> Pose:
    """Tool pointing straight down at `position`, its x axis at `yaw` from the base's x axis."""
    turn = Rotation.from_euler("z", yaw) * Rotation.from_euler("x", np.pi)
    return Pose(position, turn.as_quat())


def tool_yaw(pose_tool_in_base: Pose) -> float:
    """Angle of the tool's x axis about the vertical, radians in (-pi, pi]."""
    x_axis = pose_tool_in_base.rotation[:, 0]
    return float(np.arctan2(x_axis[1], x_axis[0]))


def clearance(
    pose_tool_in_base: Pose,
    others: Sequence[Block],
    edge_m: float,
    gripper: GripperGeometry,
    approach_m: float,
) -> float:
    """Distance of the open gripper, along its vertical way down, to the nearest block; metres.

    Args:
        pose_tool_in_base: the lowest pose of the way.
        others: blocks that must not be touched.
        approach_m: height from which the gripper comes straight down.

    Returns:
        0 or less on contact; infinity where there are no other blocks.
    """
    nearest = np.inf
    cube = coal.Box(edge_m, edge_m, edge_m)
    finger_height = gripper.hand_above_tool_m + gripper.tip_below_tool_m + approach_m
    finger = coal.Box(gripper.finger_width_m, gripper.finger_thickness_m, finger_height)
    hand = coal.Box(gripper.hand_depth_m, gripper.hand_length_m, approach_m + edge_m)
    finger_y = (gripper.max_opening_m + gripper.finger_thickness_m) / 2.0
    # z of the tool frame points down: the swept boxes extend to negative z from the tips.
    finger_z = gripper.tip_below_tool_m - finger_height / 2.0
    hand_z = -gripper.hand_above_tool_m - (approach_m + edge_m) / 2.0
    parts = [
        (finger, np.array([0.0, finger_y, finger_z])),
        (finger, np.array([0.0, -finger_y, finger_z])),
        (hand, np.array([0.0, 0.0, hand_z])),
    ]
    rotation = pose_tool_in_base.rotation
    request = coal.DistanceRequest()
    for shape, offset in parts:
        placed = coal.Transform3s(rotation, pose_tool_in_base.transform_points(offset))
        for block in others:
            there = coal.Transform3s(block.pose.rotation, np.array(block.position))
            result = coal.DistanceResult()
            nearest = min(nearest, coal.distance(shape, placed, cube, there, request, result))
    return float(nearest)


def rank_grasps(
    block: Block,
    others: Sequence[Block],
    arm: ArmKinematics,
    seed: Array,
    edge_m: float,
    gripper: GripperGeometry,
    approach_m: float,
    min_clearance_m: float,
    above_centre_m: float = 0.0,
) -> list[Grasp]:
    """The top grasps of a block that reach and touch nothing else, best first.

    Args:
        block: what to grasp.
        others: every other block of the scene.
        seed: arm configuration to stay near, radians, shape (n,).
        approach_m: height from which the gripper comes straight down.
        min_clearance_m: grasps with less are left out.
        above_centre_m: height of the tool point above the block's centre.

    Raises:
        KinematicsError: no grasp is left; the message says why for each.
    """
    position = block.position + np.array([0.0, 0.0, above_centre_m])
    return _rank(
        [tool_pose(position, block.yaw + quarter * QUARTER_TURN) for quarter in range(4)],
        others,
        arm,
        seed,
        edge_m,
        gripper,
        approach_m,
        min_clearance_m,
        f"the block at ({block.position[0]:.3f}, {block.position[1]:.3f}) cannot be grasped",
    )


def rank_placements(
    position: Array,
    yaw: float,
    others: Sequence[Block],
    arm: ArmKinematics,
    seed: Array,
    edge_m: float,
    gripper: GripperGeometry,
    approach_m: float,
    min_clearance_m: float,
) -> list[Grasp]:
    """Tool poses that put a held cube at a place, modulo its quarter turns, best first.

    Args:
        position: of the tool point when the block is let go, metres, shape (3,).
        yaw: wanted yaw of the block modulo a quarter turn, radians.
        others: blocks that must not be touched, without the one that is held and the one below it
            (the fingers end above it).

    Raises:
        KinematicsError: no placement is left; the message says why for each.
    """
    return _rank(
        [tool_pose(position, yaw + quarter * QUARTER_TURN) for quarter in range(4)],
        others,
        arm,
        seed,
        edge_m,
        gripper,
        approach_m,
        min_clearance_m,
        f"a block cannot be placed at ({position[0]:.3f}, {position[1]:.3f}, {position[2]:.3f})",
    )


def _rank(
    poses: Sequence[Pose],
    others: Sequence[Block],
    arm: ArmKinematics,
    seed: Array,
    edge_m: float,
    gripper: GripperGeometry,
    approach_m: float,
    min_clearance_m: float,
    refusal: str,
) -> list[Grasp]:
    grasps: list[Grasp] = []
    reasons: list[str] = []
    for pose in poses:
        name = f"yaw {np.degrees(tool_yaw(pose)):.0f}"
        free = clearance(pose, others, edge_m, gripper, approach_m)
        if free < min_clearance_m:
            reasons.append(f"{name}: {free * 1000:.0f} mm to a neighbour")
            continue
        try:
            joints = arm.inverse(pose, seed, restarts=2)
        except KinematicsError as error:
            reasons.append(f"{name}: {error}")
            continue
        score = (
            CLEARANCE_WEIGHT * min(free, ENOUGH_CLEARANCE_M) / ENOUGH_CLEARANCE_M
            + MARGIN_WEIGHT * arm.margin(joints)
            - TRAVEL_WEIGHT * float(np.max(np.abs(joints - seed)))
        )
        grasps.append(Grasp(pose, joints, free, score))
    if not grasps:
        raise KinematicsError(f"{refusal}: " + "; ".join(reasons))
    return sorted(grasps, key=lambda grasp: -grasp.score)
