"""The kinds of distractors, and how often each comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simreal_sim.randomization.distractors import boxes, composites, rounds
from simreal_sim.randomization.distractors.bodies import Bodies, Draw


@dataclass(frozen=True)
class Distractor:
    """A kind of distractors.

    Args:
        draw: draws some of it.
        share: weight that it has by default among all of them.
    """

    draw: Callable[[Draw], Bodies]
    share: float


# New ones go to the end: what a seed draws depends on the order.
DISTRACTORS = {
    "ball": Distractor(rounds.ball, 1.0),
    "ellipsoid": Distractor(rounds.ellipsoid, 0.6),
    "cylinder": Distractor(rounds.cylinder, 1.0),
    "lying_cylinder": Distractor(rounds.lying_cylinder, 0.8),
    "disc": Distractor(rounds.disc, 0.6),
    "rod": Distractor(rounds.rod, 0.6),
    "plate": Distractor(boxes.plate, 0.8),
    "cuboid": Distractor(boxes.cuboid, 1.5),
    "near_cube": Distractor(boxes.near_cube, 0.25),
    "slab": Distractor(boxes.slab, 0.2),
    "two_slabs": Distractor(composites.two_slabs, 0.15),
    "corner": Distractor(composites.corner, 0.6),
    "mug": Distractor(composites.mug, 0.6),
    "card": Distractor(boxes.card, 1.5),
    "strip": Distractor(boxes.strip, 0.6),
    "cable": Distractor(rounds.cable, 0.6),
    "tool": Distractor(composites.tool, 0.6),
    "carton": Distractor(boxes.carton, 0.5),
    "keyboard": Distractor(boxes.keyboard, 0.3),
}
