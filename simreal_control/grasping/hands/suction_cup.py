"""A vacuum gripper with one cup: its measures, and what it needs of a block's top face."""

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
from simreal_control.planning.finger_mapping import FingerMapping
from simreal_control.robot_interface.task_io import ArmState, SwitchSuction
from simreal_control.world_model.block_map import Block

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SuctionCup(Hand):
    """One round cup below a hand; the tool frame's origin is the middle of its lip, z out of it.

    Args:
        cup_radius_m: of the lip.
        press_m: how far the lip is pressed into a face; it gives way by that.
        hand_above_tool_m: from the lip up to the underside of the hand.
        hand_length_m, hand_depth_m: of the hand, along the tool frame's y and x.
    """

    cup_radius_m: float = 0.015
    press_m: float = 0.002
    hand_above_tool_m: float = 0.040
    hand_length_m: float = 0.060
    hand_depth_m: float = 0.060

    driven = False
    # It needs a face that it is flat on: no tilted hand, no block that leans.
    tilts_about_closing_axis = False

    @classmethod
    def from_parameters(cls, gripper: Mapping[str, Any]) -> SuctionCup:
        return cls(
            cup_radius_m=gripper["cup_radius"],
            press_m=gripper["cup_press"],
            hand_above_tool_m=gripper["hand_above_tool"],
            hand_length_m=gripper["hand_length"],
            hand_depth_m=gripper["hand_depth"],
        )

    @property
    def tip_below_tool_m(self) -> float:
        """How far the lip, where nothing presses it, reaches beyond the tool point."""
        return self.press_m

    def parts(self) -> list[tuple[coal.Box, Array]]:
        """The cup as a box, and its centre in the tool frame."""
        wide, high = 2.0 * self.cup_radius_m, self.hand_above_tool_m
        return [(coal.Box(wide, wide, high), np.array([0.0, 0.0, -high / 2.0]))]

    def words(self, fingers: FingerMapping) -> str:
        return f"a suction cup of {2000 * self.cup_radius_m:.0f} mm"

    def check_edge(self, edge_m: float) -> None:
        """Raises ConfigurationError where the cup is wider than the face of a block."""
        if edge_m <= 2.0 * self.cup_radius_m:
            raise ConfigurationError(
                f"edge {edge_m} m: the cup is {2.0 * self.cup_radius_m:g} m wide; wanted a larger "
                "block or a smaller gripper.cup_radius"
            )

    def tool_above_centre_m(self, edge_m: float, chosen_m: float) -> float:
        """It holds a block by the top: there is no choice."""
        return edge_m / 2.0 - self.press_m

    def fits(self, pose_tool_in_base: Pose, block: Block) -> bool:
        """Whether the block offers the cup a face at that pose."""
        return block.lean_axis is None

    def room_sigmas(self, pose_tool_in_base: Pose, block: Block, edge_m: float) -> float:
        """Room from the lip to the rim of the face, in sigmas of where that is."""
        variance = float(np.linalg.eigvalsh(block.covariance[:2, :2])[-1])
        room = edge_m / 2.0 - self.cup_radius_m
        return room / max(float(np.sqrt(variance)), 1e-6)

    def holding(self, arm: ArmState, edge_m: float) -> bool | None:
        """Whether the cup has a vacuum."""
        return arm.grip_sensed

    def wide_open(self, arm: ArmState) -> bool | None:
        """A cup with a vacuum is not open. One without may be switched on or off."""
        return False if arm.grip_sensed else None

    def not_open(self, arm: ArmState) -> str:
        return "the cup still holds something"

    def open_command(self, number: int, effort_n: float) -> SwitchSuction:
        return SwitchSuction(number, False)

    def close_command(self, number: int, effort_n: float) -> SwitchSuction:
        return SwitchSuction(number, True)
