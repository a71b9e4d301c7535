"""A parallel gripper as three boxes, and how far a hand keeps from blocks on a vertical way down.

Its defaults are the Franka Hand's; the sizes of another stand in the group `gripper` of its file in
config/. A hand with a suction cup is in `suction_cup.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import coal
import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_control.grasping.suction_cup import SuctionCup
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

    # The pads stay flat on a block about which the hand is tilted, along y of the tool frame.
    tilts_about_closing_axis = True

    def parts(self) -> list[tuple[coal.Box, Array]]:
        """The open fingers as boxes, and their centres in the tool frame."""
        height = self.hand_above_tool_m + self.tip_below_tool_m
        finger = coal.Box(self.finger_width_m, self.finger_thickness_m, height)
        y = (self.max_opening_m + self.finger_thickness_m) / 2.0
        # z of the tool frame points out of the hand: the boxes extend to negative z from the tips.
        z = self.tip_below_tool_m - height / 2.0
        return [(finger, np.array([0.0, y, z])), (finger, np.array([0.0, -y, z]))]

    def fits(self, pose_tool_in_base: Pose, block: Block) -> bool:
        """Whether the sides that the fingers take stand upright.

        Of a block that leans on something those do that its axis goes through.
        """
        if block.lean_axis is None:
            return True
        axis = np.array([np.cos(block.lean_axis), np.sin(block.lean_axis)])
        return abs(float(pose_tool_in_base.rotation[:2, 1] @ axis)) > np.sqrt(0.5)

    def room_sigmas(self, pose_tool_in_base: Pose, block: Block, edge_m: float) -> float:
        """Room between a finger of the open hand and the block's face, in sigmas of its place.

        The face is unsure by the position along the closing axis, and by the yaw at its ends.
        """
        closing = pose_tool_in_base.rotation[:, 1]
        variance = float(closing @ block.covariance @ closing) + (edge_m / 2 * block.yaw_sigma) ** 2
        room = (self.max_opening_m - edge_m) / 2
        return room / max(float(np.sqrt(variance)), 1e-6)

    def check_edge(self, edge_m: float) -> None:
        """Raises ConfigurationError where a block is too wide for the gripper."""
        if edge_m >= self.max_opening_m:
            raise ConfigurationError(
                f"edge {edge_m} m: the gripper opens to {self.max_opening_m} m only; wanted a "
                "smaller block or a wider gripper"
            )


Hand = GripperGeometry | SuctionCup


def clearance(
    pose_tool_in_base: Pose,
    others: Sequence[Block],
    edge_m: float,
    gripper: Hand,
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
    parts = [*gripper.parts(), _hand(edge_m, gripper)]
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


def _hand(edge_m: float, gripper: Hand) -> tuple[coal.Box, Array]:
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
