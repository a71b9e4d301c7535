"""Draws distractors: balls, rods, plates, slabs, bodies that are nearly cubes, corners, mugs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simreal_sim.randomization.layout.proposals import DistractorProposals
from simreal_sim.randomization.ranges.distractor_ranges import DistractorRanges
from simreal_sim.randomization.ranges.scene_limits import MOST_DISTRACTORS
from simreal_sim.rendering.scene import BOX, CYLINDER, ELLIPSOID

Floats64 = NDArray[np.float64]

PLACES = 8  # proposals for one distractor before it is left out of a scene
LYING = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])  # z to -y: axis horizontal
AREA = 1.4  # distractors stand over a wider area than blocks do


def draw_distractors(
    edge: Floats64, area: Floats64, ranges: DistractorRanges, rng: np.random.Generator
) -> DistractorProposals:
    """Draw distractors for scenes whose blocks have edges (B,) and fill discs area (B,), metres."""
    size = (len(edge), MOST_DISTRACTORS)
    kind = ranges.kinds.draw(size, rng)
    names = ranges.kinds.names
    # Half extents of both parts and centre of the second, in edges, until the last line.
    half = ranges.size_edges.draw((*size, 2, 3), rng) / 2
    shape = np.full((*size, 2), BOX, dtype=np.int32)
    lying = np.zeros(size, dtype=bool)
    parts = np.ones(size, dtype=np.int64)
    second = np.zeros((*size, 3))
    turn = np.zeros(size)
    first = half[..., 0, :]

    def uniform(low: float, high: float, number: int) -> Floats64:
        return rng.uniform(low, high, size=number)

    for index, name in enumerate(names):
        here = kind == index
        n = int(here.sum())
        a, b, c = first[here].T
        if name in ("ball", "ellipsoid"):
            shape[here, 0] = ELLIPSOID
            if name == "ball":
                b, c = a, a
        elif name in ("cylinder", "lying_cylinder", "disc", "rod"):
            shape[here, 0] = CYLINDER
            b = a
            if name == "disc":
                c = a * uniform(0.05, 0.4, n)
            if name == "rod":
                c = np.maximum(c, 0.6)
                a = b = c * uniform(0.06, 0.2, n)
            lying[here] = name == "lying_cylinder" or (name == "rod")
        elif name == "plate":
            c = np.minimum(a, b) * uniform(0.04, 0.3, n)
        elif name == "cuboid":
            a, b, c = _no_cube(first[here], uniform(1.25, 3.0, n))
        elif name == "near_cube":
            side = 0.5 * uniform(0.7, 1.2, n)
            a, b, c = np.tile(side, (3, 1)) * rng.uniform(0.95, 1.05, size=(3, n))
            a, b, c = _no_cube(np.column_stack([a, b, c]), ranges.near_cube_ratio.draw(n, rng))
        elif name == "slab":  # a block's top cut off; it may lie on its side
            a = b = np.full(n, 0.5)
            c = 0.5 * uniform(0.25, 0.79, n)
            on_side = uniform(0, 1, n) < 0.3
            b, c = np.where(on_side, c, b), np.where(on_side, b, c)
        elif name == "two_slabs":  # of a block's size together, but turned or shifted
            parts[here] = 2
            a = b = np.full(n, 0.5)
            c = 0.5 * uniform(0.3, 0.65, n)
            upper = 0.5 * uniform(0.3, 0.65, n)
            half[here, 1] = np.column_stack([a, b, upper])
            turn[here] = uniform(0.2, np.pi / 2 - 0.2, n)
            shift = uniform(0.0, 0.2, n)
            second[here] = np.column_stack([shift, 0.5 * shift, 2 * c + upper])
        elif name == "corner":  # an L
            parts[here] = 2
            b = np.minimum(b, 0.7)
            c = np.minimum(a, c) * uniform(0.3, 0.8, n)
            tall = c * uniform(0.8, 2.5, n)
            thin = np.minimum(a, 0.75 * np.maximum(b, tall)) * uniform(0.15, 1.0, n)
            upright = np.column_stack([thin, b, tall])
            half[here, 1] = upright
            second[here] = np.column_stack([upright[:, 0] - a, 0 * a, 2 * c + upright[:, 2]])
        elif name in ("card", "strip"):  # pasteboard of any form; adhesive tape
            c = uniform(0.01, 0.06, n)
            if name == "strip":
                a, b = uniform(1.5, 6.0, n), uniform(0.1, 0.4, n)
                c = 0.3 * c
        elif name == "cable":
            shape[here, 0] = CYLINDER
            a = b = uniform(0.03, 0.1, n)
            c = uniform(1.5, 6.0, n)
            lying[here] = True
        elif name == "tool":
            parts[here] = 2
            a, b, c = uniform(0.8, 2.0, n), uniform(0.12, 0.35, n), uniform(0.1, 0.3, n)
            blade = np.column_stack([a * uniform(0.4, 1.2, n), b * 0.35, c * 0.35])
            half[here, 1] = blade
            second[here] = np.column_stack([a + blade[:, 0], 0 * a, c])
        elif name == "carton":
            a, b, c = _no_cube(uniform(0.8, 3.0, 3 * n).reshape(n, 3), uniform(1.25, 2.5, n))
        elif name == "keyboard":
            a, b, c = uniform(3.0, 7.0, n), uniform(1.0, 2.5, n), uniform(0.1, 0.4, n)
        elif name == "mug":
            parts[here] = 2
            shape[here, 0] = CYLINDER
            a = b = np.clip(a, 0.3, 1.0)
            c = a * uniform(0.8, 1.8, n)
            handle = np.column_stack([a * 0.35, a * 0.15, c * uniform(0.4, 0.8, n)])
            half[here, 1] = handle
            second[here] = np.column_stack([a + handle[:, 0] * 0.9, 0 * a, c])
        else:  # as a box it might pass for a block, labelled as none
            raise NotImplementedError(f"distractor '{name}' has a share but no shape")
        first[here] = np.column_stack([a, b, c])

    rotation = np.tile(np.eye(3), (*size, 2, 1, 1))
    rotation[lying, 0] = LYING
    rotation[:, :, 1, 0, 0] = rotation[:, :, 1, 1, 1] = np.cos(turn)
    rotation[:, :, 1, 1, 0], rotation[:, :, 1, 0, 1] = np.sin(turn), -np.sin(turn)
    offset = np.zeros((*size, 2, 3))
    offset[:, :, 0, 2] = np.where(lying, first[..., 1], first[..., 2])
    offset[:, :, 1] = second
    on_block = ranges.on_block.draw(size, rng)
    radius = AREA * area[:, None, None] * np.sqrt(rng.uniform(size=(*size, PLACES)))
    angle = rng.uniform(0, 2 * np.pi, size=(*size, PLACES))
    scale = edge[:, None, None, None]
    return DistractorProposals(
        parts=parts,
        shape=shape,
        half=half * scale,
        offset=offset * scale,
        rotation=rotation,
        place=np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1),
        yaw=rng.uniform(0, 2 * np.pi, size=(*size, PLACES)),
        base=np.where(on_block, rng.uniform(size=size), -1.0),
    )


def _no_cube(half: Floats64, ratio: Floats64) -> Floats64:
    """Half extents (3, n) of boxes (n, 3) whose longest is at least `ratio` (n,) the shortest.

    Boxes that are nearer to a cube are stretched or flattened along one of their axes.
    """
    half = half.copy()
    near = half.max(axis=1) < ratio * half.min(axis=1)
    rows = np.flatnonzero(near)
    axis = rows % 3
    longer = (rows // 3) % 2 == 0
    half[rows, axis] = np.where(
        longer, half[rows].min(axis=1) * ratio[rows], half[rows].max(axis=1) / ratio[rows]
    )
    # The axis that was changed may have been the one that was measured.
    off = half.max(axis=1) < ratio * half.min(axis=1) * (1 - 1e-9)
    half[off, 2] = half[off, :2].max(axis=1) * ratio[off]
    return half.T
