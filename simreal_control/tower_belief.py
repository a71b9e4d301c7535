"""What the task believes of its tower, and how a look confirms or refutes it.

A release makes the tower one block higher in belief. A look may show that block on top (confirmed),
elsewhere (it fell), or not at all: then blocks are counted, for a block that is nowhere else on the
table is most likely where it was put, only not recognized.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from simreal_control.block_map import Block
from simreal_control.tower_view import TowerView

Array = NDArray[np.float64]


class Verdict(Enum):
    CONFIRMED = "confirmed"
    UNCLEAR = "unclear"
    FELL = "fell"


@dataclass(eq=False)
class TowerBelief:
    """A tower as believed.

    Args:
        position: where the next block goes, from above; metres, shape (2,).
        yaw: of its top block, radians modulo a quarter turn.
        levels: height in blocks.
        known: the most blocks that were ever seen at once.
    """

    position: Array
    yaw: float
    levels: int
    known: int

    @staticmethod
    def on(base: Block, known: int) -> TowerBelief:
        """A tower whose top is `base`."""
        return TowerBelief(np.array(base.position[:2]), base.yaw, base.level + 1, known)

    def judge(self, view: TowerView) -> Verdict:
        """Compare with a look; takes over what is confirmed, nothing else."""
        elsewhere = len(view.loose) + len(view.covered)
        if view.levels >= self.levels:
            self._follow(view)
            self.known = max(self.known, self.levels + elsewhere)
            return Verdict.CONFIRMED
        if self.levels + elsewhere > self.known:
            return Verdict.FELL
        return Verdict.UNCLEAR

    def accept(self, view: TowerView) -> None:
        """Believe the look: the tower is as high as seen (0: it is gone)."""
        self.levels = view.levels
        self.known = max(self.known, self.levels + len(view.loose) + len(view.covered))
        self._follow(view)

    def _follow(self, view: TowerView) -> None:
        """The next block goes where the top is seen to be."""
        top = view.top
        self.levels = view.levels
        if top is not None:
            self.position = np.array(top.position[:2])
            self.yaw = top.yaw
