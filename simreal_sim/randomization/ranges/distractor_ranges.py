"""The ranges of distractors: how many, of which kinds, how large.

A kind that has a share here has its shape in `layout/distractors.py`.
"""

# Ranges are frozen: sharing one as a default is safe.
# ruff: noqa: RUF009
from __future__ import annotations

from dataclasses import dataclass

from simreal_common.errors import ConfigurationError
from simreal_sim.randomization.ranges.ranges import (
    Integers,
    LogUniform,
    Share,
    Uniform,
    Weights,
    weights,
)
from simreal_sim.randomization.ranges.scene_limits import MOST_DISTRACTORS, within


@dataclass(frozen=True)
class DistractorRanges:
    """Distractors: objects that are no blocks; off: none."""

    number: Integers = Integers(0, 10)
    kinds: Weights = weights(
        ball=1.0, ellipsoid=0.6, cylinder=1.0, lying_cylinder=0.8, disc=0.6, rod=0.6, plate=0.8,
        cuboid=1.5, near_cube=0.25, slab=0.2, two_slabs=0.15, corner=0.6, mug=0.6,
        card=1.5, strip=0.6, cable=0.6, tool=0.6, carton=0.5, keyboard=0.3,
    )  # fmt: skip
    size_edges: LogUniform = LogUniform(0.3, 2.2)
    near_cube_ratio: Uniform = Uniform(1.25, 1.7)
    on_block: Share = Share(0.08)

    def __post_init__(self) -> None:
        within(self.number, "number", 0, MOST_DISTRACTORS)
        if self.near_cube_ratio.low < 1.25:
            raise ConfigurationError(
                f"near_cube_ratio: got {self.near_cube_ratio.low:g}, wanted 1.25 or more: "
                "what comes closer to a cube passes for a block"
            )
