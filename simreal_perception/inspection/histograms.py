"""Histograms as SVG: bars of the data set, and a tick for each value of the photographs."""

from __future__ import annotations

import html

import numpy as np
from numpy.typing import NDArray

from simreal_perception.inspection.picture_features import Feature

Array = NDArray[np.float64]

WIDTH, HEIGHT, BASE, TOP = 300, 150, 112, 24
BINS = 30
DATA, PHOTOGRAPHS, TEXT = "#3b6fb6", "#d9480f", "#444"


def histogram(feature: Feature, values: Array, photographs: Array) -> str:
    """One plot, an `<svg>` element; values are finite, and positive for a logarithmic feature.

    Args:
        values: of the data set, (N,), at least one.
        photographs: (M,), may be empty.
    """
    place = np.log10 if feature.logarithmic else np.asarray
    everything = place(np.concatenate([values, photographs]))
    low, high = float(everything.min()), float(everything.max())
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    counts, edges = np.histogram(place(values), bins=BINS, range=(low, high))

    def x(at: float) -> float:
        return 8 + (WIDTH - 16) * (at - low) / (high - low)

    parts = [f'<text x="8" y="14" class="title">{html.escape(feature.title)}</text>']
    for count, left, right in zip(counts, edges[:-1], edges[1:]):
        if count:
            height = max((BASE - TOP) * float(count) / float(counts.max()), 1.0)
            parts.append(
                f'<rect x="{x(left) + 0.5:.1f}" y="{BASE - height:.1f}" height="{height:.1f}" '
                f'width="{x(right) - x(left) - 1:.1f}" fill="{DATA}"><title>{count}</title></rect>'
            )
    for at in place(photographs):
        parts.append(
            f'<line x1="{x(at):.1f}" x2="{x(at):.1f}" y1="{BASE + 2}" y2="{BASE + 11}" '
            f'stroke="{PHOTOGRAPHS}"/>'
        )
    parts.append(f'<line x1="8" x2="{WIDTH - 8}" y1="{BASE}" y2="{BASE}" stroke="{TEXT}"/>')
    for at, anchor in ((low, "start"), ((low + high) / 2, "middle"), (high, "end")):
        shown = 10**at if feature.logarithmic else at
        parts.append(
            f'<text x="{x(at):.1f}" y="{BASE + 26}" text-anchor="{anchor}">{shown:.3g}</text>'
        )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img">'
        + "".join(parts)
        + "</svg>"
    )
