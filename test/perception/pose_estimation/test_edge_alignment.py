"""The edge field's labels, and poses aligned to it: exact fields give exact poses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

pytest.importorskip("numba", reason="labels need numba: pip install '.[train]'")

from simreal_common.geometry import cube_corners  # noqa: E402
from simreal_perception.pose_estimation.crop_camera import CROP_BLOCK_RADIUS, CROP_SIZE  # noqa: E402
from simreal_perception.pose_estimation.edge_alignment import align_to_edges  # noqa: E402
from simreal_perception.pose_estimation.edge_field import (  # noqa: E402
    EDGE_FACES,
    EDGES,
    FIELD_CELLS,
    FIELD_REACH_PX,
    cell_centers,
    face_normals,
)
from simreal_perception.training_data.edge_labels import edge_fields  # noqa: E402

SHARP = 0.1  # mean error that a field states of itself, crop pixels
SOME = st.integers(0, 2**32 - 1)


def cubes(seed: int, count: int = 8) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rotations, positions (edge 1) and focal lengths of cubes that fill their crops."""
    rng = np.random.default_rng(seed)
    rotation = Rotation.random(count, random_state=rng).as_matrix()
    distance = rng.uniform(6, 25, count)
    aside = rng.normal(0, 0.05, (count, 2)) * np.sqrt(3) / 2
    position = np.column_stack([aside, distance])
    focal = CROP_BLOCK_RADIUS * distance / (np.sqrt(3) / 2)
    return rotation, position, focal


def in_crop(rotation: np.ndarray, position: np.ndarray, focal: np.ndarray) -> np.ndarray:
    points = np.einsum("nij,kj->nki", rotation, cube_corners(1.0)) + position[:, None]
    return points[..., :2] / points[..., 2:] * focal[:, None, None] + (CROP_SIZE - 1) / 2


def labels(
    rotation: np.ndarray, position: np.ndarray, focal: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    points = np.einsum("nij,kj->nki", rotation, cube_corners(1.0)) + position[:, None]
    single = (a.astype(np.float32) for a in (points, rotation, focal))
    return edge_fields(*single)


@settings(max_examples=20, deadline=None)
@given(SOME)
def test_the_field_points_to_the_nearest_visible_edge(seed: int) -> None:
    rotation, position, focal = cubes(seed, 2)
    field, distance = labels(rotation, position, focal)
    corners = in_crop(rotation, position, focal)
    facing = np.einsum("nfk,nk->nf", face_normals(rotation), position) + 0.5 < 0
    place = np.stack(np.meshgrid(cell_centers(), cell_centers()), axis=-1)
    for n in range(2):
        a, b = (corners[n, EDGES[facing[n, EDGE_FACES].any(axis=1)]]).transpose(1, 0, 2)
        along = b - a
        share = np.einsum("yxi,ei->yxe", place, along) - (a * along).sum(axis=1)
        share = np.clip(share / (along**2).sum(axis=1), 0, 1)
        foot = a + share[..., None] * along
        wanted = np.linalg.norm(foot - place[:, :, None], axis=-1).min(axis=-1)
        np.testing.assert_allclose(distance[n], wanted, atol=1e-3)
        near = wanted < FIELD_REACH_PX
        np.testing.assert_allclose(np.hypot(*field[n])[near], wanted[near], atol=1e-3)


@settings(max_examples=15, deadline=None)
@given(SOME)
def test_exact_fields_give_exact_poses(seed: int) -> None:
    rotation, position, focal = cubes(seed)
    count = len(rotation)
    field, _ = labels(rotation, position, focal)
    field = np.concatenate([field, np.full((count, 1, FIELD_CELLS, FIELD_CELLS), SHARP)], axis=1)
    rng = np.random.default_rng(seed)
    turned = Rotation.from_rotvec(rng.normal(0, 0.03, (count, 3))).as_matrix() @ rotation
    moved = position * (1 + rng.normal(0, 0.02, (count, 1)))
    aligned = align_to_edges(
        turned, moved, 1.0, focal, in_crop(turned, moved, focal), np.full(count, 3.0), field
    )
    before = np.linalg.norm(moved - position, axis=1) / position[:, 2]
    after = np.linalg.norm(aligned.position - position, axis=1) / position[:, 2]
    turn = Rotation.from_matrix(aligned.rotation @ rotation.transpose(0, 2, 1)).magnitude()
    # Cells hold the nearest of several edges: near a crossing what lies between them is neither's.
    assert np.median(after) < 0.006, after
    assert np.median(turn) < np.radians(2.0), np.degrees(turn)
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
