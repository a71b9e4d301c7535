"""A parallel gripper as three boxes: its measures, and what it needs of a block's sides.

Its defaults are the Franka Hand's; the sizes of another stand in the group `gripper` of its file in
config/.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import coal
import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_control.grasping.hands.hand import Hand
from simreal_control.grasping.hands.hand_clearance import carrier, nearest
from simreal_control.planning.finger_mapping import FingerMapping
from simreal_control.robot_interface.task_io import ArmState, MoveGripper
from simreal_control.world_model.block_map import Block

Array = NDArray[np.float64]

# Fingers closed on a block stand within this of its edge; on nothing they close much further.
HOLDING_TOLERANCE_M = 0.012
OPEN_TOLERANCE_M = 0.006


@dataclass(frozen=True)
class ParallelGripper(Hand):
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

    driven = True
    # The pads stay flat on a block about which the hand is tilted.
    tilts_about_closing_axis = True

    @classmethod
    def from_parameters(cls, gripper: Mapping[str, Any]) -> ParallelGripper:
        return cls(
            max_opening_m=gripper["max_opening"],
            finger_thickness_m=gripper["finger_thickness"],
            finger_width_m=gripper["finger_width"],
            tip_below_tool_m=gripper["tip_below_tool"],
            hand_above_tool_m=gripper["hand_above_tool"],
            hand_length_m=gripper["hand_length"],
            hand_depth_m=gripper["hand_depth"],
        )

    def parts(self) -> list[tuple[coal.Box, Array]]:
        """The open fingers as boxes, and their centres in the tool frame."""
        height = self.hand_above_tool_m + self.tip_below_tool_m
        finger = coal.Box(self.finger_width_m, self.finger_thickness_m, height)
        y = (self.max_opening_m + self.finger_thickness_m) / 2.0
        # z of the tool frame points out of the hand: the boxes extend to negative z from the tips.
        z = self.tip_below_tool_m - height / 2.0
        return [(finger, np.array([0.0, y, z])), (finger, np.array([0.0, -y, z]))]

    def words(self, fingers: FingerMapping) -> str:
        return fingers.words

    def check_edge(self, edge_m: float) -> None:
        """Raises ConfigurationError where a block is too wide for the gripper."""
        if edge_m >= self.max_opening_m:
            raise ConfigurationError(
                f"edge {edge_m} m: the gripper opens to {self.max_opening_m} m only; wanted a "
                "smaller block or a wider gripper"
            )

    def tool_above_centre_m(self, edge_m: float, chosen_m: float) -> float:
        return chosen_m

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

    def clearance_inside(self, pose_tool_in_base: Pose, block: Block, edge_m: float) -> float:
        """What is free between the fingers: from the hand to the block there, and, counted from the
        finger tips, down to what that block stands on; metres, below 0 where they touch.

        An upright hand has both by its measures; a tilted one dips on one side.
        """
        pose = pose_tool_in_base
        to_hand = nearest(pose, [carrier(edge_m, self)], [block], edge_m, 0.0)
        sides = self.finger_width_m / 2.0 * np.array([-1.0, 1.0])
        tips = np.array([[x, 0.0, self.tip_below_tool_m] for x in sides])
        lowest = float(np.min(pose.transform_points(tips)[:, 2]))
        return min(to_hand, lowest - (float(block.position[2]) - edge_m / 2.0))

    def holding(self, arm: ArmState, edge_m: float) -> bool | None:
        """Whether the fingers stand apart by a block."""
        if arm.opening_m is None:
            return None
        return arm.opening_m > edge_m - HOLDING_TOLERANCE_M

    def wide_open(self, arm: ArmState) -> bool | None:
        """Whether the fingers stand as wide apart as they can."""
        if arm.opening_m is None:
            return None
        return arm.opening_m > self.max_opening_m - OPEN_TOLERANCE_M

    def not_open(self, arm: ArmState) -> str:
        assert arm.opening_m is not None  # or nobody knew that it is not open
        return f"open by {1000 * arm.opening_m:.0f} mm"

    def open_command(self, number: int, effort_n: float) -> MoveGripper:
        return MoveGripper(number, self.max_opening_m, effort_n)

    def close_command(self, number: int, effort_n: float) -> MoveGripper:
        return MoveGripper(number, 0.0, effort_n)
