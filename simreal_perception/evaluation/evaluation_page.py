"""The figures of an evaluation as an HTML page that needs no other file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from simreal_common.pages.html_page import fill_page
from simreal_common.pages.svg_plots import Series, scatter
from simreal_perception.evaluation.evaluation_report import number, percent, range_row
from simreal_perception.evaluation.metrics.pose_recall import MSPD_PX, MSSD_SHARES

PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Evaluation: {{ title }}</title><style>
body{font:15px/1.5 system-ui,sans-serif;max-width:900px;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse}td,th{padding:.15em 1em .15em 0;text-align:right}
td:first-child,th:first-child{text-align:left}svg text{font-size:11px;fill:#444}
h2{margin-top:1.6em}.none{color:#777}pre{white-space:pre-wrap}
</style></head>
<body>
{% macro table(head, rows) %}
<table><tr>{% for cell in head %}<th>{{ cell }}</th>{% endfor %}</tr>
{% for row in rows %}
<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}
</table>
{% endmacro %}
{% macro broken_down(name, rows) %}
{% if rows %}
{{ table([name, "blocks", "recall", "position, mm", "median", "95 %", "rotation, deg"], rows) }}
{% else %}
<p class="none">nothing is known of it</p>
{% endif %}
{% endmacro %}
<h1>{{ title }}</h1>
<pre>{{ command }}</pre>
<p>{{ f.images }} images, {{ f.overall.blocks }} blocks to be found; estimates scored {{ f.min_score }}
and more count. Recall {{ percent(f.overall.recall) }}, precision {{ percent(f.overall.precision) }};
{{ number(f.estimator_ms_p50, 1) }} ms an image (median).</p>
<h2>Errors of what was found</h2>
{{ table(["", "mean", "median", "95 %"], errors) }}
<h2>Poses as a whole</h2>
<p>Of the {{ f.pose_recall.blocks }} blocks of which an image shows a tenth or more. MSSD and MSPD as
BOP defines them, modulo the 24 rotations of a cube: the mean recall over thresholds of {{ mssd }} of
the diameter, and of {{ mspd }} pixels in an image that is 640 wide.</p>
{{ table(["", "share"], poses) }}
<h2>By how much of a block is visible</h2>
{{ broken_down("visible", visible) }}
<h2>By distance</h2>
{{ broken_down("distance", distance) }}
{% if groups %}
<h2>By kind of photographs</h2>
{{ table(["group", "images", "blocks", "recall", "false", "lateral, mm", "pixels", "range, %",
 "rotation, deg"], groups) }}
{% endif %}
<h2>Score, recall and precision</h2>
<p>Over the least score that counts.</p>
{{ curve | safe }}
<h2>How far a score can be trusted</h2>
<p>Share of the estimates that are of a block; expected calibration error
{{ number(f.expected_calibration_error, 3) }}.</p>
{{ reliability | safe }}
<h2>Error and distance</h2>
{{ far | safe }}
</body></html>
"""
ERRORS = (
    ("position, mm", "position", "mm", 1),
    ("across the ray, mm", "lateral", "mm", 1),
    ("in the image, pixels", "lateral", "px", 1),
    ("along the ray, mm", "range", "mm", 1),
    ("rotation, degrees", "rotation", "deg", 2),
)
POSES = {
    "ar_mssd": "average recall by MSSD",
    "ar_mspd": "average recall by MSPD",
    "ar_mssd_mspd": "mean of both",
    "add_s_recall": "ADD-S below a tenth of the diameter",
    "add_s_auc": "area under the curve of ADD-S up to 10 cm",
}


def evaluation_page(figures: Mapping[str, Any], title: str, command: str) -> str:
    """The page.

    Args:
        figures: as `evaluation_report.report` gives them.
        title: what was measured on what.
        command: that gives the figures again.
    """
    overall, pose_recall = figures["overall"], figures["pose_recall"]
    return fill_page(
        PAGE,
        title=title,
        command=command,
        f=figures,
        number=number,
        percent=percent,
        errors=[
            (name, *(number(overall[f"{key}_{w}_{unit}"], n) for w in ("mean", "median", "p95")))
            for name, key, unit, n in ERRORS
        ],
        poses=[(words, percent(pose_recall[key])) for key, words in POSES.items()],
        mssd=f"{MSSD_SHARES[0]:g} to {MSSD_SHARES[-1]:g}",
        mspd=f"{MSPD_PX[0]:g} to {MSPD_PX[-1]:g}",
        visible=[range_row(row) for row in figures["by_visibility"]],
        distance=[range_row(row) for row in figures["by_distance"]],
        groups=[_group_row(row) for row in figures["by_group"]],
        curve=_curve(figures),
        reliability=scatter(
            [Series("", [(r["score"], r["share"]) for r in figures["reliability"] if r["count"]])],
            "score",
            "share",
        ),
        far=_far(figures),
    )


def _group_row(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        row["group"],
        str(row["images"]),
        str(row["blocks"]),
        percent(row["recall"]),
        str(row["false"]),
        number(row["lateral_mean_mm"], 2),
        number(row["lateral_mean_px"], 2),
        number(row["range_mean_percent"], 2),
        number(row["rotation_mean_deg"], 2),
    )


def _curve(figures: Mapping[str, Any]) -> str:
    return scatter(
        [
            Series(name, [(row["score"], row[name]) for row in figures["by_score"]])
            for name in ("recall", "precision")
        ],
        "least score",
        "share",
    )


def _far(figures: Mapping[str, Any]) -> str:
    found = [
        (row["distance_m"], row["error"])
        for row in figures["blocks"]
        if row["required"] and row["error"] is not None and not row["only_2d"]
    ]
    millimetres = [(distance, 1000.0 * error["position_m"]) for distance, error in found]
    degrees = [(distance, math.degrees(error["rotation_rad"])) for distance, error in found]
    return scatter([Series("", millimetres)], "distance, m", "position, mm") + scatter(
        [Series("", degrees)], "distance, m", "rotation, degrees"
    )
