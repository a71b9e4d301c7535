"""Orientations of a cube as an atlas of overlapping charts.

A cube looks the same in 24 orientations. No continuous rule picks one of them for every view: any
network that must name the corners in a fixed order has views where the order jumps, and there it
averages two answers. So the network gets several charts. Each has an anchor orientation and names
the corners by the symmetric orientation that is nearest to its anchor, which is continuous in a
ball about the anchor. The balls overlap and cover everything; the network says which chart holds.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.geometry import cube_corners, cube_symmetries

Array = NDArray[np.float64]

CHARTS = 12  # every orientation then lies within 30 degrees of an anchor
# The order of corners jumps at 45 degrees from an anchor at the earliest (a turn about an edge
# direction); a chart is trained up to here.
CHART_RADIUS = float(np.radians(42.0))


@lru_cache(maxsize=1)
def anchors() -> Array:
    """The anchor orientations, (CHARTS, 3, 3): spread evenly by Lloyd's method from a fixed seed."""
    rng = np.random.default_rng(7)
    samples = Rotation.random(4000, random_state=rng).as_matrix()
    chosen = samples[:CHARTS].copy()
    for _ in range(40):
        angles, aligned = align(samples, chosen)
        owner = angles.argmin(axis=1)
        for chart in range(CHARTS):
            members = aligned[owner == chart, chart]
            if len(members):
                chosen[chart] = Rotation.from_matrix(members).mean().as_matrix()
    return chosen


def align(rotations: Array, references: Array) -> tuple[Array, Array]:
    """Name each orientation by its symmetric equivalent nearest to each reference.

    Args:
        rotations: (N, 3, 3), references: (K, 3, 3).

    Returns:
        Angles to the references modulo symmetry, radians (N, K), and the equivalents that attain
        them, (N, K, 3, 3).
    """
    candidates = np.einsum("nij,sjk->nsik", rotations, cube_symmetries())
    traces = np.einsum("nsij,kij->nks", candidates, references)
    best = traces.argmax(axis=2)
    largest = np.take_along_axis(traces, best[:, :, None], axis=2)[:, :, 0]
    angles = np.arccos(np.clip((largest - 1.0) / 2.0, -1.0, 1.0))
    return angles, candidates[np.arange(len(rotations))[:, None], best]


@lru_cache(maxsize=1)
def corner_orders() -> NDArray[np.int64]:
    """For each of the 24 symmetries S the order in which S lists the corners, (24, 8).

    Corner i of the block named R @ S is corner order[i] of the block named R.
    """
    corners = cube_corners(1.0)
    moved = np.einsum("sij,kj->ski", cube_symmetries(), corners)
    distance = np.linalg.norm(moved[:, :, None] - corners[None, None], axis=-1)
    return np.asarray(distance.argmin(axis=-1))


def symmetry_index(matrices: Array) -> NDArray[np.int64]:
    """Which of the 24 symmetries each matrix, (..., 3, 3), is."""
    traces = np.einsum("...ij,sij->...s", matrices, cube_symmetries())
    return np.asarray(traces.argmax(axis=-1))
