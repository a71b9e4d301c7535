"""The atlas of a body's orientations covers everything and is continuous where it is used."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from simreal_common.geometry import cube_rotation_distance, cube_symmetries
from simreal_common.shapes.shape import CUBE, Shape
from simreal_common.shapes.symmetry import turns_about_z
from simreal_perception.networks.rotation_charts import (
    CHARTS,
    FARTHEST,
    charts_of,
    corner_orders,
)

seeds = st.integers(0, 2**32 - 1)
SHAPES = {
    "cube": CUBE,
    "cuboid": Shape("cuboid", (0.06, 0.04, 0.03)),
    "triangular prism": Shape("prism", (0.04,), height=0.05, sides=3),
    "tetrahedron": Shape("tetrahedron", (0.06,)),
    "cylinder": Shape("cylinder", radius=0.02, height=0.06),
    "cone": Shape("cone", radius=0.03, height=0.06),
}
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def random_rotation(seed: int) -> np.ndarray:
    return Rotation.random(random_state=seed).as_matrix()


def test_a_cube_has_the_charts_that_its_models_were_trained_with() -> None:
    charts = charts_of(CUBE)
    assert charts.count == CHARTS
    assert charts.radius == pytest.approx(np.radians(42.0))


@every_shape
@settings(deadline=None)
@given(seed=seeds)
def test_every_orientation_lies_well_within_a_chart(shape: Shape, seed: int) -> None:
    charts = charts_of(shape)
    angles, _ = charts.align(random_rotation(seed)[None])
    assert angles.shape == (1, charts.count)
    assert angles.min() < min(charts.radius - np.radians(5), FARTHEST + np.radians(6))


@every_shape
@settings(deadline=None)
@given(seed=seeds, pick=st.integers(0, 23), angle=st.floats(0.0, 6.3))
def test_orientations_that_look_alike_get_one_name(
    shape: Shape, seed: int, pick: int, angle: float
) -> None:
    rotation, charts = random_rotation(seed), charts_of(shape)
    alike = rotation @ shape.symmetry.rotations[pick % len(shape.symmetry.rotations)]
    if shape.symmetry.free_axis:
        alike = alike @ turns_about_z(np.array(angle))
    angles, named = charts.align(rotation[None])
    _, named_again = charts.align(alike[None])
    inside = angles[0] < charts.radius
    np.testing.assert_allclose(named[0][inside], named_again[0][inside], atol=1e-7)


@every_shape
@settings(deadline=None)
@given(seed=seeds, pick=st.integers(0, 95))
def test_names_change_little_where_orientations_do(shape: Shape, seed: int, pick: int) -> None:
    rng, charts = np.random.default_rng(seed), charts_of(shape)
    rotation, chart = random_rotation(seed), pick % charts.count
    nearby = rotation @ Rotation.from_rotvec(rng.normal(0, 0.005, 3)).as_matrix()
    angles, named = charts.align(np.stack([rotation, nearby]))
    if angles[:, chart].max() < charts.radius:
        between = Rotation.from_matrix(named[0, chart].T @ named[1, chart]).magnitude()
        assert between < (0.5 if shape.symmetry.free_axis else 0.1)


@given(seeds)
def test_the_angle_to_an_anchor_is_the_cube_distance(seed: int) -> None:
    rotation, charts = random_rotation(seed), charts_of(CUBE)
    angles, _ = charts.align(rotation[None])
    expected = [cube_rotation_distance(rotation, anchor) for anchor in charts.anchors]
    np.testing.assert_allclose(angles[0], expected, atol=1e-6)


@given(seeds)
def test_the_names_of_a_cube_are_its_own(seed: int) -> None:
    rotation = random_rotation(seed)
    _, named = charts_of(CUBE).align(rotation[None])
    symmetries = np.einsum("ji,kjl->kil", rotation, named[0])
    for symmetry in symmetries:
        assert np.abs(cube_symmetries() - symmetry).max(axis=(1, 2)).min() < 1e-9


@pytest.mark.parametrize("name", ["cube", "cuboid"])
def test_corner_orders_name_the_corners_of_the_turned_box(name: str) -> None:
    shape, rotation = SHAPES[name], random_rotation(3)
    for symmetry, order in zip(shape.symmetry.rotations, corner_orders(shape), strict=True):
        np.testing.assert_allclose(
            shape.keypoints @ (rotation @ symmetry).T,
            (shape.keypoints @ rotation.T)[order],
            atol=1e-9,
        )
