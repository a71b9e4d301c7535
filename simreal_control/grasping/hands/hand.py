"""What an arm grips with, whatever its kind: all that planning and task ask of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import coal
import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_control.planning.finger_mapping import FingerMapping
from simreal_control.robot_interface.task_io import ArmState, HandCommand
from simreal_control.world_model.block_map import Block

Array = NDArray[np.float64]


class Hand(ABC):
    """A kind of hand: a frozen dataclass of its measures, entered in `registry.HANDS`.

    Metres, newtons, radians. The tool frame has its origin where a block is held (between the finger
    tips, in the lip of a cup), z out of the hand, y along the closing direction. Poses of the tool and
    positions of blocks are in the base frame, z up.

    Attributes:
        driven: joints of its own are told and commanded; what they say is its opening.
        tilts_about_closing_axis: it may hold a block while it is tilted along y of the tool frame.
    """

    driven: ClassVar[bool]
    tilts_about_closing_axis: ClassVar[bool]

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (np.isfinite(value) and value > 0):
                raise ConfigurationError(f"gripper {name} = {value}: wanted metres above 0")

    @classmethod
    @abstractmethod
    def from_parameters(cls, gripper: Mapping[str, Any]) -> Hand:
        """The hand by the parameters of the group `gripper`, by their names in it."""

    # --- shape -----------------------------------------------------------------------------------

    @property
    @abstractmethod
    def tip_below_tool_m(self) -> float:
        """How far it reaches, where nothing presses it, beyond the tool point."""

    @property
    @abstractmethod
    def hand_above_tool_m(self) -> float:
        """From the tool point up to the underside of what carries fingers or cup."""

    @property
    @abstractmethod
    def hand_length_m(self) -> float:
        """Of what carries them, along y of the tool frame."""

    @property
    @abstractmethod
    def hand_depth_m(self) -> float:
        """Of what carries them, along x of the tool frame."""

    @abstractmethod
    def parts(self) -> list[tuple[coal.Box, Array]]:
        """What is below that, open, as boxes; and their centres in the tool frame."""

    @abstractmethod
    def words(self, fingers: FingerMapping) -> str:
        """What it is and does, for tables and logs.

        Args:
            fingers: its openings, and positions of its joints.
        """

    # --- blocks ----------------------------------------------------------------------------------

    @abstractmethod
    def check_edge(self, edge_m: float) -> None:
        """Raises ConfigurationError where it cannot hold blocks of that edge."""

    @abstractmethod
    def tool_above_centre_m(self, edge_m: float, chosen_m: float) -> float:
        """Height of the tool point above the centre of a block that it holds.

        Args:
            chosen_m: what the parameters say, for a hand that can choose.
        """

    @abstractmethod
    def fits(self, pose_tool_in_base: Pose, block: Block) -> bool:
        """Whether the block offers it, at that pose, what it needs."""

    @abstractmethod
    def room_sigmas(self, pose_tool_in_base: Pose, block: Block, edge_m: float) -> float:
        """Room that it has for a block whose place is unsure, in sigmas of that place."""

    def clearance_inside(self, pose_tool_in_base: Pose, block: Block, edge_m: float) -> float:
        """What a tilted hand leaves free of the block that it is about, and of what that stands on;
        metres, below 0 where they touch. Infinite for one that is never tilted.
        """
        return np.inf

    # --- state -----------------------------------------------------------------------------------

    @abstractmethod
    def holding(self, arm: ArmState, edge_m: float) -> bool | None:
        """Whether it holds a block; None: nobody tells."""

    @abstractmethod
    def wide_open(self, arm: ArmState) -> bool | None:
        """Whether it is as open as it can be; None: nobody tells."""

    @abstractmethod
    def not_open(self, arm: ArmState) -> str:
        """How it is not, where `wide_open` is False, in words."""

    # --- commands --------------------------------------------------------------------------------

    @abstractmethod
    def open_command(self, number: int, effort_n: float) -> HandCommand:
        """What opens it.

        Args:
            number: of the command.
            effort_n: of fingers.
        """

    @abstractmethod
    def close_command(self, number: int, effort_n: float) -> HandCommand:
        """What closes it on a block; arguments as of `open_command`."""
