"""What a kind of distractors draws from, and what it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_sim.rendering.scene import BOX

Floats64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Draw:
    """n distractors of a kind are drawn; lengths are in edges of the blocks.

    Args:
        half: (n, 3), half extents, each drawn from the range of sizes: what a kind does not say.
        near_cube_ratio: draws so many ratios of the longest to the shortest edge of what is nearly a
            cube.
        rng: draws the rest.
    """

    half: Floats64
    near_cube_ratio: Callable[[int], Floats64]
    rng: np.random.Generator

    @property
    def number(self) -> int:
        """n."""
        return len(self.half)

    def uniform(self, low: float, high: float) -> Floats64:
        """One number each, (n,)."""
        return self.rng.uniform(low, high, size=self.number)


@dataclass(frozen=True, eq=False)
class SecondPart:
    """A box that belongs to each of n distractors.

    Args:
        half: (n, 3), half extents.
        centre: (n, 3), above the place where the distractor stands.
        turn: (n,), radians about the vertical, against the first part.
    """

    half: Floats64
    centre: Floats64
    turn: Floats64 | float = 0.0


@dataclass(frozen=True, eq=False)
class Bodies:
    """n distractors of a kind, in edges; the first part stands on what the distractor stands on.

    Args:
        half: (n, 3), half extents of the first part.
        primitive: its shape, see `simreal_sim.rendering.scene`.
        lying: its z axis is level.
        second: of those of two parts.
    """

    half: Floats64
    primitive: int = BOX
    lying: bool = False
    second: SecondPart | None = None


def no_cube(half: Floats64, ratio: Floats64) -> Floats64:
    """Half extents of boxes, (n, 3), whose longest is at least `ratio` (n,) the shortest.

    Boxes that are nearer to a cube are stretched or flattened along one of their axes.
    """
    half = half.copy()
    near = half.max(axis=1) < ratio * half.min(axis=1)
    rows = np.flatnonzero(near)
    axis = rows % 3
    longer = (rows // 3) % 2 == 0
    half[rows, axis] = np.where(
        longer, half[rows].min(axis=1) * ratio[rows], half[rows].max(axis=1) / ratio[rows]
    )
    # The axis that was changed may have been the one that was measured.
    off = half.max(axis=1) < ratio * half.min(axis=1) * (1 - 1e-9)
    half[off, 2] = half[off, :2].max(axis=1) * ratio[off]
    return half
