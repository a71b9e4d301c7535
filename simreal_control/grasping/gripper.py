"""A parallel gripper as three boxes, and how far these keep from blocks on a vertical way down.

Its defaults are the Franka Hand's; the sizes of another stand in the group `gripper` of its file in
config/.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import coal
import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_control.world_model.block_map import Block

Array = NDArray[np.float64]


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
    finger_height = gripper.hand_above_tool_m + gripper.tip_below_tool_m
    finger = coal.Box(gripper.finger_width_m, gripper.finger_thickness_m, finger_height)
    finger_y = (gripper.max_opening_m + gripper.finger_thickness_m) / 2.0
    # z of the tool frame points out of the hand: the boxes extend to negative z from the tips.
    finger_z = gripper.tip_below_tool_m - finger_height / 2.0
    parts = [
        (finger, np.array([0.0, finger_y, finger_z])),
        (finger, np.array([0.0, -finger_y, finger_z])),
        _hand(edge_m, gripper),
    ]
    return _nearest(pose_tool_in_base, parts, others, edge_m, approach_m)


def clearance_inside(
    pose_tool_in_base: Pose, block: Block, edge_m: float, gripper: GripperGeometry
) -> float:
    """What is free between the fingers: from the hand to the block there, and, counted from the
    finger tips, down to what that block stands on; metres, below 0 where they touch.

    An upright hand has both by its measures; a tilted one dips on one side.
    """
    pose = pose_tool_in_base
    to_hand = _nearest(pose, [_hand(edge_m, gripper)], [block], edge_m, 0.0)
    sides = gripper.finger_width_m / 2.0 * np.array([-1.0, 1.0])
    tips = np.array([[x, 0.0, gripper.tip_below_tool_m] for x in sides])
    lowest = float(np.min(pose.transform_points(tips)[:, 2]))
    return min(to_hand, lowest - (float(block.position[2]) - edge_m / 2.0))


def _hand(edge_m: float, gripper: GripperGeometry) -> tuple[coal.Box, Array]:
    """The hand as far up as a block could stand beside it, and its centre in the tool frame."""
    hand = coal.Box(gripper.hand_depth_m, gripper.hand_length_m, edge_m)
    return hand, np.array([0.0, 0.0, -gripper.hand_above_tool_m - edge_m / 2.0])


def _nearest(
    pose_tool_in_base: Pose,
    parts: Sequence[tuple[coal.Box, Array]],
    blocks: Sequence[Block],
    edge_m: float,
    approach_m: float,
) -> float:
    """Distance of the parts, on a vertical way down to the pose, to the nearest block."""
    # Gripper from above and block at rest, or gripper at rest and block from below: the same. And
    # an upright block, swept downwards, is a box whatever the gripper's tilt.
    cube = coal.Box(edge_m, edge_m, edge_m + approach_m)
    below = np.array([0.0, 0.0, -approach_m / 2.0])
    nearest, rotation = np.inf, pose_tool_in_base.rotation
    request = coal.DistanceRequest()
    for shape, offset in parts:
        placed = coal.Transform3s(rotation, pose_tool_in_base.transform_points(offset))
        for block in blocks:
            there = coal.Transform3s(block.pose.rotation, block.position + below)
            result = coal.DistanceResult()
            nearest = min(nearest, coal.distance(shape, placed, cube, there, request, result))
    return float(nearest)
