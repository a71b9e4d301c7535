"""Range from an aligned depth image, drawn here by casting rays at a cube on a table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.errors import ImageError
from simreal_common.geometry import Pose, look_at
from simreal_perception.pose_estimation.depth_range import fuse_depth

EDGE = 0.05
CAMERA = Camera(
    320, 240, np.array([[300.0, 0, 158.0], [0, 300.0, 121.0], [0, 0, 1]]),
    np.array([0.05, -0.02, 0.001, 0.0]),
)  # fmt: skip
PIXELS = np.stack(np.meshgrid(np.arange(320), np.arange(240)), axis=-1).astype(float)
RAYS = np.concatenate([CAMERA.normalize(PIXELS), np.ones((240, 320, 1))], axis=-1)


def scene(elevation: float, turn: float, distance: float) -> tuple[Pose, NDArray[np.float64]]:
    """A block's pose in the optical frame, and the depth image of it on its table, metres."""
    eye = distance * np.array([-np.cos(elevation), 0.0, np.sin(elevation)])
    camera = look_at(eye, [0.02, 0.03, 0.0])
    rotation = Rotation.from_euler("z", turn)
    # In the block's frame: six half spaces one after the other, then the table below.
    origin = rotation.inv().apply(camera.position - [0, 0, EDGE / 2])
    rays = rotation.inv().apply((RAYS @ camera.rotation.T).reshape(-1, 3))
    low, high = np.full(len(rays), -np.inf), np.full(len(rays), np.inf)
    for axis in range(3):
        meets = (np.array([[-1], [1]]) * EDGE / 2 - origin[axis]) / rays[:, axis]
        low, high = np.maximum(low, meets.min(axis=0)), np.minimum(high, meets.max(axis=0))
    table = (-EDGE / 2 - origin[2]) / rays[:, 2]
    depth = np.where(low < high, low, np.where(table > 0, table, 0.0)).reshape(240, 320)
    pose = camera.inverse() @ Pose(np.array([0, 0, EDGE / 2]), rotation.as_quat())
    return pose, depth


def estimate(truth: Pose, range_error: float) -> BlockEstimate:
    ray = truth.position / np.linalg.norm(truth.position)
    sigma = 0.03 * float(np.linalg.norm(truth.position))
    covariance = np.diag([1e-6] * 3 + [1e-3] * 3)
    covariance[:3, :3] += sigma**2 * np.outer(ray, ray)
    return BlockEstimate(
        Pose(truth.position * (1 + range_error), truth.orientation), covariance, 0.9, EDGE
    )


@given(
    st.floats(np.radians(20), np.radians(85)),
    st.floats(0, 1.5),
    st.floats(0.3, 0.7),
    st.floats(-0.03, 0.03),
    st.integers(0, 1000),
)
@settings(max_examples=20)
def test_range_becomes_that_of_the_depth_camera(
    elevation: float, turn: float, distance: float, error: float, seed: int
) -> None:
    truth, depth = scene(elevation, turn, distance)
    rng = np.random.default_rng(seed)
    depth = depth + rng.normal(0, 0.002, depth.shape)
    depth[rng.uniform(size=depth.shape) < 0.3] = 0.0
    before = estimate(truth, error)
    (after,) = fuse_depth([before], depth.astype(np.float32), CAMERA)
    off = np.linalg.norm(after.pose.position) - np.linalg.norm(truth.position)
    assert abs(off) < 0.004
    moved = CAMERA.project(after.pose.position) - CAMERA.project(before.pose.position)
    assert np.linalg.norm(moved) < 1.0
    assert np.linalg.eigvalsh(after.covariance).min() > 0
    ray = truth.position / np.linalg.norm(truth.position)
    sigma = np.sqrt(ray @ after.covariance[:3, :3] @ ray)
    assert abs(off) < 4 * sigma < 0.02


def test_where_depth_says_nothing_the_estimate_stays() -> None:
    truth, depth = scene(0.8, 0.3, 0.5)
    before = estimate(truth, 0.02)
    nothing = np.zeros_like(depth)
    hidden = np.full_like(depth, 0.2)  # a hand before the camera
    for image in (nothing, nothing * np.nan, hidden):
        (after,) = fuse_depth([before], image, CAMERA)
        np.testing.assert_array_equal(after.pose.position, before.pose.position)
        np.testing.assert_array_equal(after.covariance, before.covariance)
    outside = estimate(Pose(np.array([3.0, 0, 0.5]), truth.orientation), 0.0)
    behind = estimate(Pose(np.array([0.0, 0, 0.01]), truth.orientation), 0.0)
    for block in (outside, behind):
        (after,) = fuse_depth([block], depth, CAMERA)
        np.testing.assert_array_equal(after.pose.position, block.pose.position)


def test_a_depth_image_of_another_size_is_refused() -> None:
    with pytest.raises(ImageError, match="depth image is 160x120, the image 320x240"):
        fuse_depth([], np.zeros((120, 160)), CAMERA)
