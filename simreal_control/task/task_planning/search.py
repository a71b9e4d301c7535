"""What has been tried already for the sake of blocks that lack, or that nothing leads to."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simreal_control.task.task_planning.decision import Removal
from simreal_control.world_model.block_map import Block

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Search:
    """How far a search has gone; another one after each observation.

    Args:
        lacks: observations in a row that showed no block for any place.
        over: a tower was taken down once already to reveal what it occludes.
        removals: blocks moved out of the way so far.
        aside: where blocks lie that were taken down to reveal what they occluded, metres, shape (2,)
            each.
    """

    lacks: int = 0
    over: bool = False
    removals: int = 0
    aside: tuple[Array, ...] = ()

    def after(self, removal: Removal) -> Search:
        """The search after one more block was taken away."""
        if removal.search:
            return replace(self, aside=(*self.aside, np.array(removal.position[:2])))
        return replace(self, removals=self.removals + 1)

    def is_aside(self, block: Block, edge_m: float) -> bool:
        """Whether a block was taken down to reveal what it occluded."""
        return any(block.horizontal_distance(place) < edge_m for place in self.aside)
