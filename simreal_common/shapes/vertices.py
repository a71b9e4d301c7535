"""Vertices of each kind of shape from its measures, about what its symmetry leaves in place."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simreal_common.shapes.form import box_corners

Array = NDArray[np.float64]

RIM_PARTS = 32  # straight parts that a rim is drawn and sampled by


class Measures(Protocol):
    """What a shape is measured by, as `Shape` has it."""

    @property
    def edges(self) -> tuple[float, ...]: ...
    @property
    def radius(self) -> float: ...
    @property
    def height(self) -> float: ...
    @property
    def sides(self) -> int: ...


def box(of: Measures) -> Array:
    """Corners of a cube or cuboid, metres, (8, 3)."""
    x, y, z = of.edges * 3 if len(of.edges) == 1 else of.edges
    return box_corners(np.array([x, y, z]) / 2.0)


def tetrahedron(of: Measures) -> Array:
    """Metres, (4, 3)."""
    height = of.edges[0] * math.sqrt(2.0 / 3.0)
    face = _ring(3, of.edges[0] / math.sqrt(3.0), 0.0)
    return _about_mean(np.vstack([face, [[0.0, 0.0, height]]]))


def prism(of: Measures) -> Array:
    """Metres, (2 * sides, 3)."""
    radius = _radius_of_base(of)
    base = _ring(of.sides, radius, 0.0)
    return _about_mean(np.vstack([base, _ring(of.sides, radius, of.height)]))


def pyramid(of: Measures) -> Array:
    """Metres, (sides + 1, 3)."""
    base = _ring(of.sides, _radius_of_base(of), 0.0)
    return _about_mean(np.vstack([base, [[0.0, 0.0, of.height]]]))


def cylinder(of: Measures) -> Array:
    """Points of its rims, metres, (2 * RIM_PARTS, 3)."""
    half = of.height / 2.0
    rims = [_ring(RIM_PARTS, of.radius, z) for z in (-half, half)]
    return np.vstack(rims)


def cone(of: Measures) -> Array:
    """Points of its rim, and its tip, metres, (RIM_PARTS + 1, 3)."""
    half = of.height / 2.0
    return np.vstack([_ring(RIM_PARTS, of.radius, -half), [[0.0, 0.0, half]]])


def _radius_of_base(of: Measures) -> float:
    return of.edges[0] / (2.0 * math.sin(math.pi / of.sides))


def _ring(count: int, radius: float, z: float) -> Array:
    angle = np.arange(count) * (2.0 * np.pi / count)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle), np.full(count, z)])


def _about_mean(vertices: Array) -> Array:
    return np.asarray(vertices - vertices.mean(axis=0))
