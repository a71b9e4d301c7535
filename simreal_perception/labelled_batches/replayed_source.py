"""Endless labelled images of random scenes, of which a share comes again that fooled the network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

import numpy as np

from simreal_perception.labelled_batches.hard_examples import (
    Draw,
    HardExamples,
    as_key,
    from_key,
    joined,
)
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig
from simreal_sim.rendering.textures import texture_pool

Batch = TypeVar("Batch")

TEXTURES = 1500


class ReplayedSource(ABC, Generic[Batch]):
    """Draws batches; the same seed, and the same losses told, give the same batches.

    Args:
        seed: of everything drawn.
        randomization: which groups are at work.

    Attributes:
        device: that draws, "cpu" or "cuda".
    """

    def __init__(self, seed: int, randomization: RandomizationConfig | None = None) -> None:
        self.rng = np.random.default_rng(seed)
        self.randomization = randomization or RandomizationConfig()
        self.textures = texture_pool(TEXTURES, self.rng)
        self.device = "cpu"
        self._hard = HardExamples()

    def draw(self, count: int) -> Batch:
        """Draw a batch of `count` images."""
        draws = self._hard.plan(count, self.rng)
        parts = [self._draw(draw) for draw in draws]
        kind: Any = type(parts[0])
        batch: Batch = kind(**joined(parts), key=as_key(draws))
        return batch

    def learned(self, key: Any, losses: list[float]) -> None:
        """Take in how badly each image of a batch fooled the network."""
        self._hard.learned(from_key(key), losses)

    def state(self) -> dict[str, Any]:
        """The images that come again, for JSON."""
        return {"hard": self._hard.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state."""
        self._hard.restore(state["hard"])

    @abstractmethod
    def _draw(self, draw: Draw) -> Batch:
        """Images of one seed, as a batch: a dataclass of arrays with a `key`."""
