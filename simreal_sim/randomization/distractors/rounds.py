"""Round distractors: balls, cylinders that stand or lie, discs, rods, cables."""

from __future__ import annotations

import numpy as np

from simreal_sim.randomization.distractors.bodies import Bodies, Draw
from simreal_sim.rendering.scene import CYLINDER, ELLIPSOID


def ball(draw: Draw) -> Bodies:
    radius = draw.half[:, 0]
    return Bodies(np.column_stack([radius, radius, radius]), ELLIPSOID)


def ellipsoid(draw: Draw) -> Bodies:
    return Bodies(draw.half, ELLIPSOID)


def cylinder(draw: Draw) -> Bodies:
    radius, _, height = draw.half.T
    return Bodies(np.column_stack([radius, radius, height]), CYLINDER)


def lying_cylinder(draw: Draw) -> Bodies:
    return Bodies(cylinder(draw).half, CYLINDER, lying=True)


def disc(draw: Draw) -> Bodies:
    radius = draw.half[:, 0]
    return Bodies(np.column_stack([radius, radius, radius * draw.uniform(0.05, 0.4)]), CYLINDER)


def rod(draw: Draw) -> Bodies:
    length = np.maximum(draw.half[:, 2], 0.6)
    radius = length * draw.uniform(0.06, 0.2)
    return Bodies(np.column_stack([radius, radius, length]), CYLINDER, lying=True)


def cable(draw: Draw) -> Bodies:
    radius = draw.uniform(0.03, 0.1)
    length = draw.uniform(1.5, 6.0)
    return Bodies(np.column_stack([radius, radius, length]), CYLINDER, lying=True)
