"""What a task says and records: words for people, events for an audit."""

from __future__ import annotations

from typing import Any

import numpy as np

from simreal_control.grasping.pick_place import PickPlace
from simreal_control.robot_interface.task_io import Event, LogLine, Severity
from simreal_control.task.task_planning.decision import Decision, Do, Done, ObserveAgain
from simreal_control.task.task_planning.task_planner import TaskPlanner


class TaskLog:
    """Collects words and events between two ticks.

    Args:
        warn_every_s: repeated warnings are no more frequent.

    Attributes:
        message: what was said last.
    """

    def __init__(self, warn_every_s: float) -> None:
        self._warn_every_s = warn_every_s
        self._warned = -np.inf
        self._lines: list[LogLine] = []
        self._events: list[Event] = []
        self._now = 0.0
        self._state = ""
        self.message = ""

    def begin(self, now: float, state: str) -> None:
        """What follows happens at this time, in this state."""
        self._now, self._state = now, state

    def say(self, message: str, severity: Severity = Severity.INFO) -> None:
        """Words for people; recorded too."""
        self.message = message
        self._lines.append(LogLine(severity, message))
        self.note("words", text=message, severity=severity.value)

    def ask(self, message: str) -> str:
        """Something was asked for from outside of a tick: said with the next status."""
        self.message = message
        self.note("request", text=message)
        return message

    def warn_throttled(self, now: float, message: str) -> None:
        """A warning, unless one was given just now."""
        if now - self._warned >= self._warn_every_s:
            self._warned = now
            self.say(message, Severity.WARNING)

    def hold_warnings(self, now: float) -> None:
        """No throttled warning before the usual time has passed."""
        self._warned = now

    def note(self, kind: str, **data: Any) -> None:
        """For the record only."""
        self._events.append(Event(self._now, kind, {"state": self._state, **data}))

    def note_decision(self, task_planner: TaskPlanner, decision: Decision) -> None:
        """A decision with all that it was taken from."""
        structure = task_planner.structure
        data: dict[str, Any] = {
            "decision": type(decision).__name__,
            "words": decision.words if isinstance(decision, Do) else decision.reason,
            "blocks": [
                {
                    "position": np.round(block.position, 4).tolist(),
                    "yaw": round(block.yaw, 3),
                    "level": block.level,
                    "score": round(block.score, 2),
                    "seen": block.seen,
                    "color": block.color,
                }
                for block in task_planner.scene
            ],
            "places": []
            if structure is None
            else [
                {
                    "position": np.round(structure.target(number).position, 4).tolist(),
                    "level": slot.level,
                    "color": slot.color,
                    "filled": number in structure.filled,
                }
                for number, slot in enumerate(structure.slots)
            ],
        }
        if isinstance(decision, Do):
            placement = decision.work.placement
            data["to"] = np.round(placement.pose_tool_in_base.position, 4).tolist()
            data["slot"] = decision.slot
            if isinstance(decision.work, PickPlace):
                data["from"] = np.round(decision.work.block.position, 4).tolist()
                data["grasp_score"] = round(decision.work.grasp.score, 3)
                data["clearance_m"] = round(min(decision.work.grasp.clearance_m, 9.0), 4)
        elif isinstance(decision, Done):
            data["success"] = decision.success
        elif isinstance(decision, ObserveAgain):
            data["poor"] = decision.poor
        self.note("decision", **data)

    def take(self) -> tuple[tuple[LogLine, ...], tuple[Event, ...]]:
        """What has come together since the last call."""
        lines, events = tuple(self._lines), tuple(self._events)
        self._lines, self._events = [], []
        return lines, events
