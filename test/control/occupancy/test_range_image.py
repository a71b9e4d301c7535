"""Point clouds as depth images: the same surfaces, wherever the frame's axes lead."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simreal_control.occupancy.range_image import range_image


def back(points: np.ndarray) -> np.ndarray:
    """What the depth image of points says, in their frame."""
    depth, camera, pose = range_image(points)
    rows, columns = np.nonzero(depth)
    flat = camera.normalize(np.stack([columns, rows], axis=-1).astype(float))
    rays = np.concatenate([flat, np.ones((len(flat), 1))], axis=1)
    return pose.transform_points(rays * depth[rows, columns, None])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), axis=st.integers(0, 2), sign=st.sampled_from([-1.0, 1.0]))
def test_points_come_back_where_they_were(seed: int, axis: int, sign: float) -> None:
    rng = np.random.default_rng(seed)
    points = rng.uniform(-0.5, 0.5, (300, 3))
    points[:, axis] = sign * rng.uniform(0.6, 1.5, 300)
    found = back(points)
    assert len(found) > 200  # some lie one behind the other
    away = np.linalg.norm(found[:, None] - points[None], axis=-1).min(axis=1)
    assert away.max() < 0.01


def test_the_nearer_of_two_in_a_line_counts() -> None:
    np.testing.assert_allclose(back(np.array([[0.0, 0.0, 1.5], [0.0, 0.0, 0.8]])), [[0, 0, 0.8]])


def test_no_points_are_an_empty_image() -> None:
    depth, camera, _ = range_image(np.zeros((0, 3)))
    assert depth.shape == (camera.height, camera.width)
    assert not depth.any()
