"""Draws distractors with the places that are proposed for them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simreal_sim.randomization.distractors.bodies import Draw
from simreal_sim.randomization.distractors.registry import DISTRACTORS
from simreal_sim.randomization.layout.proposals import DistractorProposals
from simreal_sim.randomization.ranges.distractor_ranges import DistractorRanges
from simreal_sim.randomization.ranges.scene_limits import MOST_DISTRACTORS
from simreal_sim.rendering.scene import BOX

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
    # Half extents of both parts and centre of the second, in edges, until the last line.
    half = ranges.size_edges.draw((*size, 2, 3), rng) / 2
    shape = np.full((*size, 2), BOX, dtype=np.int32)
    lying = np.zeros(size, dtype=bool)
    parts = np.ones(size, dtype=np.int64)
    second = np.zeros((*size, 3))
    turn = np.zeros(size)
    for index, name in enumerate(ranges.kinds.names):
        here = kind == index
        draw = Draw(half[here, 0], lambda count: ranges.near_cube_ratio.draw(count, rng), rng)
        bodies = DISTRACTORS[name].draw(draw)
        half[here, 0], shape[here, 0] = bodies.half, bodies.primitive
        lying[here] = bodies.lying
        if bodies.second is not None:
            parts[here] = 2
            half[here, 1], second[here] = bodies.second.half, bodies.second.centre
            turn[here] = bodies.second.turn
    first = half[..., 0, :]

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
