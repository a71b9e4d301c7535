"""report.html and summary.json of a replay."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_common.output_files import write_whole
from simreal_common.pages.html_page import fill_page
from simreal_common.pages.svg_plots import Bar, Series, bars, scatter
from simreal_perception.evaluation.evaluation import BlockResult, Evaluation
from simreal_perception.replay.replay_log import PlayedFrame, ReplayLog, figures

MOST_TRACKS = 40  # rows of the plot of tracks: those seen most often
MOST_PROBLEMS = 20
PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Replay of {{ name }}</title><style>
body{font:15px/1.5 system-ui,sans-serif;max-width:900px;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse}td,th{padding:.15em .8em .15em 0;text-align:left;vertical-align:top}
svg text{font-size:11px;fill:#444}video,img{max-width:100%;display:block;margin:.5em 0}
.bad{color:#b00020;font-weight:600}.none{color:#777}h2{margin-top:1.6em}
</style></head>
<body>
{% macro table(values) %}
<table>{% for key, value in values.items() if value is not none %}<tr><th>{{
 key.replace("_", " ") }}</th><td>{{ shown(value) }}</td></tr>{% endfor %}</table>
{% endmacro %}
<h1>Replay of {{ name }}</h1>
{% if facts.broken is not none %}
<p class="bad">The recording could not be read to its end: {{ facts.broken }}. Below is what came
before.</p>
{% endif %}
{% if facts.ended %}
<p class="bad">Ended early: {{ facts.ended }}.</p>
{% endif %}
{{ table(told) }}
<h2>Images</h2>
{{ film | safe }}
<h2>Latency</h2>
<p>From an image's publication to its detections.</p>
{{ latencies | safe }}
<h2>Tracks</h2>
<p>When each id was seen, and how far away.</p>
{{ tracks | safe }}
{{ distances | safe }}
<h2>Blocks in each image</h2>
{{ counts | safe }}
{% if errors %}
<h2>Errors against the truth</h2>
{{ table(truth) }}
{% for plot in errors %}
{{ plot | safe }}
{% endfor %}
{% endif %}
{% if bad %}
<h2>Images that could not be used</h2>
<ul>{% for frame in bad[:most] %}<li>image {{ frame.number }}: {{ frame.problem }}</li>{% endfor %}
{% if bad | length > most %}
<li>and {{ bad | length - most }} more</li>
{% endif %}
</ul>
{% endif %}
</body></html>
"""


@dataclass(frozen=True, eq=False)
class ReplayFacts:
    """What a report tells beside what was found.

    Args:
        bag: the recording's path.
        topic: of the images.
        calibration: where it is from, in words.
        edge: of the blocks, metres.
        rate: recorded seconds a second; 0: each image was waited for.
        ended: empty where it was played to its end; else why it ended before.
        broken: where and why the recording could not be read further; None where it was whole.
        digest: of all detections, SHA-256: equal where two replays found the same.
    """

    bag: str
    topic: str
    calibration: str
    edge: float
    rate: float
    ended: str
    broken: str | None
    digest: str


def summary(
    log: ReplayLog, facts: ReplayFacts, truths: Mapping[int, tuple[Pose, ...]]
) -> dict[str, Any]:
    """The figures of a replay, for JSON."""
    result: dict[str, Any] = {
        "bag": facts.bag,
        "image_topic": facts.topic,
        "calibration": facts.calibration,
        "edge_m": facts.edge,
        "rate": facts.rate,
        "read_to_its_end": facts.broken is None,
        "broken": facts.broken,
        "ended_early": facts.ended or None,
        **figures(log),
        "detections_sha256": facts.digest,
    }
    if truths:
        told = log.evaluation(dict(truths), facts.edge).summary()
        result["against_truth"] = {
            name: round(value, 4) if math.isfinite(value) else None for name, value in told.items()
        }
    return result


