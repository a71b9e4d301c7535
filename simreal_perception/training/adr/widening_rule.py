"""Automatic domain randomization: which boundary is looked at next, and when it moves.

Akkaya et al. 2019, "Solving Rubik's Cube with a Robot Hand", section 5: one range at a time is pinned
to one of its boundaries, the network's performance there is kept in a buffer, and when the buffer is
full the boundary moves outwards if the mean is high, inwards if it is low.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from simreal_common.errors import ConfigurationError
from simreal_perception.training.adr.boundaries import Boundary, boundaries, opened, pinned
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig

STREAM = 0xAD12  # keeps the choice of boundaries apart from all else that a run draws
LEAST_SHARE = 1e-3  # a range narrower than this counts as a point, whose entropy would be -infinity


@dataclass(frozen=True)
class AdrRule:
    """When boundaries move.

    Args:
        low, high: performance, 0 to 1, below which a boundary moves inwards, above which outwards.
        buffer: measurements of a boundary, on fresh images each, that their mean is taken of.
        step: by how much it moves, as a share of the way from the point to the limit.

    Raises:
        ConfigurationError: values that make no sense.
    """

    low: float
    high: float
    buffer: int
    step: float

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high <= 1:
            raise ConfigurationError(
                f"adr_low is {self.low:g} and adr_high {self.high:g}: wanted 0 <= adr_low < adr_high "
                "<= 1, performance below which a range narrows and above which it widens"
            )
        if self.buffer < 1:
            raise ConfigurationError(f"adr_buffer is {self.buffer}: wanted 1 or more")
        if not 0 < self.step <= 1:
            raise ConfigurationError(
                f"adr_step is {self.step:g}: wanted a share of the way to the limit, above 0 to 1"
            )


class AutomaticRandomization:
    """Ranges that widen and narrow with what the network can do.

    Args:
        limits: how far ranges may open.
        rule: when they do.
        seed: of which boundary is looked at when.

    Attributes:
        shares: how far each boundary is open, by name, 0 to 1; all begin at 0.
        moves: how often boundaries have moved, outwards and inwards.
    """

    def __init__(self, limits: RandomizationConfig, rule: AdrRule, seed: int) -> None:
        self._limits, self._rule, self._seed = limits, rule, seed
        self._boundaries = boundaries(limits)
        if not self._boundaries:
            raise ConfigurationError(
                "adr is on, but every range is a point or switched off: there is nothing to widen; "
                "give ranges with --ranges, or fewer groups to --off"
            )
        self.shares = {boundary.name: 0.0 for boundary in self._boundaries}
        self._buffers: dict[str, list[float]] = {}
        self.moves = 0

    @property
    def ranges(self) -> RandomizationConfig:
        """What training draws from now."""
        return opened(self._limits, self.shares)

    @property
    def entropy(self) -> float:
        """Mean over the boundaries of ln(how far open), nats: 0 when all are at their limits.

        OpenAI's measure, ln of the width of each range, but for a constant: its limits' width.
        """
        opened_by = [max(share, LEAST_SHARE) for share in self.shares.values()]
        return sum(map(math.log, opened_by)) / len(opened_by)

    @property
    def openness(self) -> float:
        """Mean share of the boundaries, 0 to 1."""
        return sum(self.shares.values()) / len(self.shares)

    def boundary_at(self, step: int) -> Boundary:
        """The boundary that is looked at after step number `step` of the run."""
        rng = np.random.default_rng([self._seed, STREAM, step])
        return self._boundaries[int(rng.integers(len(self._boundaries)))]

    def pinned(self, boundary: Boundary) -> RandomizationConfig:
        """The ranges to measure a boundary on."""
        return pinned(self._limits, self.shares, boundary)

    def measured(self, boundary: Boundary, performance: float) -> bool:
        """Take in a performance, 0 to 1, at a boundary; whether the boundary has moved by it."""
        name, rule = boundary.name, self._rule
        buffer = self._buffers.setdefault(name, [])
        buffer.append(performance)
        if len(buffer) < rule.buffer:
            return False
        mean = sum(buffer) / len(buffer)
        del self._buffers[name]
        before = self.shares[name]
        if mean >= rule.high:
            # Counted in whole steps, so that ten of a tenth are a whole.
            self.shares[name] = min(1.0, round(before / rule.step + 1) * rule.step)
        elif mean < rule.low:
            self.shares[name] = max(0.0, round(before / rule.step - 1) * rule.step)
        moved = self.shares[name] != before
        self.moves += moved
        return moved

    def state(self) -> dict[str, Any]:
        """All that it has learned, for JSON."""
        return {"shares": dict(self.shares), "buffers": self._buffers, "moves": self.moves}

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state.

        Raises:
            ConfigurationError: one of other boundaries.
        """
        if set(state["shares"]) != set(self.shares):
            raise ConfigurationError(
                "the checkpoint's automatic randomization has other boundaries than these ranges: "
                "begin another run, with --run FOLDER --start-from the checkpoint"
            )
        self.shares = {name: float(state["shares"][name]) for name in self.shares}
        self._buffers = {name: list(map(float, kept)) for name, kept in state["buffers"].items()}
        self.moves = int(state["moves"])
