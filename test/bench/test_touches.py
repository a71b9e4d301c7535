"""The simulated robot counts what arm and carried block touch."""

from __future__ import annotations

import numpy as np
import pytest

from simreal_common.geometry import Pose
from simreal_common.settings.obstacles import Obstacle

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_bench.simulated_robot.robot_in_physics import RobotInPhysics
from simreal_sim.physics.arms.panda import PANDA
from simreal_sim.physics.world import World
from simreal_sim.physics.world_randomization import SceneOptions, draw_scene

UPRIGHT = np.array([0.0, 0.0, 0.0, 1.0])
SCENE = draw_scene(np.random.default_rng(1), SceneOptions(width=160, height=120, distractors=0))


def tool_at_home() -> np.ndarray:
    with World(SCENE) as world:
        return world.link_poses()[PANDA.tool_link].position


def test_a_held_block_on_an_obstacle_is_a_touch_and_elsewhere_none() -> None:
    tool = tool_at_home()
    under = tool[2] - SCENE.blocks[0].edge / 2
    size = np.array([0.02, 0.02, under])
    post = Obstacle("post", Pose(np.append(tool[:2], under / 2), UPRIGHT), size)
    with World(SCENE, obstacles=[post]) as world:
        robot = RobotInPhysics(world, lambda now: None)
        robot.step()
        assert robot.collisions == []
        world.place_block(SCENE.blocks[0].name, Pose(np.add(tool, [0.0, 0.0, 0.0005]), UPRIGHT))
        for _ in range(4):
            robot.step()
        assert {(what, other) for _, what, other in robot.collisions} == {
            ("the held block", "post")
        }


def test_a_link_in_an_obstacle_is_a_touch() -> None:
    at = np.add(tool_at_home(), [0.0, 0.0, 0.07])
    beam = Obstacle("beam", Pose(at, UPRIGHT), np.array([0.3, 0.3, 0.02]))
    with World(SCENE, obstacles=[beam]) as world:
        robot = RobotInPhysics(world, lambda now: None)
        robot.step()
        assert robot.collisions
        assert {other for _, _, other in robot.collisions} == {"beam"}
