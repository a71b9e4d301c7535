"""The edge field's labels, and poses aligned to it: exact fields give exact poses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

pytest.importorskip("numba", reason="labels need numba: pip install '.[train]'")

from simreal_common.shapes.lines import shown_lines  # noqa: E402
from simreal_common.shapes.shape import CUBE, Shape  # noqa: E402
from simreal_common.shapes.symmetry import turns_about_z  # noqa: E402
from simreal_perception.labelled_batches.edge_labels import edge_fields  # noqa: E402
from simreal_perception.pose_estimation.crop_camera import CROP_BLOCK_RADIUS, CROP_SIZE  # noqa: E402
from simreal_perception.pose_estimation.edge_alignment import align_to_edges  # noqa: E402
from simreal_perception.pose_estimation.edge_field import (  # noqa: E402
    FIELD_CELLS,
    FIELD_REACH_PX,
    cell_centers,
)

SHARP = 0.1  # mean error that a field states of itself, crop pixels
SOME = st.integers(0, 2**32 - 1)
SHAPES = {
    "cube": CUBE,
    "cuboid": Shape("cuboid", (0.06, 0.04, 0.03)),
    "pyramid": Shape("pyramid", (0.05,), height=0.06, sides=4),
    "hexagonal prism": Shape("prism", (0.03,), height=0.05, sides=6),
    "cylinder": Shape("cylinder", radius=0.02, height=0.06),
    "cone": Shape("cone", radius=0.03, height=0.06),
}
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def cubes(seed: int, count: int = 8) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rotations, positions (edge 1) and focal lengths of cubes that fill their crops."""
    rng = np.random.default_rng(seed)
    rotation = Rotation.random(count, random_state=rng).as_matrix()
    distance = rng.uniform(6, 25, count)
    aside = rng.normal(0, 0.05, (count, 2)) * np.sqrt(3) / 2
    position = np.column_stack([aside, distance])
    focal = CROP_BLOCK_RADIUS * distance / (np.sqrt(3) / 2)
    return rotation, position, focal


def in_crop(
    rotation: np.ndarray, position: np.ndarray, focal: np.ndarray, shape: Shape = CUBE
) -> np.ndarray:
    points = np.einsum("nij,kj->nki", rotation, shape.keypoints) + position[:, None]
    return points[..., :2] / points[..., 2:] * focal[:, None, None] + (CROP_SIZE - 1) / 2


def labels(
    rotation: np.ndarray, position: np.ndarray, focal: np.ndarray, shape: Shape = CUBE
) -> tuple[np.ndarray, np.ndarray]:
    points = np.einsum("nij,kj->nki", rotation, shape.keypoints) + position[:, None]
    single = (a.astype(np.float32) for a in (points, rotation, focal))
    return edge_fields(*single, shape=shape)


@every_shape
@settings(max_examples=20, deadline=None)
@given(seed=SOME)
def test_the_field_points_to_the_nearest_visible_edge(shape: Shape, seed: int) -> None:
    rotation, position, focal = cubes(seed, 2)
    field, distance = labels(rotation, position, focal, shape)
    ends, faces = shown_lines(shape, rotation, position, 1.0)
    points = ends + position[:, None, None]
    pixels = points[..., :2] / points[..., 2:] * focal[:, None, None, None] + (CROP_SIZE - 1) / 2
    place = np.stack(np.meshgrid(cell_centers(), cell_centers()), axis=-1)
    for n in range(2):
        a, b = pixels[n, faces[n] > 0].transpose(1, 0, 2)
        along = b - a
        share = np.einsum("yxi,ei->yxe", place, along) - (a * along).sum(axis=1)
        share = np.clip(share / ((along**2).sum(axis=1) + 1e-12), 0, 1)
        foot = a + share[..., None] * along
        wanted = np.linalg.norm(foot - place[:, :, None], axis=-1).min(axis=-1)
        np.testing.assert_allclose(distance[n], wanted, atol=1e-3)
        near = wanted < FIELD_REACH_PX
        np.testing.assert_allclose(np.hypot(*field[n])[near], wanted[near], atol=1e-3)


@every_shape
@settings(max_examples=15, deadline=None)
@given(seed=SOME)
def test_exact_fields_give_exact_poses(shape: Shape, seed: int) -> None:
    rotation, position, focal = cubes(seed)
    count = len(rotation)
    field, _ = labels(rotation, position, focal, shape)
    field = np.concatenate([field, np.full((count, 1, FIELD_CELLS, FIELD_CELLS), SHARP)], axis=1)
    rng = np.random.default_rng(seed)
    turned = Rotation.from_rotvec(rng.normal(0, 0.03, (count, 3))).as_matrix() @ rotation
    moved = position * (1 + rng.normal(0, 0.02, (count, 1)))
    aligned = align_to_edges(
        turned, moved, 1.0, focal, in_crop(turned, moved, focal, shape), np.full(count, 3.0), field,
        shape,
    )  # fmt: skip
    before = np.linalg.norm(moved - position, axis=1) / position[:, 2]
    after = np.linalg.norm(aligned.position - position, axis=1) / position[:, 2]
    turn = [shape.symmetry.distance(*pair) for pair in zip(aligned.rotation, rotation, strict=True)]
    # Cells hold the nearest of several edges: near a crossing what lies between them is neither's.
    few_lines = 2 if shape.kind in ("pyramid", "cone") else 1  # hold what narrows to a point
    assert np.median(after) < 0.006 * few_lines, after
    assert np.median(turn) < np.radians(2.0) * few_lines, np.degrees(turn)
    assert after.mean() < before.mean()


def test_where_no_edge_is_seen_the_corners_hold_the_pose() -> None:
    rotation, position, focal = cubes(3)
    nowhere = np.full((len(rotation), 3, FIELD_CELLS, FIELD_CELLS), 2 * FIELD_REACH_PX)
    corners = in_crop(rotation, position, focal)
    aligned = align_to_edges(
        rotation, 1.03 * position, 1.0, focal, corners, np.full(len(rotation), 0.5), nowhere
    )
    np.testing.assert_allclose(aligned.position, position, rtol=1e-3, atol=1e-3)


def test_a_field_that_is_less_sure_gives_a_larger_covariance() -> None:
    rotation, position, focal = cubes(4)
    field, _ = labels(rotation, position, focal)
    sigma = []
    for error in (0.3, 0.6):
        unsure = np.full((len(rotation), 1, FIELD_CELLS, FIELD_CELLS), error)
        aligned = align_to_edges(
            rotation, position, 1.0, focal, in_crop(rotation, position, focal),
            np.full(len(rotation), 10.0), np.concatenate([field, unsure], axis=1),
        )  # fmt: skip
        covariance = np.linalg.inv(aligned.information)
        sigma.append(np.sqrt(covariance[:, 2, 2]))
    np.testing.assert_allclose(sigma[1] / sigma[0], 2.0, rtol=0.15)


@every_shape
def test_a_body_that_looks_the_same_has_the_same_field(shape: Shape) -> None:
    rotation, position, focal = cubes(5)
    _, distance = labels(rotation, position, focal, shape)
    for symmetry in shape.symmetry.rotations[1:5]:
        _, alike = labels(rotation @ symmetry, position, focal, shape)
        np.testing.assert_allclose(alike, distance, atol=2e-3)
    if shape.symmetry.free_axis:
        _, alike = labels(rotation @ turns_about_z(np.array(1.0)), position, focal, shape)
        np.testing.assert_allclose(alike, distance, atol=0.15)  # rims are drawn in straight parts
