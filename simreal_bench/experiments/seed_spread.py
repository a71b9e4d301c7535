"""What may be said of a figure that was measured with few seeds: means and their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Spread:
    """The mean of a figure over the seeds of one kind of run.

    Args:
        values: of each seed.
        low, high: ends of the mean's confidence interval (Student's t); infinite for one seed.
    """

    values: tuple[float, ...]
    low: float
    high: float

    @property
    def mean(self) -> float:
        return float(np.mean(self.values))

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2

    def __str__(self) -> str:
        if math.isfinite(self.half_width):
            return f"{self.mean:.3g} +- {self.half_width:.2g}"
        return f"{self.mean:.3g}"


@dataclass(frozen=True)
class Difference:
    """How much higher a figure's mean is with one kind of run than with another.

    Args:
        mean: of the one less that of the other.
        low, high: ends of its confidence interval (Welch's t); infinite where neither kind has a
            second seed, by which a spread would be known.
    """

    mean: float
    low: float
    high: float

    @property
    def spread_known(self) -> bool:
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def exceeds_spread(self) -> bool:
        """Whether seeds alone would hardly make such a difference."""
        return self.spread_known and not self.low <= 0.0 <= self.high

    def __str__(self) -> str:
        if self.spread_known:
            return f"{self.mean:+.3g} ({self.low:+.3g} to {self.high:+.3g})"
        return f"{self.mean:+.3g}"


def spread(values: Sequence[float]) -> Spread:
    """The mean of a figure and its interval.

    Args:
        values: of each seed, one at least.
    """
    given = tuple(float(value) for value in values)
    error = stats.sem(given) if len(given) > 1 else math.inf
    if len(given) < 2 or not error > 0.0:
        width = error
    else:
        width = error * stats.t.ppf((1.0 + CONFIDENCE) / 2.0, len(given) - 1)
    middle = float(np.mean(given))
    return Spread(given, middle - float(width), middle + float(width))


def difference(values: Sequence[float], others: Sequence[float]) -> Difference:
    """How much higher the mean of some values is than that of others.

    The interval is Welch's, which asks for no equal spreads. Where one side has a single value, the
    other's spread is taken for both (Student's), since there is nothing else to go by.
    """
    mean = float(np.mean(values) - np.mean(others))
    sizes = (len(values), len(others))
    if max(sizes) < 2:
        return Difference(mean, -math.inf, math.inf)
    if np.ptp(values) == 0.0 and np.ptp(others) == 0.0:
        return Difference(mean, mean, mean)
    result = stats.ttest_ind(values, others, equal_var=min(sizes) < 2)
    low, high = result.confidence_interval(CONFIDENCE)
    return Difference(mean, float(low), float(high))
