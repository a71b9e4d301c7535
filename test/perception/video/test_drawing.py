"""Drawing: where the lines lie, what stays untouched, what cannot be drawn."""

from __future__ import annotations

import numpy as np
import pytest

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.geometry import Pose, cube_corners
from simreal_perception.video.drawing import LINE_COLOR, draw_blocks, draw_caption

CAMERA = Camera(
    640,
    480,
    np.array([[610.0, 0, 320], [0, 610.0, 240], [0, 0, 1]]),
    np.array([-0.2, 0.1, 0.001, 0.0, 0.0]),
)
GREY = np.full((480, 640, 3), 128, dtype=np.uint8)


def block(x: float = 0.0, y: float = 0.0, z: float = 0.6) -> BlockEstimate:
    pose = Pose(np.array([x, y, z]), np.array([0.3, 0.2, 0.1, np.sqrt(0.86)]))
    return BlockEstimate(pose, np.eye(6), 0.9, 0.05)


def test_the_image_itself_is_left_alone() -> None:
    image = GREY.copy()
    drawn = draw_blocks(image, CAMERA, [block()])
    np.testing.assert_array_equal(image, GREY)
    assert drawn.shape == GREY.shape
    assert drawn.dtype == np.uint8


def test_the_nearest_corner_is_where_the_camera_sees_it() -> None:
    estimate = block(0.1, 0.05)
    drawn = draw_blocks(GREY, CAMERA, [estimate]).astype(int)
    corners = estimate.pose.transform_points(cube_corners(estimate.edge))
    u, v = np.rint(CAMERA.project(corners[np.argmin(corners[:, 2])])).astype(int)
    patch = drawn[v - 2 : v + 3, u - 2 : u + 3].reshape(-1, 3)
    assert np.abs(patch - np.array(LINE_COLOR)).sum(axis=1).min() < 30


def test_nothing_is_drawn_away_from_the_block() -> None:
    drawn = draw_blocks(GREY, CAMERA, [block()])
    changed = np.argwhere((drawn != GREY).any(axis=2))
    assert len(changed) > 500
    assert (np.abs(changed - [240, 320]) < 90).all()


def test_no_estimates_no_change() -> None:
    np.testing.assert_array_equal(draw_blocks(GREY, CAMERA, []), GREY)


@pytest.mark.parametrize("z", [-0.6, 0.0, 0.01, 1e-6])
def test_a_block_behind_or_at_the_camera_does_no_harm(z: float) -> None:
    assert draw_blocks(GREY, CAMERA, [block(z=z)]).shape == GREY.shape


def test_a_block_far_outside_the_image_leaves_only_its_label() -> None:
    drawn = draw_blocks(GREY, CAMERA, [block(x=30.0)])
    assert drawn.shape == GREY.shape


@pytest.mark.parametrize("size", [(480, 640), (64, 64), (1081, 1921)])
def test_captions_keep_the_image_and_add_an_even_strip(size: tuple[int, int]) -> None:
    image = np.full((*size, 3), 7, dtype=np.uint8)
    captioned = draw_caption(image, "a line that is much too long for a small image " * 5)
    np.testing.assert_array_equal(captioned[: size[0]], image)
    assert captioned.shape[1] == size[1]
    assert (captioned.shape[0] - size[0]) % 2 == 0
    assert captioned[size[0] :].max() > 128
