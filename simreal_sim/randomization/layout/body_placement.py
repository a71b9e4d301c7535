"""Places blocks that are no cubes on a table one by one: on a face, on or beside another, tilted, held.

As in `placement.py` all that is random was drawn before. What encloses a body is its box: exact for
cuboids, and room to spare for others. What leans leans freely, its lowest point on the table.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simreal_common.shapes.rests import rests
from simreal_common.shapes.shape import Shape
from simreal_sim.randomization.layout.placement import TOUCH, _free, _present, _yaw
from simreal_sim.randomization.layout.proposals import (
    BESIDE,
    HELD,
    ON_PLATE,
    ON_TABLE,
    ON_TOP,
    BlockProposals,
    DistractorProposals,
)
from simreal_sim.rendering.scene import BOX, CONE, CYLINDER, SOLID

Floats64 = NDArray[np.float64]

LEVEL = 1e-3  # of an edge: vertices so near to the highest make a face that carries another body
MOST_RISE = 0.1  # of a direction from the level, beside which another body is set
ALIKE = 1.25  # proportions of a distractor and of the blocks that differ by less look alike


def primitive_of(shape: Shape) -> int:
    """What the ray caster draws it as."""
    if shape.is_round:
        return CONE if shape.kind == "cone" else CYLINDER
    return BOX if shape.is_box else SOLID


def place_bodies(
    shape: Shape,
    edges: Floats64,
    number: NDArray[np.int64],
    proposals: BlockProposals,
    first: int,
    arrays: tuple[NDArray[np.int32], Floats64, Floats64, Floats64],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Fill the slots from `first` with up to `number` (B,) blocks of a shape.

    Args:
        arrays: shape, position, rotation and half_size of `Layout`.

    Returns:
        The slot of each scene's held block, -1 for none, (B,).
    """
    turns, weights = rests(shape)
    size = proposals.kind.shape
    rest = np.searchsorted(np.cumsum(weights), rng.uniform(size=size)).clip(0, len(weights) - 1)
    tilt_axis = rng.uniform(0, 2 * np.pi, size=size)
    held = _place(
        edges, number, proposals, turns[rest], tilt_axis, shape.vertices, shape.half_extents,
        primitive_of(shape), first, *arrays,
    )  # fmt: skip
    return np.asarray(held)


def unlike(shape: Shape, proposals: DistractorProposals) -> DistractorProposals:
    """Distractors without those that would pass for blocks of a shape, which are labelled as such."""
    half = np.sort(shape.half_extents)
    theirs = np.sort(proposals.half, axis=-1)
    ratio = theirs / half
    same = ratio.max(axis=-1) < ALIKE * ratio.min(axis=-1)
    kind = primitive_of(shape)
    same &= proposals.shape == (BOX if kind == SOLID and shape.sides == 4 else kind)
    same &= np.arange(2) < proposals.parts[..., None]
    base = proposals.base if shape.flat_top else np.full_like(proposals.base, -1.0)
    return proposals._replace(parts=np.where(same.any(axis=-1), 0, proposals.parts), base=base)


@njit(cache=True)
def _heights(turn, vertices, edge, out):  # type: ignore[no-untyped-def]
    """Heights of a body's vertices over its origin; the lowest and the highest."""
    low, high = 1e9, -1e9
    for i in range(vertices.shape[0]):
        z = turn[2, 0] * vertices[i, 0] + turn[2, 1] * vertices[i, 1] + turn[2, 2] * vertices[i, 2]
        out[i] = z * edge
        low, high = min(low, out[i]), max(high, out[i])
    return low, high


@njit(cache=True)
def _width(turn, vertices, edge, x, y):  # type: ignore[no-untyped-def]
    """How wide a body is along a horizontal direction."""
    low, high = 1e9, -1e9
    for i in range(vertices.shape[0]):
        along = 0.0
        for j in range(3):
            along += (x * turn[0, j] + y * turn[1, j]) * vertices[i, j]
        low, high = min(low, along), max(high, along)
    return (high - low) * edge


@njit(cache=True)
def _tilted(axis, angle, turn, out):  # type: ignore[no-untyped-def]
    """An orientation turned by `angle` about the horizontal direction `axis`, both radians."""
    x, y, c, s = np.cos(axis), np.sin(axis), np.cos(angle), np.sin(angle)
    r = np.empty((3, 3))
    r[0, 0], r[0, 1], r[0, 2] = c + x * x * (1 - c), x * y * (1 - c), y * s
    r[1, 0], r[1, 1], r[1, 2] = x * y * (1 - c), c + y * y * (1 - c), -x * s
    r[2, 0], r[2, 1], r[2, 2] = -y * s, x * s, c
    out[:, :] = r @ turn


