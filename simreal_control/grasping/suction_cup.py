"""A vacuum gripper with one cup: its measures, and what it needs of a block's top face."""

from __future__ import annotations

from dataclasses import dataclass

import coal
import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_control.world_model.block_map import Block

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SuctionCup:
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

    # It needs a face that it is flat on: no tilted hand, no block that leans.
    tilts_about_closing_axis = False

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (np.isfinite(value) and value > 0):
                raise ConfigurationError(f"gripper {name} = {value}: wanted metres above 0")

    @property
    def tip_below_tool_m(self) -> float:
        """How far the lip, where nothing presses it, reaches beyond the tool point."""
        return self.press_m

    @property
    def words(self) -> str:
        """For tables and logs."""
        return f"a suction cup of {2000 * self.cup_radius_m:.0f} mm"

    def check_edge(self, edge_m: float) -> None:
        """Raises ConfigurationError where the cup is wider than the face of a block."""
        if edge_m <= 2.0 * self.cup_radius_m:
            raise ConfigurationError(
                f"edge {edge_m} m: the cup is {2.0 * self.cup_radius_m:g} m wide; wanted a larger "
                "block or a smaller gripper.cup_radius"
            )

    def parts(self) -> list[tuple[coal.Box, Array]]:
        """The cup as a box, and its centre in the tool frame."""
        wide, high = 2.0 * self.cup_radius_m, self.hand_above_tool_m
        return [(coal.Box(wide, wide, high), np.array([0.0, 0.0, -high / 2.0]))]

    def fits(self, pose_tool_in_base: Pose, block: Block) -> bool:
        """Whether the block offers the cup a face at that pose."""
        return block.lean_axis is None

    def room_sigmas(self, pose_tool_in_base: Pose, block: Block, edge_m: float) -> float:
        """Room from the lip to the rim of the face, in sigmas of where that is."""
        variance = float(np.linalg.eigvalsh(block.covariance[:2, :2])[-1])
        room = edge_m / 2.0 - self.cup_radius_m
        return room / max(float(np.sqrt(variance)), 1e-6)
