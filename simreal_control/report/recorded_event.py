"""One line of a record, read: records are sent around, and what they quote came from others."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

from simreal_control.robot_interface.task_io import Event

LARGEST_M = 1e6  # of a coordinate; maps are drawn of them


def _number(value: Any) -> bool:
    """One that a float holds: JSON's whole numbers may have some hundred digits."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, float) or (whole and abs(value) <= sys.float_info.max)


def _bounded(value: Any) -> bool:
    return _number(value) and math.isfinite(value) and abs(value) <= LARGEST_M


def _position(value: Any) -> bool:
    return isinstance(value, list) and len(value) in (2, 3) and all(map(_bounded, value))


def _things(value: Any) -> bool:
    """Blocks, or places for them."""
    return isinstance(value, list) and all(
        isinstance(thing, Mapping)
        and _position(thing.get("position"))
        and _bounded(thing.get("level", 0))
        and _bounded(thing.get("yaw", 0.0))
        and isinstance(thing.get("color"), str | None)
        for thing in value
    )


# What is computed with; the rest is text to whoever tells it.
CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "blocks": (_things, "a list of blocks, each with a position in metres"),
    "places": (_things, "a list of places, each with a position in metres"),
    "from": (_position, "a position in metres"),
    "to": (_position, "a position in metres"),
    "seconds": (_number, "a number"),
    "grasp_score": (_number, "a number"),
    "clearance_m": (_number, "a number"),
}


def recorded_event(line: str) -> Event:
    """The event that a line tells.

    Raises:
        ValueError: it tells none; says why.
    """
    try:
        values = json.loads(line)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(values, dict):
        raise ValueError(f"got {str(values)[:40]}, wanted an object")
    time, kind = values.pop("time", None), values.pop("kind", None)
    if not _number(time) or not isinstance(kind, str):
        raise ValueError("no time and kind")
    for name, (good, wanted) in CHECKS.items():
        if name in values and not good(values[name]):
            raise ValueError(f"{name} is {str(values[name])[:40]}, wanted {wanted}")
    if not math.isfinite(time):
        raise ValueError(f"time is {time}, wanted a finite one")
    return Event(float(time), kind, values)
