"""The lines that a shape shows of itself: edges between its faces, rims, silhouettes of round sides."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_common.shapes.shape import Shape
from simreal_common.shapes.vertices import RIM_PARTS

Array = NDArray[np.float64]
Numbers = NDArray[np.floating[Any]]

CONTOUR_PARTS = 8  # of a silhouette's line, so that its parts are about as long as those of a rim
SAMPLES, ROUND_SAMPLES = 8, 2  # places along a line of a shape that are looked at
MOST_CUBE_EDGES = 9  # that a cube shows


def shown_lines(
    shape: Shape, rotation: Numbers, position: Numbers, edge: float | Numbers
) -> tuple[Array, NDArray[np.int64]]:
    """The lines of N bodies as their cameras see them.

    Args:
        rotation: (N, 3, 3), body -> camera; position: (N, 3), of its centre in the camera's frame.
        edge: of the shape, in the unit of `position`: one, or of each, (N, 1, 1).

    Returns:
        Ends, (N, L, 2, 3), from the centre, in the camera's frame; how many of the surfaces that
        meet there face the camera, (N, L): 0, the body hides it; 1, it is an outline; 2, it lies
        within the outline.
    """
    if shape.is_round:
        return _round_lines(shape, rotation, position, edge)
    pairs, pair_faces = shape.edge_lines
    normals, offsets = shape.faces
    if np.ndim(edge) == 0:
        arms = np.einsum("nij,kj->nki", rotation, shape.vertices * edge)
    else:
        arms = np.einsum("nij,kj->nki", rotation, shape.vertices) * edge
    turned = np.einsum("nij,fj->nfi", rotation, normals)
    reach = offsets * np.reshape(edge, (-1, 1))
    facing = np.einsum("nfk,nk->nf", turned, position) + reach < 0
    return arms[:, pairs], facing[:, pair_faces].sum(axis=2)


def visible_lines(
    shape: Shape, rotation: Numbers, position: Numbers, edge: float
) -> tuple[Array, NDArray[np.int64]]:
    """Those of `shown_lines` that can be seen, and hidden ones where a body shows fewer than others."""
    ends, faces = shown_lines(shape, rotation, position, edge)
    first = np.argsort(faces == 0, axis=1, kind="stable")[:, : most_shown(shape)]
    rows = np.arange(len(faces))[:, None]
    return ends[rows, first], faces[rows, first]


def most_shown(shape: Shape) -> int:
    """How many lines a shape shows at most."""
    if shape.is_box:
        return MOST_CUBE_EDGES
    return 2 * RIM_PARTS + 2 * CONTOUR_PARTS if shape.is_round else len(shape.edge_lines[0])


def samples_along(shape: Shape) -> int:
    """How many places along each of `shown_lines` are worth a look."""
    return ROUND_SAMPLES if shape.is_round else SAMPLES


@lru_cache(maxsize=8)
def _rim() -> tuple[Array, Array]:
    """Cosines and sines of the ends of a rim's parts, (RIM_PARTS, 2), and of their middles.

    A part is straight: ends lie so far out that it is, on average, as far from the axis as the rim.
    """
    step = 2 * math.pi / RIM_PARTS
    angle = np.arange(RIM_PARTS)[:, None] * step + np.array([0.0, step])
    out = 1.0 + (step / 2) ** 2 / 3.0
    middle = np.arange(RIM_PARTS) * step + step / 2
    return (
        np.stack([np.cos(angle), np.sin(angle)], axis=-1) * out,
        np.stack([np.cos(middle), np.sin(middle)], axis=-1),
    )


def _round_lines(
    shape: Shape, rotation: Numbers, position: Numbers, edge: float | Numbers
) -> tuple[Array, NDArray[np.int64]]:
    radius, _, half = shape.half_extents.tolist()
    cone = shape.kind == "cone"
    # The side's normal at an angle a is (cos a, sin a, slope); the side lies at `reach` along it.
    slope = radius / (2 * half) if cone else 0.0
    reach = radius / 2 if cone else radius
    size = np.reshape(edge, (-1, 1))
    eye = -np.einsum("nji,nj->ni", rotation, position) / size
    ends, middles = _rim()
    count = len(rotation)
    side = np.einsum("ni,mi->nm", eye[:, :2], middles) + slope * eye[:, 2:] > reach
    lines, faces = [], []
    for z, caps in ((-half, -eye[:, 2]), (half, eye[:, 2])):
        if cone and z > 0:
            continue
        rim = np.concatenate([radius * ends, np.full((*ends.shape[:2], 1), z)], axis=-1)
        lines.append(np.broadcast_to(rim, (count, *rim.shape)))
        faces.append(side.astype(np.int64) + (caps > half)[:, None])
    # Where the side turns away from the camera, a line from rim to rim, or to the apex.
    away = np.maximum(np.hypot(eye[:, 0], eye[:, 1]), 1e-9)
    cosine = (reach - slope * eye[:, 2]) / away
    toward = np.arctan2(eye[:, 1], eye[:, 0])
    turn = np.arccos(np.clip(cosine, -1.0, 1.0))
    angle = np.stack([toward - turn, toward + turn], axis=1)
    around = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    low = np.concatenate([radius * around, np.full((count, 2, 1), -half)], axis=-1)
    top = np.concatenate(
        [(0.0 if cone else radius) * around, np.full((count, 2, 1), half)], axis=-1
    )
    share = np.arange(CONTOUR_PARTS + 1)[:, None] / CONTOUR_PARTS
    points = low[:, :, None] * (1 - share) + top[:, :, None] * share  # (N, 2, parts + 1, 3)
    contour = np.stack([points[:, :, :-1], points[:, :, 1:]], axis=3)
    lines.append(contour.reshape(count, -1, 2, 3))
    seen = np.abs(cosine) < 1.0
    faces.append(np.repeat(seen[:, None].astype(np.int64), 2 * CONTOUR_PARTS, axis=1))
    local = np.concatenate(lines, axis=1) * np.reshape(edge, (-1, 1, 1, 1))
    return np.einsum("nij,nlej->nlei", rotation, local), np.concatenate(faces, axis=1)
