"""Shapes: their measures, what follows from them, and their symmetry."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from simreal_common.geometry import cube_corners, cube_symmetries
from simreal_common.shapes.registry import EXAMPLES, SHAPES
from simreal_common.shapes.rests import rests
from simreal_common.shapes.shape import CUBE, Shape
from simreal_common.shapes.symmetry import group_of, turns_about_z

EXAMPLE_SHAPES = {
    "cube": CUBE,
    "cuboid": Shape("cuboid", (0.06, 0.04, 0.03)),
    "square": Shape("cuboid", (0.03, 0.03, 0.07)),
    "tetrahedron": Shape("tetrahedron", (0.06,)),
    "triangular": Shape("prism", (0.04,), height=0.05, sides=3),
    "hexagonal": Shape("prism", (0.03,), height=0.05, sides=6),
    "pyramid": Shape("pyramid", (0.05,), height=0.06, sides=4),
    "cylinder": Shape("cylinder", radius=0.02, height=0.06),
    "cone": Shape("cone", radius=0.03, height=0.06),
}
# Orders of the groups: O, D2, D4, T, D3, D6, C4; of round ones without turns about the axis.
ORDERS = {
    "cube": 24, "cuboid": 4, "square": 8, "tetrahedron": 12, "triangular": 6, "hexagonal": 12,
    "pyramid": 4, "cylinder": 2, "cone": 1,
}  # fmt: skip
every_shape = pytest.mark.parametrize("shape", EXAMPLE_SHAPES.values(), ids=EXAMPLE_SHAPES)
rotations = st.integers(0, 2**32 - 1).map(
    lambda seed: Rotation.random(random_state=np.random.default_rng(seed)).as_matrix()
)


@every_shape
def test_a_shape_reads_back_what_it_writes(shape: Shape) -> None:
    assert Shape.from_plain(shape.plain()) == shape


def test_there_is_an_example_of_every_kind() -> None:
    assert set(EXAMPLES) == set(SHAPES) <= {shape.kind for shape in EXAMPLE_SHAPES.values()}


@every_shape
def test_its_edge_is_that_of_the_cube_in_the_same_sphere(shape: Shape) -> None:
    reach = np.linalg.norm(shape.vertices, axis=1).max()
    assert reach == pytest.approx(math.sqrt(3.0) / 2)
    assert shape.edge_m * reach == pytest.approx(
        max(np.linalg.norm(v) for v in shape.vertices * shape.edge_m)
    )


@pytest.mark.parametrize(
    ("name", "extents"),
    [
        ("cube", (0.05, 0.05, 0.05)),
        ("cuboid", (0.06, 0.04, 0.03)),
        ("cylinder", (0.04, 0.04, 0.06)),
        ("cone", (0.06, 0.06, 0.06)),
    ],
)
def test_its_extents_are_the_measures(name: str, extents: tuple[float, ...]) -> None:
    assert EXAMPLE_SHAPES[name].extents_m == pytest.approx(extents)


@pytest.mark.parametrize("name", ["prism", "pyramid", "tetrahedron"])
def test_edges_of_a_base_are_as_long_as_they_were_given(name: str) -> None:
    shape = next(shape for shape in EXAMPLE_SHAPES.values() if shape.kind == name)
    first, second = shape.vertices[:2] * shape.edge_m
    assert np.linalg.norm(first - second) == pytest.approx(shape.edges[0])


def test_all_edges_of_a_tetrahedron_are_alike() -> None:
    shape = EXAMPLE_SHAPES["tetrahedron"]
    pairs, _ = shape.edge_lines
    ends = shape.vertices[pairs] * shape.edge_m
    lengths = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)
    np.testing.assert_allclose(lengths, 0.06)


@every_shape
def test_the_surface_is_closed_and_its_triangles_look_outwards(shape: Shape) -> None:
    corners = shape.vertices[shape.triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    volume = float(np.einsum("ti,ti->", normals, corners[:, 0])) / 6.0
    assert volume == pytest.approx(ConvexHull(shape.vertices).volume)
    np.testing.assert_allclose(normals.sum(axis=0), 0.0, atol=1e-12)


@pytest.mark.parametrize("shape", [s for s in EXAMPLE_SHAPES.values() if not s.is_round])
def test_faces_and_edges_belong_together(shape: Shape) -> None:
    normals, offsets = shape.faces
    heights = shape.vertices @ normals.T
    np.testing.assert_allclose(heights.max(axis=0), offsets, atol=1e-9)
    pairs, faces = shape.edge_lines
    for pair, both in zip(pairs, faces, strict=True):
        for face in both:
            np.testing.assert_allclose(heights[pair, face], offsets[face], atol=1e-9)
    assert len(shape.vertices) - len(pairs) + len(normals) == 2  # Euler


@pytest.mark.parametrize(("name", "order"), ORDERS.items())
def test_the_group_has_its_order(name: str, order: int) -> None:
    assert len(EXAMPLE_SHAPES[name].symmetry.rotations) == order
    np.testing.assert_allclose(EXAMPLE_SHAPES[name].symmetry.rotations[0], np.eye(3))


def test_the_group_of_a_cubes_vertices_is_that_of_a_cube() -> None:
    found = group_of(cube_corners(1.0))
    for known in cube_symmetries():
        assert np.abs(found - known).max(axis=(1, 2)).min() < 1e-9


@every_shape
def test_symmetry_leaves_the_body_unchanged(shape: Shape) -> None:
    hull = ConvexHull(shape.vertices)
    turns = shape.symmetry.rotations
    if shape.symmetry.free_axis:
        assert shape.is_round
        turns = np.einsum("sij,jk->sik", turns, turns_about_z(np.array(2 * np.pi / 32 * 5)))
    for turn in turns:
        turned = shape.vertices @ turn.T
        outside = turned @ hull.equations[:, :3].T + hull.equations[:, 3]
        assert outside.max() < 1e-9


@every_shape
@given(rotation=rotations, other=rotations, pick=st.integers(0, 10**6), angle=st.floats(0, 6.3))
@settings(max_examples=25, deadline=None)
def test_what_looks_the_same_is_no_way_apart(
    shape: Shape, rotation: np.ndarray, other: np.ndarray, pick: int, angle: float
) -> None:
    symmetry = shape.symmetry
    alike = rotation @ symmetry.rotations[pick % len(symmetry.rotations)]
    if symmetry.free_axis:
        alike = alike @ turns_about_z(np.array(angle))
    assert symmetry.distance(rotation, alike) < 1e-6
    assert symmetry.distance(other, alike) == pytest.approx(
        symmetry.distance(other, rotation), abs=1e-6
    )
    assert symmetry.distance(rotation, other) == pytest.approx(
        symmetry.distance(other, rotation), abs=1e-6
    )
    nearest = symmetry.nearest(alike, other)
    np.testing.assert_allclose(nearest, symmetry.nearest(rotation, other), atol=1e-6)
    # No member of a finite set that stands for the group is nearer.
    turns = rotation @ symmetry.finite()
    traces = np.einsum("nij,ij->n", turns, other)
    assert np.einsum("ij,ij->", nearest, other) >= traces.max() - 1e-9


@every_shape
def test_it_rests_on_what_is_below_its_middle(shape: Shape) -> None:
    turns, shares = rests(shape)
    assert shares.sum() == pytest.approx(1.0)
    for turn in turns:
        np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-9)
        assert np.linalg.det(turn) == pytest.approx(1.0)
        heights = shape.vertices @ turn[2]
        assert (heights < heights.min() + 1e-6).sum() >= (2 if shape.is_round else 3)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kind": "ball"}, "kind is 'ball': wanted one of cube, cuboid"),
        ({"kind": "cuboid"}, "a cuboid lacks edges: write cuboid with edges: [0.06, 0.04, 0.03]"),
        ({"kind": "cuboid", "edges": [0.1, 0.2]}, "got 2 edges, wanted 3"),
        ({"kind": "cylinder", "radius": 20, "height": 0.1}, "a length of 20: wanted metres"),
        ({"kind": "cylinder", "radius": "wide", "height": 0.1}, "radius is 'wide': wanted metres"),
        ({"kind": "cube", "edges": [0.1], "height": 0.1}, "a cube has no height"),
        ({"kind": "prism", "sides": 3.5, "edges": 0.1}, "sides is 3.5: wanted a whole number"),
        (
            {"kind": "prism", "sides": 40, "edges": 0.02, "height": 0.1},
            "rounder ones are a cylinder",
        ),
        ({"kind": "cuboid", "edges": [0.3, 0.3, 0.003]}, "a thinner thing shows no faces"),
        ({"kind": "cube", "edges": [float("nan")]}, "edges is nan: wanted metres"),
        ({"kind": "cube", "colour": "red"}, "colour is not known; the keys are kind, edges"),
        ({"edges": [0.1]}, "kind is None: wanted one of"),
        (["cube"], "wanted a table"),
    ],
)
def test_what_is_no_shape_is_refused_in_a_line(values: object, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)) as told:
        Shape.from_plain(values)
    assert "\n" not in str(told.value)


def test_a_model_of_one_size_finds_others_of_its_proportions() -> None:
    assert Shape("cuboid", (0.03, 0.02, 0.015)).looks_like(EXAMPLE_SHAPES["cuboid"])
    assert not Shape("cuboid", (0.03, 0.02, 0.02)).looks_like(EXAMPLE_SHAPES["cuboid"])
    assert not EXAMPLE_SHAPES["triangular"].looks_like(EXAMPLE_SHAPES["hexagonal"])
    assert Shape("cube", (0.1,)).looks_like(CUBE)
