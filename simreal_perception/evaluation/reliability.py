"""How far scores can be trusted: of the estimates scored 0.9, how many are of a block."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

BINS = 10
SIZE, MARGIN, HISTOGRAM = 480, 64, 90  # pixels: the square plot, its border, the counts below
INK, FAINT, BLUE, RED = (30, 30, 30), (205, 205, 205), (40, 90, 200), (200, 60, 40)
FONT = cv2.FONT_HERSHEY_SIMPLEX
CONFIDENCE = 1.96  # standard deviations of a 95 % interval


@dataclass(frozen=True)
class ReliabilityBin:
    """Estimates whose scores lie in [low, high).

    Args:
        count: how many.
        score: their mean score.
        share: the share of them that is of a block.
        least, most: 95 % interval of that share (Wilson 1927).
    """

    low: float
    high: float
    count: int
    score: float
    share: float
    least: float
    most: float


def reliability_bins(
    scores: NDArray[np.float64], kept: NDArray[np.bool_], bins: int = BINS
) -> list[ReliabilityBin]:
    """Sort estimates into `bins` equal intervals of score; empty ones are left out.

    Args:
        scores: (N,), 0 to 1.
        kept: (N,), whether each is of a block, as its score promises.
    """
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.clip((scores * bins).astype(int), 0, bins - 1)
    found = []
    for index in range(bins):
        inside = place == index
        count = int(inside.sum())
        if count:
            share = float(kept[inside].mean())
            found.append(
                ReliabilityBin(
                    float(edges[index]), float(edges[index + 1]), count,
                    float(scores[inside].mean()), share, *_wilson(share, count),
                )
            )  # fmt: skip
    return found


def expected_calibration_error(bins: list[ReliabilityBin]) -> float:
    """Mean distance of score and share over all estimates (Naeini et al. 2015)."""
    total = sum(entry.count for entry in bins)
    if not total:
        return float("nan")
    return sum(entry.count * abs(entry.share - entry.score) for entry in bins) / total


def draw_reliability(bins: list[ReliabilityBin], title: str) -> NDArray[np.uint8]:
    """The plot, RGB: score against share with its interval, the diagonal, and the counts below."""
    height = MARGIN + SIZE + HISTOGRAM + 2 * MARGIN
    canvas = np.full((height, SIZE + 2 * MARGIN, 3), 255, dtype=np.uint8)
    for step in range(0, 11, 2):
        value = step / 10
        x, y = _place(value, value)
        cv2.line(canvas, (x, MARGIN), (x, MARGIN + SIZE), FAINT, 1)
        cv2.line(canvas, (MARGIN, y), (MARGIN + SIZE, y), FAINT, 1)
        _write(canvas, f"{value:.1f}", (x, MARGIN + SIZE + 16), 0.5)
        _write(canvas, f"{value:.1f}", (MARGIN - 22, y + 4), 0.5)
    cv2.line(canvas, _place(0, 0), _place(1, 1), FAINT, 2, cv2.LINE_AA)
    points = [_place(entry.score, entry.share) for entry in bins]
    for entry, (x, y) in zip(bins, points, strict=True):
        cv2.line(canvas, (x, _place(0, entry.least)[1]), (x, _place(0, entry.most)[1]), BLUE, 1)
        cv2.circle(canvas, (x, y), 5, BLUE, -1, cv2.LINE_AA)
    for first, second in itertools.pairwise(points):
        cv2.line(canvas, first, second, BLUE, 2, cv2.LINE_AA)
    cv2.rectangle(canvas, _place(0, 1), _place(1, 0), INK, 1)
    most = max((entry.count for entry in bins), default=1)
    floor = MARGIN + SIZE + MARGIN + HISTOGRAM
    for entry in bins:
        left, right = _place(entry.low, 0)[0] + 3, _place(entry.high, 0)[0] - 3
        top = floor - max(round(HISTOGRAM * 0.8 * entry.count / most), 1)
        cv2.rectangle(canvas, (left, top), (right, floor), BLUE, -1)
        _write(canvas, str(entry.count), ((left + right) // 2, top - 5), 0.4)
    middle = MARGIN + SIZE // 2
    _write(canvas, title, (middle, 24), 0.5)
    error = expected_calibration_error(bins)
    _write(canvas, f"mean distance from the diagonal (ECE) {error:.3f}", (middle, 46), 0.5, RED)
    _write(canvas, "score of the estimate", (middle, MARGIN + SIZE + 36), 0.5)
    _write(canvas, "estimates with that score", (middle, floor + 22), 0.5)
    aside = "share that is of a block"
    strip = np.full((20, SIZE, 3), 255, dtype=np.uint8)
    _write(strip, aside, (SIZE // 2, 14), 0.5)
    canvas[MARGIN : MARGIN + SIZE, 2:22] = np.rot90(strip)
    return canvas


def _wilson(share: float, count: int) -> tuple[float, float]:
    z2 = CONFIDENCE**2 / count
    middle = (share + z2 / 2) / (1 + z2)
    half = CONFIDENCE / (1 + z2) * np.sqrt(share * (1 - share) / count + z2 / (4 * count))
    return max(float(middle - half), 0.0), min(float(middle + half), 1.0)


def _place(x: float, y: float) -> tuple[int, int]:
    return MARGIN + round(x * SIZE), MARGIN + SIZE - round(y * SIZE)


def _write(
    canvas: NDArray[np.uint8],
    text: str,
    middle: tuple[int, int],
    size: float,
    color: tuple[int, int, int] = INK,
) -> None:
    """Text centred about a point of its base line, cut to the canvas."""
    (width, _), _ = cv2.getTextSize(text, FONT, size, 1)
    origin = (max(middle[0] - width // 2, 0), middle[1])
    cv2.putText(canvas, text, origin, FONT, size, color, 1, cv2.LINE_AA)
