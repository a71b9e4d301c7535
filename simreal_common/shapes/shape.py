"""A shape: what the blocks are, with all that follows from it.

Lengths are in units of its edge, and its edge, in metres, is that of the cube which the same sphere
about its origin encloses. So a shape is as far, as large in an image and as well cut out by a crop as a
cube of its edge, and whatever is told in edges holds for all shapes.

Cubes and cuboids, prisms, pyramids and tetrahedra are convex hulls of vertices; cylinders and cones
have rims and a silhouette in place of edges. The z axis is that of a base's sides, or of roundness.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_common.shapes.form import Form, angular_form, box_corners, round_form
from simreal_common.shapes.registry import SHAPES
from simreal_common.shapes.symmetry import Symmetry, cube_group, group_of

Array = NDArray[np.float64]

SIDES = (3, 12)  # of a base: rounder ones look like cylinders
LENGTHS_M = (0.002, 1.0)
THINNEST = 0.08  # shortest extent as a share of the longest: what is thinner has no faces to see


@dataclass(frozen=True)
class Shape:
    """What the blocks are.

    Args:
        kind: a name out of `registry.SHAPES`.
        edges: metres; three of a cuboid along x, y, z; one of a cube or tetrahedron, or of a base.
        radius: of a round base, metres.
        height: along z, metres.
        sides: of a base.

    Raises:
        ValueError: no such kind, a measure that it lacks or that is not its own, or one that cannot be.
    """

    kind: str = "cube"
    edges: tuple[float, ...] = ()
    radius: float = 0.0
    height: float = 0.0
    sides: int = 0

    def __post_init__(self) -> None:
        if self.kind not in SHAPES:
            raise ValueError(f"kind is {self.kind!r}: wanted one of {', '.join(SHAPES)}")
        kind = SHAPES[self.kind]
        wanted = kind.measures
        for name in ("edges", "radius", "height", "sides"):
            given = bool(getattr(self, name))
            if given != (name in wanted):
                trouble = "has no" if given else "lacks"
                raise ValueError(
                    f"a {self.kind} {trouble} {name}: write {self.kind} with {kind.example}"
                )
        if "edges" in wanted and len(self.edges) != kind.edges:
            raise ValueError(
                f"a {self.kind} got {len(self.edges)} edges, wanted {kind.edges}: {kind.example}"
            )
        for length in (*self.edges, *(x for x in (self.radius, self.height) if x)):
            if not LENGTHS_M[0] <= length <= LENGTHS_M[1]:
                raise ValueError(
                    f"a length of {length:g}: wanted metres, {LENGTHS_M[0]:g} to {LENGTHS_M[1]:g}; "
                    "50 mm are 0.05"
                )
        if self.sides and not SIDES[0] <= self.sides <= SIDES[1]:
            raise ValueError(
                f"a base of {self.sides} sides: wanted {SIDES[0]} to {SIDES[1]}; rounder ones are a "
                f"{'cylinder' if self.kind == 'prism' else 'cone'}"
            )
        extents = np.ptp(SHAPES[self.kind].vertices_m(self), axis=0)
        if extents.min() < THINNEST * extents.max():
            raise ValueError(
                f"{extents.min():g} m thin and {extents.max():g} m long: wanted at least "
                f"{THINNEST:g} of the length; a thinner thing shows no faces to tell its pose by"
            )

    @staticmethod
    def from_plain(values: Any) -> Shape:
        """From a table of names and values, as YAML and JSON give it.

        Raises:
            ValueError: it is none, or not one of a shape.
        """
        if not isinstance(values, Mapping):
            raise ValueError(
                f"got {values!r}, wanted a table, e.g. kind: cuboid, {SHAPES['cuboid'].example}"
            )
        known = ("kind", "edges", "radius", "height", "sides")
        unknown = sorted(str(name) for name in values if name not in known)
        if unknown:
            raise ValueError(f"{', '.join(unknown)} is not known; the keys are {', '.join(known)}")
        if not isinstance(values.get("kind"), str):
            raise ValueError(f"kind is {values.get('kind')!r}: wanted one of {', '.join(SHAPES)}")
        edges = values.get("edges", ())
        edges = edges if isinstance(edges, list | tuple) else (edges,)
        sides = values.get("sides", 0)
        if isinstance(sides, bool) or not isinstance(sides, int):
            raise ValueError(f"sides is {sides!r}: wanted a whole number")
        return Shape(
            values["kind"],
            tuple(_length("edges", edge) for edge in edges),
            _length("radius", values.get("radius", 0.0)),
            _length("height", values.get("height", 0.0)),
            sides,
        )

    def plain(self) -> dict[str, Any]:
        """As `from_plain` takes it."""
        values = {name: getattr(self, name) for name in SHAPES[self.kind].measures}
        return {
            "kind": self.kind,
            **{name: list(v) if isinstance(v, tuple) else v for name, v in values.items()},
        }

    @property
    def words(self) -> str:
        """For people, in millimetres."""
        parts = []
        if self.sides:
            parts.append(f"{self.sides} sides")
        if self.edges:
            parts.append(" x ".join(f"{1000 * edge:g}" for edge in self.edges) + " mm")
        if self.radius:
            parts.append(f"radius {1000 * self.radius:g} mm")
        if self.height:
            parts.append(f"height {1000 * self.height:g} mm")
        return f"{self.kind} ({', '.join(parts)})"

    def looks_like(self, other: Shape) -> bool:
        """Whether a model of the other finds these: the same kind and proportions."""
        if (self.kind, self.sides) != (other.kind, other.sides):
            return False
        mine, others = self.half_extents, other.half_extents
        return bool(np.allclose(mine, others, rtol=0.01))

    @property
    def is_cube(self) -> bool:
        return self.kind == "cube"

    @property
    def is_box(self) -> bool:
        """Whether its eight vertices are the corners of a box."""
        return self.kind in ("cube", "cuboid")

    @property
    def is_round(self) -> bool:
        return SHAPES[self.kind].is_round

    @property
    def flat_top(self) -> bool:
        """Whether something can be put on one that stands on the table."""
        return SHAPES[self.kind].flat_top

    @property
    def edge_m(self) -> float:
        """Edge of the cube which the same sphere encloses, metres."""
        return float(self.edges[0]) if self.is_cube else _form(self).edge_m

    @property
    def extents_m(self) -> tuple[float, float, float]:
        """Extents of the box around it along its axes, metres."""
        x, y, z = (2 * self.edge_m * _form(self).half_extents).tolist()
        return x, y, z

    @property
    def half_extents(self) -> Array:
        """Half extents of the box around its origin that holds it, edges, (3,)."""
        return _form(self).half_extents

    @property
    def keypoints(self) -> Array:
        """Corners of that box, edges, (8, 3): what a pose network names.

        Keypoint i has the sign of bit 0 of i along x, of bit 1 along y and of bit 2 along z.
        """
        return _form(self).keypoints

    @property
    def vertices(self) -> Array:
        """Edges, (V, 3); of a round shape points of its rims."""
        return _form(self).vertices

    @property
    def triangles(self) -> NDArray[np.int64]:
        """Of its surface, vertices counter-clockwise from outside, (T, 3)."""
        return _form(self).triangles

    @property
    def faces(self) -> tuple[Array, Array]:
        """Outward unit normals, (F, 3), and distances from the origin, edges, (F,); none if round."""
        return _form(self).normals, _form(self).offsets

    @property
    def edge_lines(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Edges as pairs of vertices, (E, 2), and the two faces of each, (E, 2); none if round."""
        return _form(self).edges, _form(self).edge_faces

    @property
    def symmetry(self) -> Symmetry:
        """In which orientations it looks the same."""
        return _form(self).symmetry

    @property
    def thickness(self) -> float:
        """Smallest extent, edges: two of them side by side are no nearer."""
        return 1.0 if self.is_cube else 2.0 * float(_form(self).half_extents.min())


def _length(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name} is {value!r}: wanted metres, e.g. 0.05")
    return float(value)


@lru_cache(maxsize=64)
def _form(shape: Shape) -> Form:
    if shape.is_cube:
        vertices = box_corners(np.full(3, 0.5))
        return angular_form(float(shape.edges[0]), vertices, True, Symmetry(cube_group()))
    kind = SHAPES[shape.kind]
    metres = kind.vertices_m(shape)
    edge = float(np.linalg.norm(metres, axis=1).max()) * 2.0 / math.sqrt(3.0)
    vertices = metres / edge
    if kind.is_round:
        return round_form(edge, vertices, kind.upside_down)
    return angular_form(edge, vertices, shape.is_box, Symmetry(group_of(vertices)))


CUBE = Shape("cube", (0.05,))
