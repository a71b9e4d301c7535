"""The ranges of distractors: how many, of which kinds, how large.

The kinds, and the share of each by default, are in `distractors/registry.py`.
"""

# Ranges are frozen: sharing one as a default is safe.
# ruff: noqa: RUF009
from __future__ import annotations

from dataclasses import dataclass

from simreal_common.errors import ConfigurationError
from simreal_sim.randomization.distractors.registry import DISTRACTORS
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
    kinds: Weights = weights(**{name: one.share for name, one in DISTRACTORS.items()})
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
