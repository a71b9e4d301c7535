"""The report of a watched recording, folder or run: a page that needs no other file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simreal_common.pages.html_page import fill_page
from simreal_common.pages.svg_plots import Bar, Series, bars, scatter
from simreal_perception.monitoring.measures.check_result import CheckResult
from simreal_perception.monitoring.watch_record import WatchRecord

PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Watch of {{ name }}</title><style>
body{font:15px/1.5 system-ui,sans-serif;max-width:900px;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse}td,th{padding:.15em .8em .15em 0;text-align:left;vertical-align:top}
svg text{font-size:11px;fill:#444}.bad{color:#b00020;font-weight:600}.none{color:#777}
h2{margin-top:1.6em}
</style></head>
<body>
<h1>Watch of {{ name }}</h1>
<p>{{ images }} images{% if seconds %}, {{ "%.1f" | format(seconds) }} s{% endif %}; model {{ model }}.
</p>
{% for line in notes %}
<p class="bad">{{ line }}</p>
{% endfor %}
{% if record %}
<h2>At the end</h2>
<table>{% for one in record.findings %}<tr><th>{{ one.name }}</th>
<td{% if one.state.value == "bad" %} class="bad"{% endif %}>{{ one.state.value }}</td>
<td>{{ one.words }}</td></tr>{% endfor %}</table>
<h2>Alarms</h2>
{% if record.alarms %}
{{ alarms | safe }}
<table>{% for one in record.events %}<tr><td>{{ "%.1f" | format(one.time - start) }} s</td>
<th>{{ one.name }}</th><td{% if one.bad %} class="bad"{% endif %}>{{ "began" if one.bad else "ended" }}
</td><td>{{ one.words }}</td></tr>{% endfor %}</table>
{% else %}
<p class="none">none</p>
{% endif %}
{% for title, plot in plots %}
<h2>{{ title }}</h2>
{{ plot | safe }}
{% endfor %}
{% endif %}
{% if pictures is not none %}
<h2>Pictures</h2>
{% if pictures %}
<table>{% for picture, checks in pictures.items() %}{% for check, one in checks.items() %}
<tr><th>{{ picture }}</th><td>{{ check }}</td><td class="bad">{{ one.words }}</td></tr>
{% endfor %}{% endfor %}</table>
{% else %}
<p class="none">nothing is wrong with any</p>
{% endif %}
{% endif %}
</body></html>
"""


@dataclass(frozen=True)
class WatchFacts:
    """What a report tells beside what was found.

    Args:
        name: of the recording, folder or topic.
        model: its name.
        notes: what could not be read, in words.
    """

    name: str
    model: str
    notes: Sequence[str] = ()


def watch_page(facts: WatchFacts, record: WatchRecord) -> str:
    """The page of images in order."""
    start = record.start or 0.0
    return fill_page(
        PAGE,
        name=facts.name,
        model=facts.model,
        notes=facts.notes,
        images=record.images,
        seconds=record.end - start,
        start=start,
        record=record,
        alarms=bars(_spans(record), "seconds"),
        plots=[
            (f"{check}: {name}", scatter([Series("", record.series(check, name))], "seconds", name))
            for check, name in record.figures()
        ],
        pictures=None,
    )


def pictures_page(
    facts: WatchFacts, count: int, wrong: Mapping[str, Mapping[str, CheckResult]]
) -> str:
    """The page of pictures that were judged one by one.

    Args:
        count: how many were judged.
        wrong: the bad results of those that have any, by picture and check.
    """
    return fill_page(
        PAGE,
        name=facts.name,
        model=facts.model,
        notes=facts.notes,
        images=count,
        seconds=0.0,
        start=0.0,
        record=None,
        alarms="",
        plots=[],
        pictures=wrong,
    )


def _spans(record: WatchRecord) -> list[Bar]:
    """From the beginning of each alarm to its end, or to that of the record."""
    start, open_since, spans = record.start or 0.0, {}, []
    for event in record.events:
        if event.bad:
            open_since[event.name] = event.time
        elif event.name in open_since:
            spans.append(Bar(event.name, open_since.pop(event.name) - start, event.time - start))
    spans += [Bar(name, since - start, record.end - start) for name, since in open_since.items()]
    return sorted(spans, key=lambda span: span.start)
