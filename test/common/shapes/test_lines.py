"""The lines that shapes show: their silhouettes are those of their vertices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from simreal_common.geometry import cube_corners
from simreal_common.settings.yaml_loader import load_settings
from simreal_common.shapes.lines import most_shown, shown_lines
from simreal_common.shapes.registry import EXAMPLES
from simreal_common.shapes.shape import Shape

EDGE = 0.05
SHAPES = {
    kind: Shape.from_plain({"kind": kind, **load_settings(f"{{{measures}}}")})
    for kind, measures in EXAMPLES.items()
}


def placed(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    turn = Rotation.random(random_state=rng).as_matrix()
    return turn, np.array([*rng.uniform(-0.1, 0.1, size=2), rng.uniform(0.25, 1.0)])


def outline(points: np.ndarray) -> np.ndarray:
    """Convex hull of projected points, (N, 3) -> (M, 2), in order."""
    flat = points[:, :2] / points[:, 2:]
    return flat[ConvexHull(flat).vertices]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_the_outline_is_that_of_the_vertices(shape: Shape, seed: int) -> None:
    turn, position = placed(seed)
    (arms,), (faces,) = shown_lines(shape, turn[None], position[None], EDGE)
    assert (faces > 0).sum() <= most_shown(shape)
    lines = outline((arms[faces > 0] + position).reshape(-1, 3))
    body = outline(shape.vertices * EDGE @ turn.T + position)
    # As far as a rim of straight parts is one: to a hundredth of the size.
    size = np.ptp(body, axis=0).max()
    away = [support(lines, angle) - support(body, angle) for angle in np.linspace(0, 6.2, 24)]
    assert np.abs(away).max() < 0.01 * size
    # Lines that the body hides lie inside.
    inner = (arms[faces == 0] + position).reshape(-1, 3)
    if len(inner):
        beyond = [support(inner[:, :2] / inner[:, 2:], a) - support(body, a) for a in (0, 1, 2, 4)]
        assert max(beyond) < 0.01 * size


def support(points: np.ndarray, angle: float) -> float:
    """How far points (N, 2) reach in a direction."""
    return float((points @ [np.cos(angle), np.sin(angle)]).max())


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@given(seed=st.integers(0, 2**32 - 1), pick=st.integers(0, 100))
@settings(max_examples=20, deadline=None)
def test_a_body_that_looks_the_same_shows_the_same_lines(
    shape: Shape, seed: int, pick: int
) -> None:
    turn, position = placed(seed)
    turns = shape.symmetry.rotations
    alike = turn @ turns[pick % len(turns)]
    found = []
    for rotation in (turn, alike):
        (arms,), (faces,) = shown_lines(shape, rotation[None], position[None], EDGE)
        middles = arms[faces > 0].mean(axis=1)
        found.append(middles[np.lexsort(middles.round(6).T)])
    assert len(found[0]) == len(found[1])
    apart = np.linalg.norm(found[0][:, None] - found[1][None], axis=-1).min(axis=1)
    assert apart.max() < 1e-6


def test_edges_of_several_sizes_are_those_of_each() -> None:
    turn, position = placed(3)
    rotation = np.repeat(turn[None], 2, axis=0)
    edges = np.array([0.04, 0.08])
    for shape in SHAPES.values():
        arms, faces = shown_lines(
            shape, rotation, edges[:, None] * position / 0.04, edges[:, None, None]
        )
        np.testing.assert_allclose(2 * arms[0], arms[1])
        np.testing.assert_array_equal(*faces)


def test_lines_of_a_cube_are_exactly_its_edges() -> None:
    turn, position = placed(8)
    (arms,), (faces,) = shown_lines(SHAPES["cube"], turn[None], position[None], EDGE)
    corners = np.einsum("ij,kj->ki", turn, cube_corners(EDGE))
    signs = np.sign(cube_corners(1.0))
    pairs = [(i, j) for i in range(8) for j in range(i + 1, 8) if (signs[i] == signs[j]).sum() == 2]
    for (first, second), line, shown in zip(pairs, arms, faces, strict=True):
        np.testing.assert_array_equal(line, corners[[first, second]])
        axes = np.flatnonzero(signs[first] == signs[second])
        normals = [turn[:, axis] * signs[first, axis] for axis in axes]
        assert shown == sum(normal @ position + EDGE / 2 < 0 for normal in normals)
