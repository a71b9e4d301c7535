"""A kind of hand that nobody has thought of: its class is all that a task needs of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import coal
import numpy as np

from simreal_common.geometry import Pose
from simreal_control.assembly import Assembly
from simreal_control.grasping.hands.hand import Hand
from simreal_control.planning.finger_mapping import FingerMapping
from simreal_control.robot_interface.task_io import ArmState, Command, HandCommand, Inputs
from simreal_control.task.task_planning.goal import Goal
from simreal_control.world_model.block_map import Block

from ..conftest import FakeWorld, Rig, block_pose


@dataclass(frozen=True)
class Magnetize(HandCommand):
    """Lets a current flow, amperes."""

    amperes: float

    @property
    def told(self) -> dict[str, Any]:
        return {"amperes": self.amperes}


@dataclass(frozen=True)
class Magnet(Hand):
    """Holds a block about its middle, and feels whether one is there."""

    pole_m: float = 0.02
    tip_below_tool_m: float = 0.008
    hand_above_tool_m: float = 0.04
    hand_length_m: float = 0.06
    hand_depth_m: float = 0.06

    driven = False
    tilts_about_closing_axis = False

    @classmethod
    def from_parameters(cls, gripper: Mapping[str, Any]) -> Magnet:
        return cls(hand_length_m=gripper["hand_length"])

    def parts(self) -> list[tuple[coal.Box, Any]]:
        return [(coal.Box(self.pole_m, self.pole_m, 0.04), np.array([0.0, 0.0, -0.02]))]

    def words(self, fingers: FingerMapping) -> str:
        return "a magnet"

    def check_edge(self, edge_m: float) -> None:
        """It holds any."""

    def tool_above_centre_m(self, edge_m: float, chosen_m: float) -> float:
        return chosen_m

    def fits(self, pose_tool_in_base: Pose, block: Block) -> bool:
        return block.lean_axis is None

    def room_sigmas(self, pose_tool_in_base: Pose, block: Block, edge_m: float) -> float:
        return 10.0

    def holding(self, arm: ArmState, edge_m: float) -> bool | None:
        return arm.grip_sensed

    def wide_open(self, arm: ArmState) -> bool | None:
        return None if arm.grip_sensed is None else not arm.grip_sensed

    def not_open(self, arm: ArmState) -> str:
        return "something sticks to the magnet"

    def open_command(self, number: int, effort_n: float) -> Magnetize:
        return Magnetize(number, 0.0)

    def close_command(self, number: int, effort_n: float) -> Magnetize:
        return Magnetize(number, 2.0)


@dataclass
class MagnetWorld(FakeWorld):
    """A magnet where the fingers were."""

    told: list[float] = field(default_factory=list)

    def execute(self, command: Command) -> None:
        if isinstance(command, Magnetize):
            self.told.append(command.amperes)
            opening = 0.0 if command.amperes else 1.0
            self._fingers = (command.number, opening, self.now + 0.4)
        else:
            super().execute(command)

    def step(self) -> Inputs:
        inputs = super().step()
        assert inputs.arm is not None
        arm = replace(inputs.arm, opening_m=None, grip_sensed=self.held is not None)
        return replace(inputs, arm=arm)


def test_a_tower_is_built_by_a_hand_that_only_its_class_knows(assembly: Assembly) -> None:
    config = replace(assembly.config, gripper=Magnet(), goal=Goal(blocks=2))
    blocks = [block_pose(0.50, -0.12, yaw=0.2), block_pose(0.55, 0.10)]
    world = MagnetWorld(assembly.arm, np.random.default_rng(0), blocks)
    rig = Rig(world, replace(assembly, config=config))
    assert rig.assembly.hand == "a magnet"
    assert rig.run().status.success, rig.log
    assert world.tower() == 2
    assert set(world.told) == {0.0, 2.0}
