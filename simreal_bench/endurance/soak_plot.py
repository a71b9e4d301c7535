"""The plot of a soak: memory and handles of each process over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_bench.endurance.soak import Sample
from simreal_perception.video.image_io import write_image

WIDTH, HEIGHT, LEFT, RIGHT, TOP, GAP = 720, 260, 70, 200, 40, 70  # pixels
INK, FAINT = (30, 30, 30), (215, 215, 215)
COLORS = (
    (40, 90, 200), (200, 60, 40), (30, 140, 70), (150, 80, 170), (210, 140, 20), (20, 150, 170),
    (110, 110, 110),
)  # fmt: skip
FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw_soak(file: Path, samples: Sequence[Sample]) -> None:
    """Write the plot, PNG.

    Raises:
        ImageError: it cannot be written.
    """
    canvas = np.full((TOP + 2 * (HEIGHT + GAP), LEFT + WIDTH + RIGHT, 3), 255, np.uint8)
    _panel(canvas, TOP, "resident memory, MiB", samples, lambda sample: sample.memory_mib)
    _panel(canvas, TOP + HEIGHT + GAP, "open handles", samples, lambda sample: sample.handles)
    write_image(file, canvas)


def _panel(
    canvas: NDArray[np.uint8],
    top: int,
    title: str,
    samples: Sequence[Sample],
    value: Callable[[Sample], float],
) -> None:
    longest = max((sample.time_s for sample in samples), default=1.0) or 1.0
    largest = 1.1 * max((value(sample) for sample in samples), default=1.0) or 1.0
    minutes = longest < 7200.0
    for step in range(5):
        share = step / 4
        x, y = LEFT + round(share * WIDTH), top + HEIGHT - round(share * HEIGHT)
        cv2.line(canvas, (x, top), (x, top + HEIGHT), FAINT, 1)
        cv2.line(canvas, (LEFT, y), (LEFT + WIDTH, y), FAINT, 1)
        time = share * longest / (60.0 if minutes else 3600.0)
        _write(canvas, f"{time:.1f} {'min' if minutes else 'h'}", (x - 20, top + HEIGHT + 18))
        _write(canvas, f"{share * largest:.0f}", (LEFT - 45, y + 4))
    for row, process in enumerate(sorted({sample.process for sample in samples})):
        color = COLORS[row % len(COLORS)]
        points = np.array(
            [
                (
                    LEFT + WIDTH * sample.time_s / longest,
                    top + HEIGHT * (1.0 - value(sample) / largest),
                )
                for sample in samples
                if sample.process == process
            ]
        )
        cv2.polylines(canvas, [np.round(points).astype(np.int32)], False, color, 2, cv2.LINE_AA)
        _write(canvas, process[:24], (LEFT + WIDTH + 12, top + 14 + 20 * row), color)
    cv2.rectangle(canvas, (LEFT, top), (LEFT + WIDTH, top + HEIGHT), INK, 1)
    _write(canvas, title, (LEFT, top - 10))


def _write(
    canvas: NDArray[np.uint8], text: str, at: tuple[int, int], color: tuple[int, int, int] = INK
) -> None:
    cv2.putText(canvas, text, at, FONT, 0.45, color, 1, cv2.LINE_AA)
