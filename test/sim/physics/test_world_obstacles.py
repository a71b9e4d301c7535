"""Obstacles in the physics: drawn where blocks can be reached and seen; solid, named, counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simreal_common.geometry import Pose
from simreal_common.settings.obstacles import Obstacle, obstacles_text, parse_obstacles

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_sim.physics.arms.panda import PANDA
from simreal_sim.physics.arms.registry import SIMULATED_ARMS, simulated_arm
from simreal_sim.physics.world import World
from simreal_sim.physics.world_obstacles import CLEAR_OF_BLOCK_M, draw_obstacles
from simreal_sim.physics.world_randomization import SceneOptions, draw_scene

OPTIONS = SceneOptions(width=160, height=120)


@pytest.mark.parametrize("seed", range(8))
def test_drawn_obstacles_leave_room_and_view(seed: int) -> None:
    scene = draw_scene(np.random.default_rng(seed), OPTIONS)
    drawn = draw_obstacles(np.random.default_rng(seed), scene, 3, PANDA)
    assert drawn
    eye = scene.pose_camera_in_world.position
    for one in drawn:
        assert one.pose.position[2] == pytest.approx(one.size[2] / 2)
        for block in scene.blocks:
            assert one.distance_from_above(block.pose.position) >= CLEAR_OF_BLOCK_M
            assert not one.hides(eye, block.pose.position)
    again = draw_obstacles(np.random.default_rng(seed), scene, 3, PANDA)
    assert obstacles_text(again) == obstacles_text(drawn)


@pytest.mark.parametrize("robot", SIMULATED_ARMS)
def test_obstacles_stand_where_control_is_told_that_they_do(robot: str) -> None:
    arm = simulated_arm(robot)
    scene = draw_scene(np.random.default_rng(3), OPTIONS)
    drawn = draw_obstacles(np.random.default_rng(3), scene, 2, arm)
    told = parse_obstacles(obstacles_text(drawn), arm.table_height_m)
    with World(scene, arm, obstacles=told) as world:
        assert sorted(world.obstacles.values()) == sorted(one.name for one in drawn)
        for body, name in world.obstacles.items():
            at = arm.pose_base_in_world.inverse() @ world.body_pose(body)
            (one,) = (one for one in told if one.name == name)
            np.testing.assert_allclose(at.position, one.pose.position, atol=1e-6)
            np.testing.assert_allclose(at.rotation, one.pose.rotation, atol=1e-6)
            assert world.body_pose(body).position[2] == pytest.approx(one.size[2] / 2, abs=1e-5)
            assert world.body_names()[body] == name


def test_a_block_that_falls_on_an_obstacle_lies_on_it() -> None:
    scene = draw_scene(np.random.default_rng(1), replace(OPTIONS, distractors=0))
    top = 0.1
    table = Obstacle(
        "box", Pose(np.array([0.5, 0.3, top / 2]), np.array([0, 0, 0, 1.0])), np.full(3, top)
    )
    with World(scene, obstacles=[table]) as world:
        name = scene.blocks[0].name
        world.place_block(name, Pose(np.array([0.5, 0.3, 0.14]), np.array([0, 0, 0, 1.0])))
        for _ in range(240):
            world.step()
        height = world.block_poses()[name].position[2]
        assert height == pytest.approx(top + OPTIONS.edge / 2, abs=0.002)