@njit(cache=True)
def _place(  # type: ignore[no-untyped-def]
    edges,
    number,
    proposals,
    rest,
    tilt_axis,
    vertices,
    half_extents,
    primitive,
    first,
    shape,
    position,
    rotation,
    half,
):
    held = np.full(edges.shape[0], -1, dtype=np.int64)
    p, r, h = np.empty(3), np.empty((3, 3)), np.empty(3)
    frame, base_turn = np.eye(3), np.eye(3)
    z, base_z = np.empty(vertices.shape[0]), np.empty(vertices.shape[0])
    leans = np.zeros(shape.shape[1], dtype=np.bool_)
    for b in range(edges.shape[0]):
        tolerance = TOUCH * edges[b]
        leans[:] = False
        for k in range(number[b]):
            slot = first + k
            edge = proposals.edge[b, k]
            h[:] = half_extents * edge
            for c in range(proposals.kind.shape[2]):
                kind = proposals.kind[b, k, c]
                base = _present(proposals.base[b, k, c], first, slot, shape[b])
                if kind in (BESIDE, ON_TOP) and (base < 0 or base == held[b] or leans[base]):
                    kind = ON_TABLE
                if kind == HELD and held[b] >= 0:
                    continue
                _yaw(proposals.yaw[b, k, c], frame)
                r[:, :] = frame @ rest[b, k, c]
                p[0], p[1] = proposals.place[b, k, c, 0], proposals.place[b, k, c, 1]
                floor, leaning = 0.0, False
                if kind == HELD:
                    r[:, :] = proposals.free_turn[b, k, c]
                elif kind == ON_TOP:
                    base_turn[:, :] = rotation[b, base]
                    below = half[b, base, 0] / half_extents[0]
                    _, top = _heights(base_turn, vertices, below, base_z)
                    carrying = 0
                    for i in range(vertices.shape[0]):
                        carrying += base_z[i] > top - LEVEL * below
                    if carrying < 3:
                        continue
                    p[0] = position[b, base, 0] + proposals.slide[b, k, c, 0]
                    p[1] = position[b, base, 1] + proposals.slide[b, k, c, 1]
                    floor = position[b, base, 2] + top + tolerance
                elif kind == BESIDE:
                    r[:, :] = rotation[b, base]
                    below = half[b, base, 0] / half_extents[0]
                    low, _ = _heights(r, vertices, below, base_z)
                    if position[b, base, 2] + low > LEVEL * below:
                        continue  # it stands on another
                    # Along one of its own axes that lies level, where it has one.
                    x, y = np.cos(proposals.yaw[b, k, c]), np.sin(proposals.yaw[b, k, c])
                    for i in range(3):
                        axis = (proposals.side[b, k, c] + i) % 3
                        if abs(r[2, axis]) < MOST_RISE:
                            along = np.hypot(r[0, axis], r[1, axis])
                            x, y = r[0, axis] / along, r[1, axis] / along
                            break
                    if proposals.side[b, k, c] % 2 == 1:
                        x, y = -x, -y
                    away = proposals.gap[b, k, c] + tolerance
                    away += _width(r, vertices, max(edge, below), x, y)
                    across = proposals.slide[b, k, c, 1]
                    p[0] = position[b, base, 0] + x * away - y * across
                    p[1] = position[b, base, 1] + y * away + x * across
                elif kind != ON_TABLE:
                    angle = proposals.angle[b, k, c]
                    if kind == ON_PLATE:
                        angle = proposals.plate_angle[b, k, c]
                    frame[:, :] = r
                    _tilted(tilt_axis[b, k, c], angle, frame, r)
                    leaning = True
                low, _ = _heights(r, vertices, edge, z)
                p[2] = floor - low
                if kind == HELD:
                    p[2] = max(proposals.height[b, k, c], p[2])
                if not _free(
                    p, r, h, first, slot, shape[b], position[b], rotation[b], half[b], tolerance
                ):
                    continue
                shape[b, slot] = primitive
                position[b, slot] = p
                rotation[b, slot] = r
                half[b, slot] = h
                leans[slot] = leaning
                if kind == HELD:
                    held[b] = slot
                break
    return held
