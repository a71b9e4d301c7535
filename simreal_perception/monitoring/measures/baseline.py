"""What a value has been so far: as it was at the start, and as it was lately."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

LEAST_VALUES = 5
FORGET_S = 120.0  # the light of a day may change; in so long it fades by 1/e


class Baseline:
    """Learns a vector in the first seconds, and follows it slowly.

    Args:
        learn_s: how long it is learned.
    """

    def __init__(self, learn_s: float) -> None:
        self._learn_s = learn_s
        self._began: float | None = None
        self._last = 0.0
        self._count = 0
        self._mean: Array | None = None
        self.first: Array | None = None

    @property
    def lately(self) -> Array | None:
        """The value of the last minutes; None while it is learned."""
        return None if self.first is None else self._mean

    def update(self, value: Array, time: float) -> None:
        """Take a value that is in order.

        Args:
            time: seconds; where it goes back, what was learned holds.
        """
        if self._mean is None or self._mean.shape != value.shape:
            self._began, self._last, self._count = time, time, 1
            self._mean, self.first = np.array(value, dtype=np.float64), None
            return
        passed, self._last = max(time - self._last, 0.0), time
        if self._began is None or time < self._began:
            self._began = time
        self._count += 1
        if self.first is None:
            self._mean = self._mean + (value - self._mean) / self._count
            if time - self._began >= self._learn_s and self._count >= LEAST_VALUES:
                self.first = self._mean
            return
        weight = 1.0 - math.exp(-passed / FORGET_S)
        self._mean = self._mean + weight * (value - self._mean)
