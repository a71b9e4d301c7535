"""Mean and deviation of what comes in image after image; what is long past fades."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

MOST_COUNTED = 900  # values that a mean is over


class RunningSpread:
    """Follows a vector's mean and variance (Welford's recursion, exponential once it is long).

    Args:
        value: the first.

    Attributes:
        count: how many values came.
        mean: of them.
    """

    def __init__(self, value: Array) -> None:
        self.count = 1
        self.mean: Array = np.array(value, dtype=np.float64)
        self._variance: Array = np.zeros_like(self.mean)

    @property
    def deviation(self) -> Array:
        return np.asarray(np.sqrt(self._variance))

    def take(self, value: Array) -> None:
        """One more."""
        self.count += 1
        weight = 1.0 / min(self.count, MOST_COUNTED)
        step = value - self.mean
        self.mean = self.mean + weight * step
        self._variance = (1.0 - weight) * (self._variance + weight * step * step)
