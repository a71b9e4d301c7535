"""The log of a run, a line a checkpoint, and what the model's card says of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

HOUR_S = 3600.0
DIGITS = 4  # of figures in a summary


def log_path(checkpoint: Path) -> Path:
    """Where the log of a run lies."""
    return checkpoint.with_suffix(".log.jsonl")


def add_line(checkpoint: Path, entry: Mapping[str, Any]) -> None:
    """Add a line: `step`, `spent_s`, `pictures_seen`, `commit` and what else is known.

    `held_out` has the figures of the averaged weights on held-out images, where they were measured.
    """
    with log_path(checkpoint).open("ab+") as log:
        if log.tell():
            log.seek(-1, os.SEEK_END)
            if log.read(1) != b"\n":  # cut short by a kill
                log.write(b"\n")
        log.write(json.dumps(entry).encode() + b"\n")


def read_log(checkpoint: Path, last_step: int | None = None) -> list[dict[str, Any]]:
    """The lines up to a step; none if there is no log. Lines cut short by a kill are left out."""
    try:
        lines = log_path(checkpoint).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    entries = []
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if last_step is None or entry["step"] <= last_step:
            entries.append(entry)
    return entries


def summarize(entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What a card tells of a run: compute spent, images seen, the last figures of every hour."""
    hours: dict[int, dict[str, Any]] = {}
    commits: list[str] = []
    last: Mapping[str, Any] = {}
    for last in entries:
        if last["commit"] not in commits:
            commits.append(last["commit"])
        if figures := last.get("held_out"):
            hour = int(last["spent_s"] // HOUR_S) + 1
            hours[hour] = {
                "hour": hour,
                "step": last["step"],
                "pictures_seen": last["pictures_seen"],
                **{name: _rounded(value) for name, value in figures.items()},
            }
    if not last:
        return {}
    return {
        "step": last["step"],
        "spent_h": _rounded(last["spent_s"] / HOUR_S),
        "pictures_seen": last["pictures_seen"],
        "commits": commits,
        "held_out": list(hours.values()),
    }


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
