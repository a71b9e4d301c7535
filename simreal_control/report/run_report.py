"""Run report: what was decided, why, what went wrong and how it was made good.

Told from the record alone; nothing is guessed that does not stand there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from simreal_control.robot_interface.task_io import Event, Severity

WALL_CLOCK_S = 1e6  # times beyond are of a clock on the wall: told from the beginning of the run
MOST_NAMED = 8  # blocks listed one by one
OBSERVE_AGAIN = ("ObserveAgain", "LookAgain")  # a decision, and what records called it before


class Kind(Enum):
    """What a moment is about."""

    BEGIN = "begin"
    SAID = "said"
    DECISION = "decision"
    TROUBLE = "trouble"
    REQUEST = "request"
    END = "end"


@dataclass(frozen=True)
class Moment:
    """Something that happened.

    Args:
        time: seconds on the clock of the record.
        state: of the task.
        kind, text: what, in words.
        why: what it was decided from, in words.
        steps: what was then done.
        mended: how what went wrong was made good; empty where it was not, or nothing did.
        scene: of a decision: blocks, places, from, to, as recorded.
    """

    time: float
    state: str
    kind: Kind
    text: str
    why: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    mended: str = ""
    scene: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RunReport:
    """A run report: what happened in a run, and how it ended.

    Args:
        goal: what was to be built, in words; empty where the record does not say.
        moments: in order of time.
        success: how it ended; None where the record has no end.
        ending: in words.
        earlier_runs: that lie in the same record, before this one.
        cut_off: whether the record breaks off in the middle of a line.
    """

    goal: str
    moments: tuple[Moment, ...]
    success: bool | None
    ending: str
    earlier_runs: int
    cut_off: bool

    @property
    def began(self) -> float:
        return self.moments[0].time if self.moments else 0.0

    @property
    def seconds(self) -> float:
        """Length of the run."""
        return self.moments[-1].time - self.began if self.moments else 0.0

    def count(self, kind: Kind) -> int:
        return sum(moment.kind is kind for moment in self.moments)

    @property
    def mended(self) -> int:
        """How many troubles were made good."""
        return sum(moment.kind is Kind.TROUBLE and bool(moment.mended) for moment in self.moments)

    def clock(self, time: float) -> float:
        """A time as it is told: simulated time as it is, a wall clock's from the beginning."""
        return time - self.began if self.began > WALL_CLOCK_S else time


def compile_report(events: Sequence[Event], cut_off: bool = False) -> RunReport:
    """Compile the report of the last run in a record."""
    runs = _runs(events)
    run = _timed(runs[-1]) if runs else []
    moments = _moments(run)
    end = next((event for event in reversed(run) if event.kind == "end"), None)
    if end is not None:
        success, ending = bool(end.data.get("success")), str(end.data.get("reason", ""))
    else:
        success = None
        last = moments[-1].text if moments else "nothing"
        ending = f"the record has no end: stopped or killed after '{last}'"
    goal = next((str(event.data.get("goal", "")) for event in run if event.kind == "begin"), "")
    return RunReport(goal, tuple(moments), success, ending, max(len(runs) - 1, 0), cut_off)


def _runs(events: Sequence[Event]) -> list[list[Event]]:
    """A record may hold several: a new one begins after an end, or where a clock began anew."""
    runs: list[list[Event]] = []
    ended, last = True, 0.0
    for event in events:
        if not runs or (event.kind == "begin" and (ended or event.time < last)):
            runs.append([])
            ended = False
        runs[-1].append(event)
        ended |= event.kind == "end"
        last = event.time or last
    return runs


def _timed(run: Sequence[Event]) -> list[Event]:
    """Words said before the first tick have no time yet: they belong to what follows."""
    first = next((event.time for event in run if event.time > 0.0), 0.0)
    return [replace(event, time=max(event.time, first)) for event in run]


