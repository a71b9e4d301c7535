"""How many images come, how many are looked at, and how old detections are when they are said."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

WINDOW_S = 5.0
MOST_KEPT = 2000


@dataclass(frozen=True)
class Report:
    """Of the last `WINDOW_S` seconds.

    Args:
        heard: images that came, per second.
        looked: images that were looked at, per second.
        work: longest time for an image, seconds; None where none was looked at.
        latency: median time from an image's stamp to its detections, seconds; None where none is
            known.
        worst_latency: longest of them.
        blocks: in the last image.
    """

    heard: float
    looked: float
    work: float | None
    latency: float | None
    worst_latency: float | None
    blocks: int


class Throughput:
    """Counts. Times are of a clock that does not jump, seconds."""

    def __init__(self, now: float) -> None:
        self._started = now
        self._heard: deque[float] = deque(maxlen=MOST_KEPT)
        self._looked: deque[tuple[float, float, float | None]] = deque(maxlen=MOST_KEPT)
        self._blocks = 0

    def heard(self, now: float) -> None:
        """An image came."""
        self._heard.append(now)

    def looked(self, now: float, work: float, latency: float | None, blocks: int) -> None:
        """Its detections were published.

        Args:
            work: seconds that it took.
            latency: seconds since the image's stamp; None where that is of another clock.
            blocks: how many were found.
        """
        self._looked.append((now, work, latency))
        self._blocks = blocks

    def report(self, now: float) -> Report:
        """What the last seconds were like."""
        since = now - WINDOW_S
        span = max(min(WINDOW_S, now - self._started), 1e-3)
        looked = [entry for entry in self._looked if entry[0] > since]
        latencies = sorted(latency for _, _, latency in looked if latency is not None)
        return Report(
            heard=sum(at > since for at in self._heard) / span,
            looked=len(looked) / span,
            work=max((work for _, work, _ in looked), default=None),
            latency=latencies[len(latencies) // 2] if latencies else None,
            worst_latency=latencies[-1] if latencies else None,
            blocks=self._blocks,
        )
