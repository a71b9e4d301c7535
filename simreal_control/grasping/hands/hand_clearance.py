"""How far a hand keeps from blocks, on a vertical way down or standing."""

from __future__ import annotations

from collections.abc import Sequence

import coal
import numpy as np
from numpy.typing import NDArray

from simreal_common.geometry import Pose
from simreal_control.grasping.hands.hand import Hand
from simreal_control.world_model.block_map import Block

Array = NDArray[np.float64]


def clearance(
    pose_tool_in_base: Pose,
    others: Sequence[Block],
    edge_m: float,
    hand: Hand,
    approach_m: float,
) -> float:
    """Distance of the open hand, along its vertical way down, to the nearest block; metres.

    Args:
        pose_tool_in_base: the lowest pose of the way.
        others: blocks that must not be touched.
        approach_m: height from which the gripper comes straight down.

    Returns:
        0 or less on contact; infinity where there are no other blocks.
    """
    parts = [*hand.parts(), carrier(edge_m, hand)]
    return nearest(pose_tool_in_base, parts, others, edge_m, approach_m)


def carrier(edge_m: float, hand: Hand) -> tuple[coal.Box, Array]:
    """The hand as far up as a block could stand beside it, and its centre in the tool frame."""
    box = coal.Box(hand.hand_depth_m, hand.hand_length_m, edge_m)
    return box, np.array([0.0, 0.0, -hand.hand_above_tool_m - edge_m / 2.0])


def nearest(
    pose_tool_in_base: Pose,
    parts: Sequence[tuple[coal.Box, Array]],
    blocks: Sequence[Block],
    edge_m: float,
    approach_m: float,
) -> float:
    """Distance of the parts, on a vertical way down to the pose, to the nearest block; metres."""
    # Gripper from above and block at rest, or gripper at rest and block from below: the same. And
    # an upright block, swept downwards, is a box whatever the gripper's tilt.
    cube = coal.Box(edge_m, edge_m, edge_m + approach_m)
    below = np.array([0.0, 0.0, -approach_m / 2.0])
    least, rotation = np.inf, pose_tool_in_base.rotation
    request = coal.DistanceRequest()
    for shape, offset in parts:
        placed = coal.Transform3s(rotation, pose_tool_in_base.transform_points(offset))
        for block in blocks:
            there = coal.Transform3s(block.pose.rotation, block.position + below)
            result = coal.DistanceResult()
            least = min(least, coal.distance(shape, placed, cube, there, request, result))
    return float(least)