def write_report(
    folder: Path,
    log: ReplayLog,
    facts: ReplayFacts,
    truths: Mapping[int, tuple[Pose, ...]],
    film: str,
) -> dict[str, Any]:
    """Write report.html, which needs no other file, and summary.json.

    Args:
        folder: must be there.
        truths: by number of the image; empty where nothing is known.
        film: HTML of the images, see `replay_film.film_html`.

    Returns:
        What stands in summary.json.

    Raises:
        ConfigurationError: they cannot be written.
    """
    told = summary(log, facts, truths)
    try:
        write_whole(folder / "summary.json", json.dumps(told, indent=2) + "\n")
        write_whole(folder / "report.html", _page(log, facts, truths, film, told))
    except OSError as error:
        raise ConfigurationError(
            f"cannot write the report into {folder}: {error.strerror}; give another out"
        ) from error
    return told


def digest(messages: Sequence[bytes]) -> str:
    """SHA-256 of serialized detections, in order."""
    found = hashlib.sha256()
    for message in messages:
        found.update(len(message).to_bytes(8, "little") + message)
    return found.hexdigest()


def _page(
    log: ReplayLog,
    facts: ReplayFacts,
    truths: Mapping[int, tuple[Pose, ...]],
    film: str,
    told: dict[str, Any],
) -> str:
    first = [frame for frame in log.answered if frame.loop == 0]
    seen = [(log.seconds(frame), float(len(frame.estimates))) for frame in first]
    return fill_page(
        PAGE,
        name=Path(facts.bag).name,
        facts=facts,
        told={key: value for key, value in told.items() if key != "against_truth"},
        truth=told.get("against_truth", {}),
        shown=_shown,
        film=film,
        latencies=scatter(_latencies(log), "recorded seconds", "ms"),
        tracks=bars(_tracks(log, first), "recorded seconds"),
        distances=scatter(_distances(log, first), "recorded seconds", "distance, m"),
        counts=scatter([Series("", seen)], "recorded seconds", "blocks"),
        errors=_errors(log.evaluation(dict(truths), facts.edge)) if truths else [],
        bad=[frame for frame in log.frames if frame.problem],
        most=MOST_PROBLEMS,
    )


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _latencies(log: ReplayLog) -> list[Series]:
    series = []
    for number, loop in enumerate(log.loops()):
        points = [
            (log.seconds(frame), 1000.0 * frame.latency_s)
            for frame in loop
            if frame.latency_s is not None
        ]
        series.append(
            Series(f"loop {number + 1}" if number or len(log.loops()) > 1 else "", points)
        )
    return series


def _tracks(log: ReplayLog, frames: Sequence[PlayedFrame]) -> list[Bar]:
    seen: dict[str, list[float]] = {}
    for frame in frames:
        for estimate in frame.estimates:
            if estimate.id:
                seen.setdefault(estimate.id, []).append(log.seconds(frame))
    often = sorted(seen, key=lambda track: -len(seen[track]))[:MOST_TRACKS]
    rows = [Bar(f"id {track}", seen[track][0], seen[track][-1]) for track in often]
    return sorted(rows, key=lambda row: row.start)


def _distances(log: ReplayLog, frames: Sequence[PlayedFrame]) -> list[Series]:
    points: dict[str, list[tuple[float, float]]] = {}
    for frame in frames:
        for estimate in frame.estimates:
            far = math.hypot(*estimate.pose.position.tolist())
            points.setdefault(estimate.id, []).append((log.seconds(frame), far))
    # No legend: the rows above it have the ids.
    return [Series("", points[track]) for track in sorted(points)]


def _errors(evaluation: Evaluation) -> list[str]:
    def series(name: str, value: Any) -> Series:
        found = [block for block in evaluation.blocks if block.error is not None]
        return Series(name, [(float(block.image), value(block)) for block in found])

    def error(block: BlockResult, field: str) -> float:
        return float(getattr(block.error, field))

    millimetres = [
        series("position", lambda b: 1000.0 * error(b, "position_m")),
        series("across the ray", lambda b: 1000.0 * error(b, "lateral_m")),
        series("range", lambda b: 1000.0 * abs(error(b, "range_m"))),
    ]
    degrees = [series("rotation", lambda b: math.degrees(error(b, "rotation_rad")))]
    return [
        scatter(millimetres, "image", "error, mm"),
        scatter(degrees, "image", "error, degrees"),
    ]
