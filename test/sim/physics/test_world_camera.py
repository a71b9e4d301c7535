"""The images: what the camera model says is where the renderer puts it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_common.camera import Camera
from simreal_common.geometry import Pose
from simreal_sim.physics.arms.registry import SIMULATED_ARMS
from simreal_sim.physics.world import World
from simreal_sim.physics.world_camera import (
    CameraMount,
    WorldCamera,
    projection_matrix,
    view_matrix,
)
from simreal_sim.physics.world_randomization import (
    MAX_BLOCKS,
    SceneOptions,
    draw_scene,
)
from simreal_sim.physics.world_ranges import ZONE_X, ZONE_Y

# Drawn before there was a second camera.
FIXED_OF_SEED_1 = (1.1338115, 0.0035681, 0.6432455)
CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])


def segmentation(world: World, camera: Camera, pose_in_world: Pose) -> np.ndarray:
    """Body seen in each pixel, shape (height, width)."""
    _, _, _, _, bodies = world.bullet.getCameraImage(
        camera.width,
        camera.height,
        view_matrix(pose_in_world).T.reshape(-1).tolist(),
        projection_matrix(camera).T.reshape(-1).tolist(),
        renderer=world.bullet.ER_TINY_RENDERER,
        physicsClientId=world.client,
    )
    return np.reshape(bodies, (camera.height, camera.width))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_block_of_the_zone_is_seen_whole_where_the_camera_model_puts_it(seed: int) -> None:
    """Neither arm, distractors nor the image's border hide a block before the arm moves."""
    scene = draw_scene(np.random.default_rng(seed), SceneOptions(blocks=3, width=640, height=480))
    with World(scene) as world:
        bodies = segmentation(world, scene.camera, scene.pose_camera_in_world)
        first = 2  # after table and wall
        for index, (name, pose) in enumerate(world.block_poses().items()):
            pose_in_camera = scene.pose_camera_in_world.inverse() @ pose
            corners = pose_in_camera.transform_points(0.025 * CORNERS)
            pixels = scene.camera.project(corners).astype(np.float32)
            assert (pixels > 5).all()
            assert (pixels < [635, 475]).all()
            outline = cv2.moments(cv2.convexHull(pixels))
            center = np.array([outline["m10"], outline["m01"]]) / outline["m00"]
            rows, columns = np.nonzero(bodies == first + index)
            assert rows.size == pytest.approx(outline["m00"], rel=0.1), f"{name} is partly hidden"
            if rows.size > 0.99 * outline["m00"]:  # no other block in front of it
                seen = np.array([columns.mean(), rows.mean()])
                np.testing.assert_allclose(seen, center, atol=0.1)


def test_the_whole_zone_lies_in_the_image_for_every_camera_pose() -> None:
    zone = np.array([[x, y, z] for x in (0.31, 0.69) for y in (-0.29, 0.29) for z in (0.0, 0.05)])
    for seed in range(50):
        scene = draw_scene(np.random.default_rng(seed), SceneOptions())
        seen = scene.pose_camera_in_world.inverse().transform_points(zone)
        pixels = scene.camera.project(seen)
        assert (pixels > 0).all()
        assert (pixels < [640, 480]).all()


def test_a_tower_as_high_as_the_arm_builds_it_is_in_the_image() -> None:
    scene = draw_scene(np.random.default_rng(1), SceneOptions())
    top = scene.pose_camera_in_world.inverse().transform_points([0.5, 0.0, 0.05 * 4])
    assert 0 < scene.camera.project(top)[1] < 480


@pytest.mark.parametrize("robot", list(SIMULATED_ARMS))
def test_a_camera_on_the_hand_sees_the_zone_from_home_and_moves_with_the_arm(robot: str) -> None:
    arm = SIMULATED_ARMS[robot]
    scene = draw_scene(np.random.default_rng(1), SceneOptions())
    with World(scene, arm) as world:
        camera = WorldCamera(world, mount=CameraMount.WRIST)
        zone = np.array([[x, y, 0.025] for x in ZONE_X for y in ZONE_Y])
        pixels = camera.camera.project(camera.pose_in_world.inverse().transform_points(zone))
        assert (pixels > 0).all()
        assert (pixels < [640, 480]).all()
        before, tool = camera.pose_in_world, world.link_poses()[arm.tool_link]
        for _ in range(100):
            world.command_arm(np.array(arm.home) + 0.2)
            world.step()
        after, moved = camera.pose_in_world, world.link_poses()[arm.tool_link]
    assert np.linalg.norm(after.position - before.position) > 0.02
    np.testing.assert_allclose(
        (tool.inverse() @ before).matrix, (moved.inverse() @ after).matrix, atol=1e-6
    )


def test_neither_the_hand_nor_a_block_in_it_is_before_a_camera_on_the_hand() -> None:
    scene = draw_scene(np.random.default_rng(1), SceneOptions(blocks=1))
    with World(scene) as world:
        tool = world.link_poses()[world.arm.tool_link]
        world.place_block("block_0", Pose(tool.position, np.array([0.0, 0.0, 0.0, 1.0])))
        camera = WorldCamera(world, mount=CameraMount.WRIST)
        bodies = segmentation(world, camera.camera, camera.pose_in_world)
        held = 2  # after table and wall
        assert not np.isin(bodies, [world.robot, held]).any()


def test_the_fixed_camera_of_a_seed_is_what_it_was_before_there_was_another() -> None:
    scene = draw_scene(np.random.default_rng(1), SceneOptions())
    np.testing.assert_allclose(scene.pose_camera_in_world.position, FIXED_OF_SEED_1, atol=1e-6)


def test_images_follow_the_world_and_noise_is_fresh_in_each() -> None:
    options = SceneOptions(blocks=MAX_BLOCKS, width=160, height=120)
    with World(draw_scene(np.random.default_rng(1), options)) as world:
        camera = WorldCamera(world)
        first, second = camera.render(), camera.render()
    assert first.shape == (120, 160, 3)
    assert first.dtype == np.uint8
    assert first.std() > 5
    difference = first.astype(int) - second
    assert 0 < np.abs(difference).mean() < 8