def _moments(run: Sequence[Event]) -> list[Moment]:
    moments: list[Moment] = []
    decided = ""  # what a decision said, for it is said again
    for number, event in enumerate(run):
        data, state = event.data, str(event.data.get("state", ""))
        if event.kind == "begin":
            again = any(moment.kind is not Kind.BEGIN for moment in moments)
            text = "the node was started again" if again else f"the task: {data.get('goal', '')}"
            moments.append(Moment(event.time, state, Kind.BEGIN, text))
        elif event.kind == "decision":
            decided = str(data.get("words", ""))
            moments.append(_decision(run, number))
        elif event.kind == "words":
            text = str(data.get("text", ""))
            last = moments[-1] if moments else None
            if last is not None and decided and text.startswith(decided):
                rest = text[len(decided) :].lstrip(";, ")
                if rest:
                    moments[-1] = replace(last, steps=(*last.steps, rest))
            elif data.get("severity") == Severity.INFO.value:
                moments.append(Moment(event.time, state, Kind.SAID, text))
            elif not _is_end(run, number, text):
                mended = _mended(run, number)
                moments.append(Moment(event.time, state, Kind.TROUBLE, text, mended=mended))
            decided = ""
        elif event.kind == "request":
            text = f"asked for by a person: {data.get('text', '')}"
            moments.append(Moment(event.time, state, Kind.REQUEST, text))
        elif event.kind == "end":
            text = str(data.get("reason", ""))
            why: tuple[str, ...] = ()
            if moments and moments[-1].text == text:
                why = moments.pop().why  # the decision to end, or the same in words
            moments.append(Moment(event.time, state, Kind.END, text, why, scene=_scene(run)))
        elif event.kind in ("motion", "gripper") and moments:
            moments[-1] = _with_step(moments[-1], data)
    return moments


def _is_end(run: Sequence[Event], number: int, text: str) -> bool:
    """Whether these words are those of the end, which is told by itself."""
    return any(
        event.kind == "end" and event.data.get("reason") == text
        for event in run[number + 1 : number + 2]
    )


def _with_step(moment: Moment, data: Mapping[str, Any]) -> Moment:
    what = str(data.get("what", ""))
    if what == moment.text:
        what = "on the way"
    if "seconds" in data:
        what = f"{what} ({data['seconds']:.1f} s)"
    return replace(moment, steps=(*moment.steps, what))


def _scene(run: Sequence[Event]) -> Mapping[str, Any]:
    """What was believed at the last decision."""
    last = next((event.data for event in reversed(run) if event.kind == "decision"), {})
    return {key: last[key] for key in ("blocks", "places") if key in last}


def _decision(run: Sequence[Event], number: int) -> Moment:
    event = run[number]
    data = event.data
    blocks, places = data.get("blocks", []), data.get("places", [])
    name = data.get("decision")
    why = [_seen(blocks)]
    if places:
        filled = sum(bool(place.get("filled")) for place in places)
        why.append(f"{filled} of {len(places)} places are filled")
    if name == "Do" and "grasp_score" in data:
        clearance = float(data.get("clearance_m", 0.0))
        near = f"{1000 * clearance:.0f} mm clear of" if clearance < 1.0 else "far from"
        why.append(
            f"this block can be taken best: grasp rated {data['grasp_score']:.2f}, the hand {near} "
            "its neighbours"
        )
    elif name in OBSERVE_AGAIN:
        why.append("one observation does not settle that")
    elif name == "LookElsewhere":
        why.append("another look pose may show what is missing here")
    trouble = name == "SetBack" or (name in OBSERVE_AGAIN and bool(data.get("poor")))
    scene: dict[str, Any] = {
        key: data[key] for key in ("blocks", "places", "from", "to") if key in data
    }
    return Moment(
        event.time,
        str(data.get("state", "")),
        Kind.TROUBLE if trouble else Kind.DECISION,
        str(data.get("words", "")),
        tuple(why),
        mended=_mended(run, number) if trouble else "",
        scene=scene,
    )


def _seen(blocks: Sequence[Mapping[str, Any]]) -> str:
    if not blocks:
        return "no block was seen"
    if len(blocks) > MOST_NAMED:
        colors = Counter(block.get("color") or "block" for block in blocks)
        return f"{len(blocks)} blocks were seen: " + ", ".join(
            f"{n} {c}" for c, n in colors.items()
        )
    named = [
        f"{block.get('color') or 'one'} at ({block['position'][0]:.2f}, {block['position'][1]:.2f})"
        + (f" on level {block['level']}" if block.get("level") else "")
        for block in blocks
    ]
    return f"{len(blocks)} block{'s' * (len(blocks) > 1)} seen: " + ", ".join(named)


def _filled(event: Event) -> int:
    return sum(bool(place.get("filled")) for place in event.data.get("places", []))


def _mended(run: Sequence[Event], number: int) -> str:
    """How trouble was made good: by the next motion, by the next block in its place, by the end."""
    began = run[number].time
    before = [event for event in run[: number + 1] if event.kind == "decision"]
    filled = _filled(before[-1]) if before else 0
    again = "once more" in str(run[number].data.get("text", ""))
    for event in run[number + 1 :]:
        after = f"{event.time - began:.1f} s later"
        if again and event.kind == "result" and event.data.get("outcome") == "succeeded":
            return f"{after} the same succeeded"
        if event.kind == "decision" and _filled(event) > filled:
            return f"{after} {_filled(event)} blocks were in their places"
        if event.kind == "end":
            return f"{after} the task ended well" if event.data.get("success") else ""
    return ""
