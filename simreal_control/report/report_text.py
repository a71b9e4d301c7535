"""A run report as plain text, and as a page with pictures."""

from __future__ import annotations

import base64
import html
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_common.pages.html_page import fill_page
from simreal_control.report.run_report import Kind, Moment, RunReport

Array = NDArray[np.float64]

WIDTH = 100
INDENT = 25
# Of the map seen from above, in pixels a metre.
SCALE = 420.0
MARGIN_M = 0.06

PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title><style>
body { font: 15px/1.45 sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em; color: #222 }
section { border-left: 4px solid #bbb; margin: 1em 0; padding: .2em 1em; overflow: hidden }
.decision { border-color: #36c } .trouble { border-color: #d70 } .end { border-color: #393 }
.request, .begin { border-color: #888 } .failed { border-color: #c22 }
.time { color: #666 } h2 { font-size: 1em; margin: .2em 0 } .mended { color: #393 }
p { margin: .4em 0 } ul { margin: .2em 0 }
img { max-width: 28em; width: 55%; float: right; margin: 0 0 .5em 1em }
svg { background: #f4f1ea; display: block; margin: .5em 0 }
</style></head>
<body>
<h1>{{ title }}</h1>
{% for text in remarks if text %}
<p>{{ text }}</p>
{% endfor %}
{% for moment in report.moments %}
{% set kind = moment.kind.value %}
<section class="{{ kind }}{{ " failed" if kind == "end" and not report.success else "" }}">
{% if loop.index0 in pictures %}
{% set taken, data = pictures[loop.index0] %}
{% set caption = "the camera's picture of %.1f s" % report.clock(taken) %}
<img alt="{{ caption }}" title="{{ caption }}" src="data:image/jpeg;base64,{{ data }}">
{% endif %}
<p class="time">{{ "%.1f s" % report.clock(moment.time) }}{% if moment.state %} &middot; {{
 moment.state }}{% endif %}</p>
<h2>{{ moment.text }}</h2>
{% if moment.why %}
<ul>{% for reason in moment.why %}<li>{{ reason }}</li>{% endfor %}</ul>
{% endif %}
{% if moment.steps %}
<p>Then: {{ moment.steps | join(", ") }}</p>
{% endif %}
{% if kind == "trouble" %}
<p class="mended">Made good: {{ moment.mended or "no" }}</p>
{% endif %}
{% if loop.index0 in maps %}
{{ maps[loop.index0] | safe }}
{% endif %}
</section>
{% endfor %}
<p><b>The ending: {{ report.ending }}</b></p>
</body></html>
"""


def summary(report: RunReport) -> str:
    """The run in one line."""
    how = {True: "ended well", False: "failed", None: "has no end"}[report.success]
    troubles = report.count(Kind.TROUBLE)
    words = f"{troubles} thing{'s' * (troubles != 1)} went wrong"
    if troubles:
        words += f", {report.mended} of them made good"
    return (
        f"{report.goal or 'a task'}: {how} after {report.seconds:.1f} s; "
        f"{report.count(Kind.DECISION)} decisions, {words}"
    )


def remarks(report: RunReport) -> list[str]:
    """What a reader should know of the record."""
    said = []
    if report.earlier_runs:
        said.append(f"{report.earlier_runs} earlier runs stand in this record; this is the last")
    if report.cut_off:
        said.append("the last line of the record is cut off: the node was killed as it wrote")
    return said


def as_text(report: RunReport, verdict: str, pictures: str) -> str:
    """The run report for a terminal.

    Args:
        report: see there.
        verdict: of whoever judged the run from the truth, in words; empty for nobody.
        pictures: where the pictures are, or why there are none.
    """
    lines = [summary(report), *remarks(report), ""]
    for moment in report.moments:
        head = f"{report.clock(moment.time):8.1f} s  {moment.state:<12} "
        lines += _wrapped(head, ("TROUBLE: " * (moment.kind is Kind.TROUBLE)) + moment.text)
        if moment.why:
            lines += _wrapped("", "why: " + "; ".join(moment.why))
        if moment.steps:
            lines += _wrapped("", "then: " + ", ".join(moment.steps))
        if moment.kind is Kind.TROUBLE:
            lines += _wrapped("", f"made good: {moment.mended or 'no'}")
    lines += ["", f"The ending: {report.ending}"]
    if verdict:
        lines.append(verdict)
    lines.append(pictures)
    return "\n".join(map(_printable, lines))


def _printable(line: str) -> str:
    """Without what would move a terminal's cursor: a record quotes what others sent."""
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def _wrapped(head: str, text: str) -> list[str]:
    body = textwrap.wrap(text, WIDTH - INDENT) or [""]
    return [f"{head:<{INDENT}}{body[0]}", *(" " * INDENT + line for line in body[1:])]


def as_page(
    report: RunReport, verdict: str, remark: str, pictures: Mapping[int, tuple[float, bytes]]
) -> str:
    """The report as one HTML file that needs no other.

    Args:
        report, verdict: as in `as_text`.
        remark: on the pictures; empty for none.
        pictures: (time, JPEG) by the number of the moment.
    """
    bounds = _bounds(report)
    return fill_page(
        PAGE,
        title=summary(report),
        remarks=[*remarks(report), verdict, remark],
        report=report,
        pictures={
            number: (taken, base64.b64encode(content).decode("ascii"))
            for number, (taken, content) in pictures.items()
        },
        maps={
            number: _map(moment, *bounds)
            for number, moment in enumerate(report.moments)
            if moment.scene.get("blocks")
        },
    )


def _bounds(report: RunReport) -> tuple[Array, Array]:
    """Lower and upper corner, metres, of all that the maps show: they are of one piece of table."""
    scenes = [moment.scene for moment in report.moments]
    points = [
        item["position"][:2]
        for scene in scenes
        for item in (*scene.get("blocks", []), *scene.get("places", []))
    ]
    points += [scene[key][:2] for scene in scenes for key in ("from", "to") if key in scene]
    corners = np.array(points or [[0.0, 0.0]])
    return corners.min(axis=0) - MARGIN_M, corners.max(axis=0) + MARGIN_M


def _map(moment: Moment, lower: Array, upper: Array) -> str:
    """Blocks and places from above, x up and y to the left, as one stands behind the arm."""
    scene = moment.scene
    blocks, places = scene["blocks"], scene.get("places", [])
    ends = [scene[key] for key in ("from", "to") if key in scene]
    height, width = SCALE * (upper - lower)

    def spot(position: Sequence[float]) -> tuple[float, float]:
        return SCALE * (upper[1] - position[1]), SCALE * (upper[0] - position[0])

    half = SCALE * 0.025
    drawn = [
        f'<svg width="{width:.0f}" height="{height:.0f}" role="img">'
        "<title>from above, as one stands behind the arm</title>"
    ]
    drawn += [
        _square(spot(place["position"]), half * 1.15, 0.0, "none", "#888", "4 3")
        for place in places
        if not place.get("filled")
    ]
    for block in sorted(blocks, key=lambda block: float(block.get("level", 0))):
        drawn.append(_square(
            spot(block["position"]), half * (1 - 0.07 * float(block.get("level", 0))),
            -float(block.get("yaw", 0.0)), block.get("color") or "#cbb", "#333",
        ))  # fmt: skip
    if len(ends) == 2:
        (x1, y1), (x2, y2) = spot(scene["from"]), spot(scene["to"])
        drawn.append(
            f'<line x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}" stroke="#36c" '
            f'stroke-width="2"/><circle cx="{x2:.0f}" cy="{y2:.0f}" r="4" fill="#36c"/>'
        )
    return "".join(drawn) + "</svg>"


def _square(
    at: tuple[float, float], half: float, yaw: float, fill: Any, stroke: str, dash: str = ""
) -> str:
    x, y = at
    return (
        f'<rect x="{x - half:.1f}" y="{y - half:.1f}" width="{2 * half:.1f}" '
        f'height="{2 * half:.1f}" fill="{html.escape(str(fill))}" stroke="{stroke}" '
        f'stroke-dasharray="{dash}" '
        f'transform="rotate({np.degrees(yaw):.0f} {x:.1f} {y:.1f})"/>'
    )
