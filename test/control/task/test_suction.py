"""A task with a suction cup: a tower, a lost block, a cup that leaks, and one that tells nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pybullet", reason="the simulation brings the robot's description")

import pybullet_data

from simreal_common.geometry import Pose
from simreal_control.assembly import Assembly, assemble
from simreal_control.control_configuration import robot_parameters
from simreal_control.robot_interface.task_io import Command, Inputs, SwitchSuction
from simreal_control.task.task_planning.goal import Goal
from simreal_sim.physics.arms.kuka_suction import KUKA_SUCTION

from ..conftest import EDGE, FakeWorld, Rig, block_pose

LIP_M = 0.004  # a face so near to the lip is taken hold of
BLOCKS = ((0.50, -0.12), (0.55, 0.10))


@dataclass
class SuctionWorld(FakeWorld):
    """The same with a cup instead of fingers."""

    tells: bool = True

    def execute(self, command: Command) -> None:
        if isinstance(command, SwitchSuction):
            self._fingers = (command.number, 0.0 if command.on else 1.0, self.now + 0.4)
        else:
            super().execute(command)

    def step(self) -> Inputs:
        inputs = super().step()
        assert inputs.arm is not None
        vacuum = self.held is not None if self.tells else None
        return replace(inputs, arm=replace(inputs.arm, opening_m=None, grip_sensed=vacuum))

    def _move_fingers(self, tool: Pose, opening: float) -> None:
        if opening > 0.0:
            if self.held is not None:
                self._let_go(tool)
            return
        if self.held is not None:
            return
        for number, pose in enumerate(self.blocks):
            at = tool.inverse() @ pose
            off = np.abs(at.position - [0.0, 0.0, EDGE / 2])
            if np.all(off < [0.01, 0.01, LIP_M]) and not self._fault("slip"):
                self.held, self._grip = number, at


@pytest.fixture(scope="module")
def suction() -> Assembly:
    urdf = KUKA_SUCTION.describe(Path(pybullet_data.getDataPath()), "")
    return assemble(robot_parameters("kuka_suction"), urdf)


@pytest.fixture
def make_suction_rig(suction: Assembly) -> Callable[..., Rig]:
    def make(seed: int = 0, **options: object) -> Rig:
        world = SuctionWorld(
            suction.arm,
            np.random.default_rng(seed),
            [block_pose(x, y, yaw=0.2) for x, y in BLOCKS],
            joints=suction.config.home.copy(),
            **options,  # type: ignore[arg-type]
        )
        return Rig(world, replace(suction, config=replace(suction.config, goal=Goal(blocks=2))))

    return make


def test_a_cup_that_tells_nothing_builds_too(make_suction_rig: Callable[..., Rig]) -> None:
    rig = make_suction_rig(tells=False)
    assert rig.run().status.success, rig.log
    assert rig.world.tower() == 2


def test_a_block_that_comes_off_on_the_way_is_noticed(
    make_suction_rig: Callable[..., Rig],
) -> None:
    rig = make_suction_rig(faults={"drop": 1})
    assert rig.run().status.success, rig.log
    assert any("the block was lost on the way" in line for line in rig.log)


def test_a_cup_that_leaks_is_tried_again(make_suction_rig: Callable[..., Rig]) -> None:
    rig = make_suction_rig(faults={"slip": 1})
    assert rig.run().status.success, rig.log
    assert any("the hand closed on nothing" in line for line in rig.log)


def test_a_block_at_the_cup_from_before_is_kept(make_suction_rig: Callable[..., Rig]) -> None:
    rig = make_suction_rig()
    while rig.world.held is None:
        rig.run(0.0)
    rig.run(0.5)
    rig.restart()
    rig.log.clear()
    assert rig.run().status.success, rig.log
    assert any("there is a block in the hand" in line for line in rig.log)
    assert rig.world.tower() == 2
