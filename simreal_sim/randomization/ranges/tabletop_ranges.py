"""The ranges of scenes that are set up as people do."""

# Ranges are frozen: sharing one as a default is safe.
# ruff: noqa: RUF009
from __future__ import annotations

from dataclasses import dataclass

from simreal_common.errors import ConfigurationError
from simreal_sim.randomization.ranges.ranges import (
    Integers,
    LogUniform,
    Normal,
    Share,
    Uniform,
    Weights,
    weights,
)
from simreal_sim.randomization.ranges.scene_limits import (
    MOST_BLOCKS,
    MOST_DISTRACTORS,
    MOST_SHEETS,
    within,
)


@dataclass(frozen=True)
class TabletopRanges:
    """Scenes as people set them up, in place of the wild ones; off: none.

    A board or mat, sheets and cards on it, blocks of one kind in rows, towers or loose, distractors
    of a workplace about them.
    """

    share: Share = Share(0.35)
    blocks: LogUniform = LogUniform(1.0, 30.0)
    area_edges: Uniform = Uniform(3.0, 14.0)
    largest_area_m: Uniform = Uniform(0.2, 0.6)
    arrangements: Weights = weights(loose=0.4, rows=0.25, towers=0.15, mixed=0.2)
    one_yaw: Share = Share(0.35)
    yaw_deg: Normal = Normal(3.0)
    things: LogUniform = LogUniform(0.5, 24.0)
    board: Share = Share(0.6)
    board_edges: LogUniform = LogUniform(4.0, 20.0)
    sheets: Integers = Integers(0, 4)
    sheet_edges: LogUniform = LogUniform(0.7, 8.0)
    print_edges: LogUniform = LogUniform(0.7, 12.0)
    grounds: Weights = weights(printed=0.45, material=0.35, plain=0.2)
    looks: Weights = weights(paint=0.4, wood=0.2, faces=0.25, wild=0.15)

    def __post_init__(self) -> None:
        within(self.sheets, "sheets", 0, MOST_SHEETS)
        for name, most in (("blocks", MOST_BLOCKS), ("things", MOST_DISTRACTORS)):
            if getattr(self, name).high > most:
                raise ConfigurationError(
                    f"{name}: got up to {getattr(self, name).high:g}, wanted at most {most}"
                )
