"""How fast simulated time may run against real time."""

from __future__ import annotations

import time
from collections.abc import Callable

# Simulated seconds that are made up for after something slow (an image takes some 0.15 s). What is
# behind by more is given up: then simulated time runs slower than asked, and nothing races.
CATCH_UP_S = 0.5


class Pacer:
    """Says how much simulated time is due.

    Args:
        real_time_factor: simulated seconds a real second; 0 is as fast as it goes.
        clock: real seconds, monotonic.
    """

    def __init__(
        self, real_time_factor: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._factor = real_time_factor
        self._clock = clock
        self._real = clock()
        self._behind = 0.0
        self.given_up_s = 0.0  # simulated seconds that were never made up for

    def due(self, at_most: float) -> float:
        """Simulated seconds to run now, `at_most` or less; tell `ran` what was run of them."""
        if self._factor == 0:
            return at_most
        now = self._clock()
        behind = self._behind + self._factor * (now - self._real)
        self._behind = min(behind, CATCH_UP_S)
        self.given_up_s += behind - self._behind
        self._real = now
        return min(self._behind, at_most)

    def ran(self, seconds: float) -> None:
        """Simulated seconds that have been run."""
        if self._factor:
            self._behind -= seconds


class Schedule:
    """Something that happens at a rate of simulated time."""

    def __init__(self, rate_hz: float) -> None:
        self._period = 1.0 / rate_hz
        self._count = 0

    def is_due(self, now_s: float) -> bool:
        """Whether it is time, at most once a period; no drift, whatever the steps are."""
        if now_s + 1e-9 < self._count * self._period:
            return False
        self._count = int((now_s + 1e-9) / self._period) + 1
        return True
