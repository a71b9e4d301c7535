"""Distractors of two parts: slabs on each other, corners, tools, mugs."""

from __future__ import annotations

import numpy as np

from simreal_sim.randomization.distractors.bodies import Bodies, Draw, SecondPart
from simreal_sim.rendering.scene import CYLINDER


def two_slabs(draw: Draw) -> Bodies:
    """Of a block's size together, but turned or shifted."""
    side = np.full(draw.number, 0.5)
    lower = 0.5 * draw.uniform(0.3, 0.65)
    upper = 0.5 * draw.uniform(0.3, 0.65)
    turn = draw.uniform(0.2, np.pi / 2 - 0.2)
    shift = draw.uniform(0.0, 0.2)
    second = SecondPart(
        half=np.column_stack([side, side, upper]),
        centre=np.column_stack([shift, 0.5 * shift, 2 * lower + upper]),
        turn=turn,
    )
    return Bodies(np.column_stack([side, side, lower]), second=second)


def corner(draw: Draw) -> Bodies:
    """An L."""
    a, b, c = draw.half.T
    b = np.minimum(b, 0.7)
    c = np.minimum(a, c) * draw.uniform(0.3, 0.8)
    tall = c * draw.uniform(0.8, 2.5)
    thin = np.minimum(a, 0.75 * np.maximum(b, tall)) * draw.uniform(0.15, 1.0)
    second = SecondPart(
        half=np.column_stack([thin, b, tall]),
        centre=np.column_stack([thin - a, 0 * a, 2 * c + tall]),
    )
    return Bodies(np.column_stack([a, b, c]), second=second)


def tool(draw: Draw) -> Bodies:
    """A long handle with a thin rest."""
    a, b, c = draw.uniform(0.8, 2.0), draw.uniform(0.12, 0.35), draw.uniform(0.1, 0.3)
    blade = np.column_stack([a * draw.uniform(0.4, 1.2), b * 0.35, c * 0.35])
    second = SecondPart(half=blade, centre=np.column_stack([a + blade[:, 0], 0 * a, c]))
    return Bodies(np.column_stack([a, b, c]), second=second)


def mug(draw: Draw) -> Bodies:
    """A cylinder with a handle."""
    radius = np.clip(draw.half[:, 0], 0.3, 1.0)
    height = radius * draw.uniform(0.8, 1.8)
    handle = np.column_stack([radius * 0.35, radius * 0.15, height * draw.uniform(0.4, 0.8)])
    second = SecondPart(
        half=handle, centre=np.column_stack([radius + handle[:, 0] * 0.9, 0 * radius, height])
    )
    return Bodies(np.column_stack([radius, radius, height]), CYLINDER, second=second)
