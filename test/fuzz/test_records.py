"""Records of runs that somebody sent: told, or refused in one line."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from simreal_common.errors import SimrealError

pytest.importorskip("ruckig", reason="the report is control's: pip install 'simreal[control]'")

from simreal_control.report.report_text import as_page, as_text
from simreal_control.report.run_record import RECORD_FILE, read_record
from simreal_control.report.run_report import compile_report

LONGEST_REFUSAL = 500
BLOCK = {"position": [0.5, 0.1, 0.025], "color": "red", "level": 1, "yaw": 0.2}
EVENTS: list[dict[str, Any]] = [
    {"time": 0.0, "kind": "begin", "goal": "a tower of 3"},
    {"time": 1.0, "kind": "decision", "state": "look", "decision": "Do", "words": "taking one",
     "blocks": [BLOCK, BLOCK], "places": [{"position": [0.4, 0.0, 0.0], "filled": True}],
     "from": [0.5, 0.1, 0.0], "to": [0.4, 0.0, 0.0], "grasp_score": 0.9, "clearance_m": 0.02},
    {"time": 1.5, "kind": "motion", "what": "to the block", "seconds": 2.0},
    {"time": 4.0, "kind": "result", "outcome": "succeeded"},
    {"time": 5.0, "kind": "words", "severity": "warning", "text": "once more"},
    {"time": 5.5, "kind": "request", "text": "stop"},
    {"time": 6.0, "kind": "end", "success": True, "reason": "the tower stands"},
]  # fmt: skip

absurd = st.sampled_from(
    [None, True, -1, 0.5, 10**400, float("inf"), float("nan"), "", "\x1b[2J", "red", [], {}, [[]],
     [0.1], [None, 1], [1e308, -1e308], [BLOCK], {"position": {}}, "x" * 3000]
).map(copy.deepcopy)  # fmt: skip  # what is drawn is changed further


@st.composite
def records(draw: st.DrawFn) -> str:
    """A record in which values are others, left out, or moved to other events."""
    events = copy.deepcopy(EVENTS)
    for _ in range(draw(st.integers(1, 4))):
        place: Any = events[draw(st.integers(0, len(events) - 1))]
        while True:
            key = draw(st.sampled_from(sorted(place))) if isinstance(place, dict) else 0
            below = place[key] if place else None
            # What is empty has nothing to be changed, and stays.
            if not below or not isinstance(below, dict | list) or draw(st.booleans()):
                break
            place = place[key]
        if isinstance(place, list):
            place[:1] = draw(st.lists(absurd, max_size=2))
        elif draw(st.booleans()):
            place[key] = draw(absurd)
        else:
            del place[key]
        if not all(events):
            break
    lines = [json.dumps(event) for event in draw(st.permutations(events))]
    if draw(st.booleans()):
        number = draw(st.integers(0, len(lines) - 1))
        lines[number] = draw(
            st.sampled_from(["[" * 5000, "9" * 5000, "", "{", "null", '{"time": 1}'])
        )
    return "\n".join(lines)


def test_a_record_is_told_or_refused_in_one_line(fuzz: Any, tmp_path: Path) -> None:
    told = refused = 0

    def check(text: str) -> None:
        nonlocal told, refused
        (tmp_path / RECORD_FILE).write_text(text)
        said = ""
        try:
            record = read_record(tmp_path)
        except SimrealError as error:
            said = str(error)
        if said:
            refused += 1
            assert said.isprintable()
            assert len(said) < LONGEST_REFUSAL
            return
        told += 1
        report = compile_report(record.events, record.cut_off)
        assert all(line.isprintable() for line in as_text(report, "", "").split("\n"))
        assert as_page(report, "", "", {}).startswith("<!DOCTYPE html>")

    fuzz(records(), check)
    assert told > 0
    assert refused > 0
    print(f"{told} told, {refused} refused")
