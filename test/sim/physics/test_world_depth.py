"""Depth images of a physics world: surfaces are where they are, errors as large as a camera's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_common.geometry import Pose
from simreal_sim.physics.intruder import Intruder
from simreal_sim.physics.world import World
from simreal_sim.physics.world_depth import DepthCamera
from simreal_sim.physics.world_randomization import SceneOptions, draw_scene

UPRIGHT = np.array([0.0, 0.0, 0.0, 1.0])
BOX = np.array([0.2, 0.2, 0.1])


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World(draw_scene(np.random.default_rng(3), SceneOptions(blocks=2))) as world:
        yield world


def points(camera: DepthCamera, depth: np.ndarray) -> np.ndarray:
    """In the world, shape (H, W, 3)."""
    height, width = depth.shape
    pixels = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)
    flat = camera.camera.normalize(pixels.astype(float))
    rays = np.concatenate([flat, np.ones((height, width, 1))], axis=-1)
    return camera.pose_in_world.transform_points(rays * depth[..., None])


def test_the_table_is_flat_and_blocks_are_as_high_as_they_are(world: World) -> None:
    camera = DepthCamera(world, 2, None)
    depth = camera.capture()
    assert depth.shape == (camera.camera.height, camera.camera.width) == (240, 320)
    seen = points(camera, depth)
    # Before the arm nothing stands there but blocks, which are higher, and some other things.
    about = (np.abs(seen[..., 0] - 0.5) < 0.2) & (np.abs(seen[..., 1]) < 0.3)
    bare = about & (np.abs(seen[..., 2]) < 0.01)
    assert bare.sum() > 0.7 * about.sum() > 1000
    assert np.percentile(np.abs(seen[bare][:, 2]), 95) < 0.001
    for name, pose in world.block_poses().items():
        above = np.linalg.norm(seen[..., :2] - pose.position[:2], axis=-1) < 0.015
        assert np.percentile(seen[above][:, 2], 90) == pytest.approx(0.05, abs=0.003), name


def test_errors_are_some_millimetres_and_some_pixels_are_lost(world: World) -> None:
    exact = DepthCamera(world, 2, None).capture()
    noisy = DepthCamera(world, 2, 1).capture()
    again = DepthCamera(world, 2, 1).capture()
    np.testing.assert_array_equal(noisy, again)
    told = (noisy > 0) & (exact > 0)
    assert 0.9 < told.mean() / (exact > 0).mean() < 0.999
    off = (noisy - exact)[told & (exact < 1.2)]
    assert 0.0005 < off.std() < 0.004
    assert abs(off.mean()) < 0.0005


def test_what_somebody_holds_into_it_is_seen_and_solid(world: World) -> None:
    place = Pose(np.array([0.5, 0.0, 0.05]), UPRIGHT)
    camera = DepthCamera(world, 2, None)
    before = points(camera, camera.capture())[..., 2]
    hand = Intruder(world, "a hand", BOX, Pose(np.array([0.5, 0.9, 0.05]), UPRIGHT))
    hand.move(place)
    seen = points(camera, camera.capture())
    on_top = np.abs(seen[..., :2] - [0.5, 0.0]).max(axis=-1) < 0.09
    assert np.median(seen[on_top][:, 2]) == pytest.approx(0.1, abs=0.003)
    assert world.body_names()[hand.body] == "a hand"
    assert 0.05 < hand.distance_m(1.0) < 0.6
    assert hand.distance_m(0.01) == np.inf
    hand.remove()
    np.testing.assert_allclose(points(camera, camera.capture())[..., 2], before)
    assert "a hand" not in world.body_names().values()
