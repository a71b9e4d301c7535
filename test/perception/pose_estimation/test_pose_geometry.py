"""Crop cameras and PnP: exact corners give the exact pose, in any camera, anywhere in the image."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from simreal_common.camera import Camera
from simreal_common.geometry import Pose, cube_corners, cube_rotation_distance
from simreal_perception.pose_estimation.crop_camera import (
    CROP_BLOCK_RADIUS,
    CROP_SIZE,
    CropCamera,
    crop_cameras,
    crop_image,
)
from simreal_perception.pose_estimation.pnp import solve_pose

K = np.array([[610.0, 0, 319.5], [0, 612.0, 239.5], [0, 0, 1]])
CAMERAS = [
    Camera(640, 480, K, np.zeros(0)),
    Camera(640, 480, K, np.array([-0.23, 0.09, -0.003, 0.0003, 0.006])),
]


def block_in_view(seed: int) -> tuple[Camera, Pose, float]:
    rng = np.random.default_rng(seed)
    camera = CAMERAS[seed % 2]
    edge = rng.uniform(0.02, 0.1)
    pixel = rng.uniform([60, 60], [580, 420])
    ray = np.append(camera.normalize(pixel), 1.0)
    position = ray / np.linalg.norm(ray) * edge * rng.uniform(6, 30)
    return camera, Pose.from_rotation(Rotation.random(random_state=rng).as_matrix(), position), edge


def crop_of(camera: Camera, pose: Pose, edge: float) -> CropCamera:
    distance = np.linalg.norm(pose.position)
    radius = camera.matrix[0, 0] * edge * np.sqrt(3) / 2 / distance
    return crop_cameras(camera, camera.project(pose.position)[None], np.array([radius]))[0]


def in_crop(crop: CropCamera, points: np.ndarray) -> np.ndarray:
    local = points @ crop.rotation
    return local[:, :2] / local[:, 2:] * crop.focal + (CROP_SIZE - 1) / 2


@given(st.integers(0, 2**32 - 1))
def test_a_crop_camera_centres_the_block_at_its_standard_size(seed: int) -> None:
    camera, pose, edge = block_in_view(seed)
    crop = crop_of(camera, pose, edge)
    middle = in_crop(crop, pose.position[None])[0]
    np.testing.assert_allclose(middle, (CROP_SIZE - 1) / 2, atol=1e-3)
    corners = in_crop(crop, pose.transform_points(cube_corners(edge)))
    reach = np.linalg.norm(corners - middle, axis=1).max()
    assert 0.6 * CROP_BLOCK_RADIUS < reach < 1.3 * CROP_BLOCK_RADIUS


@given(st.integers(0, 2**32 - 1))
def test_exact_corners_give_the_exact_pose(seed: int) -> None:
    camera, pose, edge = block_in_view(seed)
    crop = crop_of(camera, pose, edge)
    found = solve_pose(in_crop(crop, pose.transform_points(cube_corners(edge))), crop, edge)
    assert found is not None
    rotation, position = (crop.rotation @ part for part in found)
    np.testing.assert_allclose(position, pose.position, atol=1e-4 * edge / 0.05)
    assert cube_rotation_distance(rotation, pose.rotation) < 1e-3


def test_a_crop_shows_what_the_camera_shows_there() -> None:
    camera = CAMERAS[1]
    v, u = np.mgrid[0:480, 0:640]
    image = np.stack([u / 640 * 255, v / 480 * 255, 0 * u], axis=-1).astype(np.uint8)
    crop = crop_cameras(camera, np.array([[450.0, 120.0]]), np.array([40.0]))[0]
    cropped = crop_image(image, camera, crop).astype(float)
    corner = np.array([[0.0, 0.0, crop.focal], [31.5, 31.5, crop.focal]])
    corner[:, :2] -= [[31.5, 31.5], [31.5, 31.5]]
    pixels = camera.project(corner @ crop.rotation.T)
    expected = pixels / [640, 480] * 255
    np.testing.assert_allclose(cropped[0, 0, :2], expected[0], atol=1.5)
    np.testing.assert_allclose(cropped[31, 31, :2], expected[1], atol=1.5)


def test_corners_that_are_no_cube_give_no_pose_behind_the_camera() -> None:
    camera = CAMERAS[0]
    crop = crop_cameras(camera, np.array([[320.0, 240.0]]), np.array([30.0]))[0]
    same = np.full((8, 2), 31.5)
    found = solve_pose(same, crop, 0.05)
    assert found is None or found[1][2] > 0.05
