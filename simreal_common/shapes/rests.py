"""How a body of a shape rests on a table."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from simreal_common.shapes.shape import Shape

Array = NDArray[np.float64]

DOWN = np.array([0.0, 0.0, -1.0])
STANDING = 0.5  # share of the round bodies that stand on a cap; the others lie


@lru_cache(maxsize=16)
def rests(shape: Shape) -> tuple[Array, Array]:
    """Orientations in which a body lies on a face, (R, 3, 3), and how often, (R,), in all 1.

    Faces come by their areas: a slab lies flat more often than it stands on edge.
    """
    if shape.is_round:
        radius, _, half = shape.half_extents.tolist()
        slope = radius / (2 * half) if shape.kind == "cone" else 0.0
        side = np.array([1.0, 0.0, slope]) / math.hypot(1.0, slope)
        caps = [DOWN, -DOWN] if shape.kind == "cylinder" else [DOWN]
        normals = np.array([*caps, side])
        weights = np.array([STANDING / len(caps)] * len(caps) + [1.0 - STANDING])
    else:
        normals, offsets = shape.faces
        weights = np.array([_area(shape, n, d) for n, d in zip(normals, offsets, strict=True)])
    return np.stack([_turned_down(normal) for normal in normals]), weights / weights.sum()


def _turned_down(normal: Array) -> Array:
    """A rotation that takes a unit normal to straight down."""
    if normal @ DOWN < -1.0 + 1e-9:
        return np.diag([1.0, -1.0, -1.0])
    axis = np.cross(normal, DOWN)
    sine, cosine = float(np.linalg.norm(axis)), float(normal @ DOWN)
    if sine < 1e-9:
        return np.eye(3)
    return np.asarray(Rotation.from_rotvec(axis / sine * math.atan2(sine, cosine)).as_matrix())


def _area(shape: Shape, normal: Array, offset: float) -> float:
    on_face = shape.vertices[np.abs(shape.vertices @ normal - offset) < 1e-6]
    flat = on_face @ _turned_down(normal).T
    return float(ConvexHull(flat[:, :2]).volume)  # of two dimensions that is the area
