"""Tells when an arm stands still: a picture taken then belongs to one pose of its."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

REST_RAD = 2e-3  # radians, or metres; encoders that stand still report less
SETTLE_S = 0.5  # at rest before a picture counts: the arm has stopped swinging, the image has come
STALE_S = 0.5  # joint states older than this say nothing of an image


class ArmRest:
    """Follows joint states and images by their times; one picture of each stand is wanted.

    Times are seconds on one clock, of arrival or as recorded, in order.
    """

    def __init__(self) -> None:
        self._now: dict[str, float] = {}
        self._stand: dict[str, float] = {}
        self._since = math.inf
        self._heard = -math.inf
        self._taken = False

    def hear(self, time_s: float, names: Sequence[str], positions: Sequence[float]) -> None:
        """Take one message of joint states: radians, metres; of several publishers each its own."""
        told = {n: float(p) for n, p in zip(names, positions) if math.isfinite(p)}
        if not told:
            return
        self._heard = time_s
        self._now.update(told)
        moved = any(
            abs(position - self._stand.get(name, math.inf)) > REST_RAD
            for name, position in told.items()
        )
        if moved:
            self._stand = dict(self._now)
            self._since, self._taken = time_s, False

    def take(self, time_s: float) -> Mapping[str, float] | None:
        """Joint positions for an image of this time, if it is one to keep."""
        if self._taken or time_s - self._since < SETTLE_S or time_s - self._heard > STALE_S:
            return None
        self._taken = True
        return dict(self._now)
