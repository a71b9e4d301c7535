"""Distractors of one box: plates, cuboids, what is nearly a block, cards, cartons, keyboards."""

from __future__ import annotations

import numpy as np

from simreal_sim.randomization.distractors.bodies import Bodies, Draw, no_cube


def plate(draw: Draw) -> Bodies:
    a, b, _ = draw.half.T
    return Bodies(np.column_stack([a, b, np.minimum(a, b) * draw.uniform(0.04, 0.3)]))


def cuboid(draw: Draw) -> Bodies:
    return Bodies(no_cube(draw.half, draw.uniform(1.25, 3.0)))


def near_cube(draw: Draw) -> Bodies:
    side = 0.5 * draw.uniform(0.7, 1.2)
    half = np.tile(side, (3, 1)) * draw.rng.uniform(0.95, 1.05, size=(3, draw.number))
    return Bodies(no_cube(half.T, draw.near_cube_ratio(draw.number)))


def slab(draw: Draw) -> Bodies:
    """A block's top cut off; it may lie on its side."""
    side = np.full(draw.number, 0.5)
    thin = 0.5 * draw.uniform(0.25, 0.79)
    on_side = draw.uniform(0, 1) < 0.3
    return Bodies(
        np.column_stack([side, np.where(on_side, thin, side), np.where(on_side, side, thin)])
    )


def card(draw: Draw) -> Bodies:
    """Pasteboard of any form."""
    a, b, _ = draw.half.T
    return Bodies(np.column_stack([a, b, draw.uniform(0.01, 0.06)]))


def strip(draw: Draw) -> Bodies:
    """Adhesive tape."""
    thickness = draw.uniform(0.01, 0.06)
    length, width = draw.uniform(1.5, 6.0), draw.uniform(0.1, 0.4)
    return Bodies(np.column_stack([length, width, 0.3 * thickness]))


def carton(draw: Draw) -> Bodies:
    half = draw.rng.uniform(0.8, 3.0, size=3 * draw.number).reshape(draw.number, 3)
    return Bodies(no_cube(half, draw.uniform(1.25, 2.5)))


def keyboard(draw: Draw) -> Bodies:
    length, width = draw.uniform(3.0, 7.0), draw.uniform(1.0, 2.5)
    return Bodies(np.column_stack([length, width, draw.uniform(0.1, 0.4)]))
