"""Plots as SVG text, to stand in an HTML page: points and bars over time, with axes."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

WIDTH, HEIGHT = 860, 220
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 10, 34
COLORS = ("#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f")
MOST_POINTS = 20_000  # of one plot: more are thinned out evenly, or a browser grows slow
TICKS = 5
SMALLEST = 1e-12  # no measurement has values above 0 that are as small


@dataclass(frozen=True)
class Series:
    """Points of one colour.

    Args:
        name: in the legend; empty for none.
        points: x and y of each.
        joined: whether a line runs through them, in the order given.
    """

    name: str
    points: Sequence[tuple[float, float]]
    joined: bool = False


@dataclass(frozen=True)
class Bar:
    """A span on a row of its own, with what it is called."""

    name: str
    start: float
    end: float


def scatter(series: Sequence[Series], x_label: str, y_label: str) -> str:
    """Points over x, y from 0 on. Values that are not finite are left out."""
    series = [replace(one, points=_thinned(one.points, len(series))) for one in series]
    points = [point for one in series for point in one.points]
    if not points:
        return '<p class="none">nothing to draw</p>'
    left, right = _span([x for x, _ in points])
    top = _nice(max(y for _, y in points))
    bottom = min(0.0, min(y for _, y in points))
    frame = _Frame(left, right, bottom, max(top, bottom + 1e-9), HEIGHT)
    parts = [frame.axes(x_label, y_label)]
    for index, one in enumerate(series):
        color = COLORS[index % len(COLORS)]
        parts += [
            f'<circle cx="{frame.x(x):.1f}" cy="{frame.y(y):.1f}" r="2" fill="{color}"/>'
            for x, y in one.points
        ]
        if one.joined:
            line = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in one.points)
            parts.append(f'<polyline points="{line}" fill="none" stroke="{color}"/>')
        if one.name:
            parts.append(
                f'<text x="{LEFT + 8 + 130 * index}" y="{TOP + 12}" fill="{color}">'
                f"{html.escape(one.name)}</text>"
            )
    return _svg(parts, HEIGHT)


def bars(rows: Sequence[Bar], x_label: str) -> str:
    """Spans over x, a row each, in the order given."""
    if not rows:
        return '<p class="none">nothing to draw</p>'
    height = TOP + BOTTOM + 18 * len(rows)
    left, right = _span([x for row in rows for x in (row.start, row.end)])
    frame = _Frame(left, right, 0.0, float(len(rows)), height)
    parts = [frame.axes(x_label, "", ticks_y=False)]
    for index, row in enumerate(rows):
        x0, y0 = frame.x(row.start), TOP + 18 * index + 3
        width = max(frame.x(row.end) - x0, 2.0)
        color = COLORS[index % len(COLORS)]
        parts.append(
            f'<rect x="{x0:.1f}" y="{y0}" width="{width:.1f}" height="12" fill="{color}"/>'
            f'<text x="{LEFT - 6}" y="{y0 + 10}" text-anchor="end">{html.escape(row.name)}</text>'
        )
    return _svg(parts, height)


@dataclass(frozen=True)
class _Frame:
    left: float
    right: float
    bottom: float
    top: float
    height: int

    def x(self, value: float) -> float:
        return LEFT + (value - self.left) / (self.right - self.left) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        share = (value - self.bottom) / (self.top - self.bottom)
        return self.height - BOTTOM - share * (self.height - TOP - BOTTOM)

    def axes(self, x_label: str, y_label: str, *, ticks_y: bool = True) -> str:
        base = self.height - BOTTOM
        parts = [
            f'<rect x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}" height="{base - TOP}" '
            'fill="none" stroke="#999"/>'
        ]
        for step in range(TICKS + 1):
            value = self.left + (self.right - self.left) * step / TICKS
            parts.append(
                f'<text x="{self.x(value):.1f}" y="{base + 14}" text-anchor="middle">{value:.4g}</text>'
            )
            if ticks_y:
                value = self.bottom + (self.top - self.bottom) * step / TICKS
                y = self.y(value)
                parts.append(
                    f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
                    f'stroke="#ddd"/><text x="{LEFT - 6}" y="{y + 4:.1f}" '
                    f'text-anchor="end">{value:.3g}</text>'
                )
        parts.append(
            f'<text x="{WIDTH / 2:.0f}" y="{self.height - 4}" text-anchor="middle">'
            f"{html.escape(x_label)}</text>"
        )
        if y_label:
            middle = (TOP + base) / 2
            parts.append(
                f'<text transform="translate(12 {middle:.0f}) rotate(-90)" text-anchor="middle">'
                f"{html.escape(y_label)}</text>"
            )
        return "".join(parts)


def _svg(parts: Sequence[str], height: int) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">'
        + "".join(parts)
        + "</svg>"
    )


def _thinned(points: Sequence[tuple[float, float]], series: int) -> list[tuple[float, float]]:
    finite = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    step = max(1, math.ceil(len(finite) * series / MOST_POINTS))
    return finite[::step]


def _span(values: Sequence[float]) -> tuple[float, float]:
    left, right = min(values), max(values)
    return (left, right) if right > left else (left - 0.5, right + 0.5)


def _nice(value: float) -> float:
    """The next of 1, 2, 5, 10, ... above a value."""
    if value < SMALLEST:
        return 1.0
    scale = 10.0 ** math.floor(math.log10(value))
    return next(step * scale for step in (1, 2, 5, 10) if value <= step * scale * (1 + 1e-9))
