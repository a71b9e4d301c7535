"""Mines hard examples: a memory of the worst images, by the seeds they came from.

Online hard example mining (Shrivastava et al. 2016) across batches: a scene is drawn again from its
seed, so that nothing but numbers is kept.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np

Batch = TypeVar("Batch")

SHARE = 0.2  # of a batch that has been seen before
DRAWS = 3  # draws of which a batch shows the worst again
CAPACITY = 300  # draws that are remembered
FADING = 0.85  # of how hard an image is, each time it comes again: some are hard for good


@dataclass(frozen=True)
class Draw:
    """Images that came from one seed.

    Attributes:
        seed: of the generator that drew them.
        count: how many it drew.
        chosen: which of them are meant; None for all.
    """

    seed: int
    count: int
    chosen: tuple[int, ...] | None = None

    @property
    def size(self) -> int:
        """How many images are meant."""
        return self.count if self.chosen is None else len(self.chosen)


class HardExamples:
    """Remembers the worst images of a run, and chooses which of them come again."""

    def __init__(self) -> None:
        self._hardness: dict[Draw, float] = {}

    def plan(self, count: int, rng: np.random.Generator) -> list[Draw]:
        """Of what a batch of `count` images is made: fresh ones first, then some seen before."""
        known = list(self._hardness)
        again: list[Draw] = []
        if known:
            picks = rng.choice(len(known), size=min(DRAWS, len(known)), replace=False)
            again = [known[pick] for pick in sorted(picks.tolist())]
        while again and sum(draw.size for draw in again) > SHARE * count:
            again.pop()
        fresh = count - sum(draw.size for draw in again)
        return [Draw(int(rng.integers(2**62)), fresh), *again]

    def learned(self, draws: list[Draw], losses: list[float]) -> None:
        """Take in the losses of the images of a batch, in the order of its draws."""
        worst = max(math.floor(SHARE * len(losses) / DRAWS), 1)
        first = 0
        for draw in draws:
            own = np.array(losses[first : first + draw.size])
            first += draw.size
            if draw.chosen is None:
                chosen = tuple(sorted(np.argsort(-own, kind="stable")[:worst].tolist()))
                self._hardness[Draw(draw.seed, draw.count, chosen)] = float(
                    own[list(chosen)].mean()
                )
            elif draw in self._hardness:
                self._hardness[draw] = FADING * float(own.mean())
        if len(self._hardness) > CAPACITY:
            hardest = sorted(self._hardness, key=lambda draw: -self._hardness[draw])[:CAPACITY]
            self._hardness = {draw: h for draw, h in self._hardness.items() if draw in set(hardest)}

    def state(self) -> list[Any]:
        """What is remembered, for JSON."""
        return [[d.seed, d.count, list(d.chosen or ()), h] for d, h in self._hardness.items()]

    def restore(self, state: list[Any]) -> None:
        """Go back to a state."""
        self._hardness = {
            Draw(int(seed), int(count), tuple(chosen)): float(hardness)
            for seed, count, chosen, hardness in state
        }


def as_key(draws: list[Draw]) -> list[Any]:
    """Draws as JSON can hold them."""
    return [[d.seed, d.count, None if d.chosen is None else list(d.chosen)] for d in draws]


def from_key(key: list[Any]) -> list[Draw]:
    """The reverse of `as_key`."""
    return [
        Draw(int(seed), int(count), None if chosen is None else tuple(chosen))
        for seed, count, chosen in key
    ]


def joined(parts: list[Batch]) -> dict[str, Any]:
    """The arrays of batches (dataclasses of arrays) one after another, by their names."""
    names = [field.name for field in fields(parts[0]) if field.name != "key"]  # type: ignore[arg-type]
    return {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
