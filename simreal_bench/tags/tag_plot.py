"""The plot of a comparison: recall and error of each method over each condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_bench.tags.tag_comparison import CONDITIONS, NETWORK, NETWORK_ON_TAGS, TAGS
from simreal_perception.video.image_io import write_image

PANEL_WIDTH, PANEL_HEIGHT, LEFT, TOP, GAP_X, GAP_Y = 250, 170, 56, 64, 50, 44  # pixels
BOTTOM, RIGHT = 64, 20
INK, FAINT = (30, 30, 30), (215, 215, 215)
COLORS = {NETWORK: (40, 90, 200), NETWORK_ON_TAGS: (140, 170, 220), TAGS: (200, 60, 40)}
WORDS = {NETWORK: "network", NETWORK_ON_TAGS: "network, blocks with tags", TAGS: "tags"}
MEASURES = (
    ("recall", "recall", 1.0),
    ("position_median_mm", "position, mm (median)", None),
    ("rotation_median_deg", "rotation, degrees (median)", None),
)
FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw_comparison(file: Path, table: Mapping[str, Any]) -> None:
    """Write the plot, PNG.

    Args:
        table: as `TagComparison.table` gives it.

    Raises:
        ImageError: it cannot be written.
    """
    columns, rows = len(CONDITIONS), len(MEASURES)
    width = LEFT + columns * (PANEL_WIDTH + GAP_X) - GAP_X + RIGHT
    height = TOP + rows * (PANEL_HEIGHT + GAP_Y) - GAP_Y + BOTTOM
    canvas = np.full((height, width, 3), 255, np.uint8)
    x = LEFT
    for name, words in WORDS.items():
        cv2.line(canvas, (x, 20), (x + 26, 20), COLORS[name], 2, cv2.LINE_AA)
        _write(canvas, words, (x + 34, 24), COLORS[name])
        x += 60 + 9 * len(words)
    _write(canvas, f"{table['frames']} frames", (x, 24))
    for row, (key, words, most) in enumerate(MEASURES):
        values = [
            entry[name][key]
            for entries in table["by_condition"].values()
            for entry in entries
            for name in COLORS
            if entry[name][key] is not None
        ]
        top = TOP + row * (PANEL_HEIGHT + GAP_Y)
        limit = most or 1.1 * max(values, default=1.0) or 1.0
        _write(canvas, words, (LEFT, top - 10))
        for column, condition in enumerate(CONDITIONS):
            left = LEFT + column * (PANEL_WIDTH + GAP_X)
            _panel(canvas, (left, top), table["by_condition"][condition.name], key, limit)
            if row == rows - 1:
                unit = f", {condition.unit}" if condition.unit else ""
                below = top + PANEL_HEIGHT + 44
                _write(canvas, condition.name + unit, (left + PANEL_WIDTH // 3, below))
    write_image(file, canvas)


def _panel(
    canvas: NDArray[np.uint8],
    corner: tuple[int, int],
    entries: Sequence[Mapping[str, Any]],
    key: str,
    limit: float,
) -> None:
    """One measure over one condition: its ranges side by side, equally wide."""
    left, top = corner
    for step in range(5):
        y = top + PANEL_HEIGHT - round(step / 4 * PANEL_HEIGHT)
        cv2.line(canvas, (left, y), (left + PANEL_WIDTH, y), FAINT, 1)
        _write(canvas, f"{step / 4 * limit:.3g}", (left - 38, y + 4), size=0.36)
    for index in range(len(entries) + 1):
        x = left + round(index / len(entries) * PANEL_WIDTH)
        edge = entries[index]["low"] if index < len(entries) else entries[-1]["high"]
        cv2.line(canvas, (x, top + PANEL_HEIGHT), (x, top + PANEL_HEIGHT + 4), INK, 1)
        _write(canvas, f"{edge:g}", (x - 10, top + PANEL_HEIGHT + 18), size=0.36)
    for name, color in COLORS.items():
        points = [
            (
                left + round((index + 0.5) / len(entries) * PANEL_WIDTH),
                top + PANEL_HEIGHT - round(min(entry[name][key] / limit, 1.0) * PANEL_HEIGHT),
            )
            for index, entry in enumerate(entries)
            if entry[name][key] is not None
        ]
        cv2.polylines(canvas, [np.array(points, np.int32)], False, color, 2, cv2.LINE_AA)
        for point in points:
            cv2.circle(canvas, point, 4, color, -1, cv2.LINE_AA)
    cv2.rectangle(canvas, (left, top), (left + PANEL_WIDTH, top + PANEL_HEIGHT), INK, 1)


def _write(
    canvas: NDArray[np.uint8],
    text: str,
    at: tuple[int, int],
    color: tuple[int, int, int] = INK,
    size: float = 0.45,
) -> None:
    cv2.putText(canvas, text, at, FONT, size, color, 1, cv2.LINE_AA)
