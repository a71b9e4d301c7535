"""The form of a shape: what follows from its vertices, in edges.

A form is a convex hull, of which an angular one has faces and edges, and a round one has none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from simreal_common.shapes.symmetry import Symmetry

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Form:
    """A form, as `Shape` tells it by the same names."""

    edge_m: float
    half_extents: Array
    keypoints: Array
    vertices: Array
    triangles: NDArray[np.int64]
    normals: Array
    offsets: Array
    edges: NDArray[np.int64]
    edge_faces: NDArray[np.int64]
    symmetry: Symmetry


def box_corners(half: Array) -> Array:
    """Corners of a box of half extents (3,) about its frame, (8, 3), ordered as `Shape.keypoints`."""
    index = np.arange(8)
    signs = np.stack([index & 1, (index >> 1) & 1, (index >> 2) & 1], axis=1) * 2.0 - 1.0
    return np.asarray(signs * half, dtype=np.float64)


def angular_form(edge_m: float, vertices: Array, is_box: bool, symmetry: Symmetry) -> Form:
    """The form of a hull of vertices, edges, (V, 3); those of a box stand as `box_corners` does."""
    hull = ConvexHull(vertices)
    normals, offsets = _faces(is_box, vertices, hull.equations)
    return _form(
        edge_m, vertices, hull, (normals, offsets, *_edges(vertices, normals, offsets)), symmetry
    )


def round_form(edge_m: float, vertices: Array, upside_down: bool) -> Form:
    """The form of a body that is round about z, by points of its rims and tips, edges, (V, 3).

    Args:
        upside_down: whether it looks the same then.
    """
    none = np.zeros((0, 2), dtype=np.int64)
    flip = np.array([np.eye(3), np.diag([1.0, -1.0, -1.0])])
    symmetry = Symmetry(flip if upside_down else flip[:1], free_axis=True)
    sides = (np.zeros((0, 3)), np.zeros(0), none, none)
    return _form(edge_m, vertices, ConvexHull(vertices), sides, symmetry)


def _form(
    edge_m: float,
    vertices: Array,
    hull: ConvexHull,
    sides: tuple[Array, Array, NDArray[np.int64], NDArray[np.int64]],
    symmetry: Symmetry,
) -> Form:
    half = np.abs(vertices).max(axis=0)
    corners = vertices[hull.simplices]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inward = np.einsum("ti,ti->t", normals, corners[:, 0] - vertices.mean(axis=0)) < 0
    triangles = hull.simplices.astype(np.int64)
    triangles[inward] = triangles[inward][:, ::-1]
    arrays = (half, box_corners(half), vertices, triangles, *sides)
    for array in arrays:
        array.flags.writeable = False
    return Form(edge_m, *arrays, symmetry)


def _faces(is_box: bool, vertices: Array, equations: Array) -> tuple[Array, Array]:
    """Faces of a convex hull; of a box -x, +x, -y, +y, -z, +z, of others those about z, then caps."""
    if is_box:
        half = np.abs(vertices).max(axis=0)
        axes = np.repeat(np.eye(3), 2, axis=0)
        axes[::2] *= -1.0
        return axes, np.repeat(half, 2)
    normals: list[Array] = []
    for normal in equations[:, :3]:
        if all(np.abs(normal - other).max() > 1e-6 for other in normals):
            normals.append(normal)
    caps = sorted(normals, key=lambda n: (abs(n[2]) > 1.0 - 1e-9, math.atan2(n[1], n[0]), n[2]))
    ordered = np.array(caps)
    return ordered, np.asarray((ordered @ vertices.T).max(axis=1))


def _edges(
    vertices: Array, normals: Array, offsets: Array
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of vertices that two faces have in common, and these faces."""
    on_face = np.abs(vertices @ normals.T - offsets) < 1e-6
    pairs, faces = [], []
    for first in range(len(vertices)):
        for second in range(first + 1, len(vertices)):
            both = np.flatnonzero(on_face[first] & on_face[second])
            if len(both) == 2:
                pairs.append((first, second))
                faces.append(both)
    return np.array(pairs, dtype=np.int64), np.array(faces, dtype=np.int64)
