"""A comparison of runs as text and as a page."""

from __future__ import annotations

from simreal_bench.experiments.comparison import Comparison
from simreal_bench.experiments.seed_spread import CONFIDENCE
from simreal_common.pages.html_page import fill_page

KINDS = ("configuration", "data", "code", "machine")
PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Runs compared</title><style>
body{font:15px/1.5 system-ui,sans-serif;max-width:1000px;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:.5em 0}td,th{padding:.2em .9em .2em 0;text-align:left}
tr:nth-child(even){background:#f6f6f6}.worse{color:#b00020}.better{color:#067d43}.none{color:#777}
.warning{border-left:4px solid #d97706;padding-left:.7em}
</style></head><body>
<h1>{{ task }}: {{ before | join(", ") }} against {{ after | join(", ") }}</h1>
{% for line in warnings %}
<p class="warning">{{ line }}</p>
{% endfor %}
{% for kind, changes in kinds.items() %}
<h2>{{ kind }}</h2>
{% if changes %}
<table><tr><th></th><th>before</th><th>after</th></tr>
{% for one in changes %}
<tr><td>{{ one.name }}</td><td>{{ one.before }}</td><td>{{ one.after }}</td></tr>
{% endfor %}
</table>
{% else %}
<p class="none">the same</p>
{% endif %}
{% endfor %}
{% for on, figures in results.items() %}
<h2>result on {{ on }}</h2>
<table><tr><th></th><th>before</th><th>after</th><th>difference</th><th></th></tr>
{% for one in figures %}
<tr><td>{{ one.name }}</td><td>{{ one.before }}</td><td>{{ one.after }}</td>
<td>{{ one.difference }}</td><td class="{{ one.verdict }}">{{ one.verdict }}</td></tr>
{% endfor %}
</table>
{% endfor %}
<p class="none">Means over seeds with their {{ confidence }} intervals (Student's t); differences with
Welch's. Where one side has a single run, the other's spread is taken for both.</p>
</body></html>
"""


def comparison_text(found: Comparison) -> str:
    """For a terminal."""
    lines = [
        f"{found.before[0].config.task}: {', '.join(run.name for run in found.before)} against "
        f"{', '.join(run.name for run in found.after)}"
    ]
    lines += [f"warning: {line}" for line in found.warnings]
    for kind in KINDS:
        changes = found.of_kind(kind)
        lines.append(f"{kind}: {'' if changes else 'the same'}".rstrip())
        lines += [f"  {one}" for one in changes]
    for on, figures in found.figures.items():
        lines.append(f"result on {on}:")
        lines += [
            f"  {one.name:20} {one.before!s:>16} -> {one.after!s:<16} {one.difference}  {one.verdict}"
            for one in figures
        ]
    return "\n".join(lines)


def comparison_page(found: Comparison) -> str:
    """For a browser."""
    return fill_page(
        PAGE,
        task=found.before[0].config.task,
        before=[run.name for run in found.before],
        after=[run.name for run in found.after],
        warnings=found.warnings,
        kinds={kind: found.of_kind(kind) for kind in KINDS},
        results=found.figures,
        confidence=f"{CONFIDENCE:.0%}",
    )
