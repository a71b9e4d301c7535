"""The kinds of shapes: what each is measured by, and its vertices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_common.shapes.vertices import (
    Measures,
    box,
    cone,
    cylinder,
    prism,
    pyramid,
    tetrahedron,
)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ShapeKind:
    """A kind of shapes.

    Args:
        measures: what it is measured by, of the fields of `Shape`.
        example: of these, as YAML.
        vertices_m: makes its vertices about the point that its symmetry leaves in place, metres,
            (V, 3); of a round one points of its rims.
        flat_top: whether something can be put on one that stands on the table.
        edges: how many it is given.
        is_round: about its z axis.
        upside_down: whether a round one looks the same then.
    """

    measures: tuple[str, ...]
    example: str
    vertices_m: Callable[[Measures], Array]
    flat_top: bool
    edges: int = 1
    is_round: bool = False
    upside_down: bool = False


POLYGONAL, ROUND = ("sides", "edges", "height"), ("radius", "height")
SHAPES: dict[str, ShapeKind] = {
    "cube": ShapeKind(("edges",), "edges: [0.05]", box, flat_top=True),
    "cuboid": ShapeKind(("edges",), "edges: [0.06, 0.04, 0.03]", box, flat_top=True, edges=3),
    "tetrahedron": ShapeKind(("edges",), "edges: [0.06]", tetrahedron, flat_top=False),
    "prism": ShapeKind(POLYGONAL, "sides: 6, edges: [0.03], height: 0.05", prism, flat_top=True),
    "pyramid": ShapeKind(
        POLYGONAL, "sides: 4, edges: [0.05], height: 0.06", pyramid, flat_top=False
    ),
    "cylinder": ShapeKind(
        ROUND,
        "radius: 0.02, height: 0.06",
        cylinder,
        flat_top=True,
        is_round=True,
        upside_down=True,
    ),
    "cone": ShapeKind(ROUND, "radius: 0.03, height: 0.06", cone, flat_top=False, is_round=True),
}
EXAMPLES = {name: kind.example for name, kind in SHAPES.items()}
