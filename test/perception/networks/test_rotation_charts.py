"""The atlas of a cube's orientations covers everything and is continuous where it is used."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from simreal_common.geometry import cube_corners, cube_rotation_distance, cube_symmetries
from simreal_perception.networks.rotation_charts import (
    CHART_RADIUS,
    CHARTS,
    align,
    anchors,
    corner_orders,
    symmetry_index,
)

seeds = st.integers(0, 2**32 - 1)


def random_rotation(seed: int) -> np.ndarray:
    return Rotation.random(random_state=seed).as_matrix()


@given(seeds)
def test_every_orientation_lies_well_within_a_chart(seed: int) -> None:
    angles, _ = align(random_rotation(seed)[None], anchors())
    assert angles.shape == (1, CHARTS)
    assert angles.min() < CHART_RADIUS - np.radians(5)


@given(seeds, st.integers(0, 23))
def test_orientations_that_look_alike_get_one_name(seed: int, symmetry: int) -> None:
    rotation = random_rotation(seed)
    angles, named = align(rotation[None], anchors())
    _, named_again = align((rotation @ cube_symmetries()[symmetry])[None], anchors())
    inside = angles[0] < CHART_RADIUS
    np.testing.assert_allclose(named[0][inside], named_again[0][inside], atol=1e-9)


@given(seeds, st.integers(0, CHARTS - 1))
def test_names_change_little_where_orientations_do(seed: int, chart: int) -> None:
    rng = np.random.default_rng(seed)
    rotation = random_rotation(seed)
    nearby = rotation @ Rotation.from_rotvec(rng.normal(0, 0.005, 3)).as_matrix()
    angles, named = align(np.stack([rotation, nearby]), anchors())
    if angles[:, chart].max() < CHART_RADIUS:
        between = Rotation.from_matrix(named[0, chart].T @ named[1, chart]).magnitude()
        assert between < 0.1


@given(seeds)
def test_the_angle_to_an_anchor_is_the_cube_distance(seed: int) -> None:
    rotation = random_rotation(seed)
    angles, _ = align(rotation[None], anchors())
    expected = [cube_rotation_distance(rotation, anchor) for anchor in anchors()]
    np.testing.assert_allclose(angles[0], expected, atol=1e-6)


def test_corner_orders_name_the_corners_of_the_turned_cube() -> None:
    corners = cube_corners(0.05)
    rotation = random_rotation(3)
    for symmetry, order in zip(cube_symmetries(), corner_orders(), strict=True):
        np.testing.assert_allclose(
            corners @ (rotation @ symmetry).T, (corners @ rotation.T)[order], atol=1e-12
        )


def test_symmetries_are_recognized() -> None:
    assert symmetry_index(cube_symmetries()).tolist() == list(range(24))
