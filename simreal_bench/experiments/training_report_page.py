"""The page of one run, which needs no other file."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_bench.experiments.comparison_page import KINDS
from simreal_bench.experiments.seed_spread import CONFIDENCE
from simreal_bench.experiments.training_record import TrainingRecord
from simreal_bench.experiments.training_report import TrainingReport
from simreal_common.pages.html_page import fill_page
from simreal_common.pages.svg_plots import Series, scatter
from simreal_perception.model_export.training_command import training_command
from simreal_perception.video.image_io import jpeg

HOUR_S = 3600.0
OPENNESS = (
    "entropy",
    "openness",
)  # among the figures of automatic randomization; the others are ends
PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{{ name }}</title><style>
body{font:15px/1.5 system-ui,sans-serif;max-width:1000px;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:.5em 0}td,th{padding:.2em .9em .2em 0;text-align:left}
tr:nth-child(even){background:#f6f6f6}.worse{color:#b00020}.better{color:#067d43}.none{color:#777}
.warning{border-left:4px solid #d97706;padding-left:.7em}img{max-width:100%}
svg text{font-size:11px;fill:#444}pre{white-space:pre-wrap;background:#f6f6f6;padding:.6em}
</style></head><body>
<h1>{{ name }}: {{ task }}</h1>
<pre>{{ command }}</pre>
<table>
{% for key, value in facts.items() %}
<tr><th>{{ key }}</th><td>{{ value }}</td></tr>
{% endfor %}
</table>
<h2>Figures on held-out images</h2>
<table><tr><th></th><th>{{ batches }} batches</th>
{% if of_seeds %}<th>over {{ seeds }} seeds</th>{% endif %}
</tr>
{% for key, value in figures.items() %}
<tr><td>{{ key }}</td><td>{{ value }}</td>{% if of_seeds %}<td>{{ of_seeds[key] }}</td>{% endif %}
</tr>
{% endfor %}
</table>
<p class="none">Of the weights that did best: means and their {{ confidence }} intervals. Those over
batches are of images alone; how much another seed would differ is in those over seeds.</p>
<h2>Curves</h2>
{% for plot in curves %}
{{ plot | safe }}
{% endfor %}
{% if opened %}
<h2>Automatic domain randomization</h2>
{% for plot in opened %}
{{ plot | safe }}
{% endfor %}
<p>How far each end of a range was opened at last, 0 the middle, 1 the range's limit:</p>
<table>
{% for key, value in ends.items() %}
<tr><td>{{ key }}</td><td>{{ value }}</td></tr>
{% endfor %}
</table>
{% endif %}
{% if predictions %}
<h2>What it says of held-out images</h2>
<img alt="predictions" src="{{ predictions }}">
{% endif %}
<h2>Worst cases</h2>
<p>The held-out images with the highest loss, the worst first: {{ losses }}; the median is
{{ median }}.</p>
<img alt="worst cases" src="{{ worst }}">
<h2>What changed since {{ earlier or "an earlier run" }}</h2>
{% if since %}
{% for line in since.warnings %}
<p class="warning">{{ line }}</p>
{% endfor %}
<table><tr><th></th><th></th><th>before</th><th>now</th></tr>
{% for kind in kinds %}
{% for one in since.of_kind(kind) %}
<tr><td>{{ kind }}</td><td>{{ one.name }}</td><td>{{ one.before }}</td><td>{{ one.after }}</td></tr>
{% endfor %}
{% endfor %}
</table>
{% for on, rows in since.figures.items() %}
<table><tr><th>{{ on }}</th><th>before</th><th>now</th><th>difference</th><th></th></tr>
{% for one in rows %}
<tr><td>{{ one.name }}</td><td>{{ one.before }}</td><td>{{ one.after }}</td>
<td>{{ one.difference }}</td><td class="{{ one.verdict }}">{{ one.verdict }}</td></tr>
{% endfor %}
</table>
{% endfor %}
{% else %}
<p class="none">There is none beside it; --since names one.</p>
{% endif %}
</body></html>
"""


def training_report_page(report: TrainingReport) -> str:
    """The page."""
    run = report.run
    return fill_page(
        PAGE,
        name=run.checkpoint.parent.name,
        task=run.config.task,
        command=training_command(run.config, run.checkpoint.parent),
        facts=_facts(run),
        batches=report.batches,
        figures={key: str(value) for key, value in report.figures.items()},
        of_seeds={key: str(report.of_seeds.get(key, "")) for key in report.figures}
        if report.of_seeds
        else {},
        seeds=len(next(iter(report.of_seeds.values())).values) if report.of_seeds else 0,
        confidence=f"{CONFIDENCE:.0%}",
        curves=_curves(run),
        opened=_opened(run),
        ends={
            name: f"{share:.2f}"
            for name, share in run.log[-1].get("adr", {}).items()
            if name not in OPENNESS
        },
        predictions=None if report.predictions is None else _data_url(report.predictions),
        losses=", ".join(f"{loss:.3g}" for loss in report.worst.losses[:5]),
        median=f"{report.worst.median:.3g}",
        worst=_data_url(report.worst.sheet),
        since=report.since,
        earlier=report.since.before[0].name if report.since else "",
        kinds=KINDS,
    )


def _facts(run: TrainingRecord) -> dict[str, Any]:
    last = run.log[-1]
    start = run.starts[-1] if run.starts else {}
    return {
        "steps": f"{run.step:,} of {run.config.steps:,}",
        "images seen": f"{run.pictures_seen:,}",
        "hours spent": f"{last['spent_s'] / HOUR_S:.2f}",
        "started": f"{len(run.starts)} times",
        "seed": run.config.seed,
        "start weights": run.start_weights,
        "ranges": run.ranges_sha256[:12] or "unknown",
        "groups off": ", ".join(run.config.disabled) or "none",
        "commit": ", ".join(one[:12] for one in run.commits)
        + ("" if run.code_known else ", and changes that no commit has"),
        "machine": f"{start.get('cpu', 'unknown')}, {start.get('device', '')}, "
        f"{start.get('precision', '')}, torch {start.get('torch', 'unknown')}",
    }


def _curves(run: TrainingRecord) -> list[str]:
    """A plot for each figure, of learning and of held-out images."""
    names = dict.fromkeys(name for line in run.measured for name in line["held_out"])
    plots = []
    for name in names:
        learned = [
            (float(line["step"]), line["learned"][name])
            for line in run.log
            if name in line.get("learned", {})
        ]
        held_out = [(float(line["step"]), line["held_out"][name]) for line in run.measured]
        series = [Series("learned", learned, True), Series("held out", held_out, True)]
        plots.append(scatter([one for one in series if one.points], "step", name))
    return plots


def _opened(run: TrainingRecord) -> list[str]:
    """Plots of how far automatic randomization opened the ranges; none where it was not at work."""
    lines = [line for line in run.log if "adr" in line]
    return [
        scatter(
            [Series("", [(float(line["step"]), line["adr"][name]) for line in lines], True)],
            "step",
            name,
        )
        for name in OPENNESS
        if lines
    ]


def _data_url(image: NDArray[np.uint8]) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg(image)).decode('ascii')}"
