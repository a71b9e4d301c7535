"""The suction cup in physics: it holds what its whole lip is on, and no more than a vacuum bears."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_common.geometry import Pose
from simreal_sim.physics.arms.kuka_suction import KUKA_SUCTION
from simreal_sim.physics.arms.panda import PANDA
from simreal_sim.physics.world import STEP_S, World
from simreal_sim.physics.world_randomization import SceneOptions, draw_scene

ON, OFF = KUKA_SUCTION.finger_closed, KUKA_SUCTION.finger_open


@pytest.fixture
def world() -> Iterator[World]:
    options = SceneOptions(blocks=1, distractors=0, randomized_groups=())
    with World(draw_scene(np.random.default_rng(1), options), KUKA_SUCTION) as world:
        yield world


def run(world: World, seconds: float) -> None:
    for _ in range(round(seconds / STEP_S)):
        world.step()


def the_block(world: World) -> tuple[str, float]:
    (block,) = world.scene.blocks
    return block.name, block.edge


def put_below_lip(world: World, gap: float = 0.0, aside: float = 0.0, tilt: float = 0.0) -> None:
    """The block's top face at the lip of the cup at home, in the air."""
    name, edge = the_block(world)
    tool = world.link_poses()[world.arm.tool_link]
    at = tool.position - [0.0, 0.0, edge / 2 + gap] + np.array([aside, 0.0, 0.0])
    world.place_block(name, Pose(at, np.array([0.0, np.sin(tilt / 2), 0.0, np.cos(tilt / 2)])))


def height(world: World) -> float:
    return float(world.block_poses()[the_block(world)[0]].position[2])


def test_a_block_hangs_at_the_cup_until_that_is_switched_off(world: World) -> None:
    world.command_hand(ON, 0.0)
    put_below_lip(world)
    before = height(world)
    run(world, 1.0)
    assert world.grip_sensed is True
    assert height(world) == pytest.approx(before, abs=5e-4)
    world.command_hand(OFF, 0.0)
    assert world.grip_sensed is False
    run(world, 0.2)
    assert height(world) < before - 0.1


def test_a_block_is_carried_along(world: World) -> None:
    world.command_hand(ON, 0.0)
    put_below_lip(world)
    world.step()
    name, _ = the_block(world)
    tool = world.link_poses()[world.arm.tool_link]
    before = tool.inverse() @ world.block_poses()[name]
    start, turn = np.array(world.arm.home), np.array([0.4, 0.1, 0.0, 0.1, 0.0, 0.0, 0.6])
    for share in np.linspace(0.0, 1.0, 240):
        world.command_arm(start + share * turn, turn)
        world.step()
    after = world.link_poses()[world.arm.tool_link].inverse() @ world.block_poses()[name]
    np.testing.assert_allclose(after.position, before.position, atol=2e-3)
    np.testing.assert_allclose(after.rotation, before.rotation, atol=0.02)


@pytest.mark.parametrize(
    ("gap", "aside", "tilt"), [(0.006, 0.0, 0.0), (0.0, 0.015, 0.0), (0.0, 0.0, 0.3)]
)
def test_a_lip_that_leaks_holds_nothing(
    world: World, gap: float, aside: float, tilt: float
) -> None:
    world.command_hand(ON, 0.0)
    put_below_lip(world, gap, aside, tilt)
    run(world, 0.3)
    assert world.grip_sensed is False
    assert height(world) < 0.9 * world.link_poses()[world.arm.tool_link].position[2]


def test_what_is_pulled_off_is_lost(world: World) -> None:
    world.command_hand(ON, 0.0)
    put_below_lip(world)
    run(world, 0.1)
    name, _ = the_block(world)
    body = next(body for body, one in world.body_names().items() if one == name)
    for _ in range(30):
        world.bullet.applyExternalForce(
            body, -1, [0.0, 0.0, -80.0], world.block_poses()[name].position.tolist(),
            world.bullet.WORLD_FRAME, physicsClientId=world.client,
        )  # fmt: skip
        world.step()
    assert world.grip_sensed is False


def test_a_cup_that_leaks_loses_the_block_until_it_is_switched_on_again(world: World) -> None:
    world.command_hand(ON, 0.0)
    put_below_lip(world)
    run(world, 0.1)
    world.lose_block(the_block(world)[0])
    run(world, 0.2)
    assert world.grip_sensed is False
    world.command_hand(ON, 0.0)
    put_below_lip(world)
    run(world, 0.1)
    assert world.grip_sensed is True


def test_a_block_that_is_taken_away_is_held_no_more(world: World) -> None:
    world.command_hand(ON, 0.0)
    put_below_lip(world)
    run(world, 0.1)
    world.remove_block(the_block(world)[0])
    run(world, 0.1)
    assert world.grip_sensed is False


def test_fingers_have_no_vacuum() -> None:
    options = SceneOptions(blocks=1, distractors=0)
    with World(draw_scene(np.random.default_rng(1), options), PANDA) as world:
        assert world.grip_sensed is None
