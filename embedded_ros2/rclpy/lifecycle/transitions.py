"""The state machine of managed nodes as data (design.ros2.org, node lifecycle)."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class TransitionCallbackReturn(Enum):
    """What a callback of a transition says of it."""

    SUCCESS = 97
    FAILURE = 98
    ERROR = 99


STATES = {
    0: "unknown", 1: "unconfigured", 2: "inactive", 3: "active", 4: "finalized", 10: "configuring",
    11: "cleaningup", 12: "shuttingdown", 13: "activating", 14: "deactivating",
    15: "errorprocessing",
}  # fmt: skip
UNCONFIGURED, FINALIZED, ERROR_PROCESSING = 1, 4, 15


class Transition(NamedTuple):
    """One that somebody may ask for.

    Attributes:
        id, label: of lifecycle_msgs/msg/Transition.
        start, during: states before it and while its callback runs.
        callback: name of the node's method.
        success, failure: states after it.
    """

    id: int
    label: str
    start: int
    during: int
    callback: str
    success: int
    failure: int


TRANSITIONS = (
    Transition(1, "configure", 1, 10, "on_configure", 2, 1),
    Transition(2, "cleanup", 2, 11, "on_cleanup", 1, 2),
    Transition(3, "activate", 2, 13, "on_activate", 3, 2),
    Transition(4, "deactivate", 3, 14, "on_deactivate", 2, 3),
    Transition(5, "shutdown", 1, 12, "on_shutdown", 4, 4),
    Transition(6, "shutdown", 2, 12, "on_shutdown", 4, 4),
    Transition(7, "shutdown", 3, 12, "on_shutdown", 4, 4),
)


def find(state: int, identity: int = 0, label: str = "") -> Transition | None:
    """The transition from a state by its number or its label; None: there is none."""
    for one in TRANSITIONS:
        if one.start == state and (one.label == label if label else one.id == identity):
            return one
    return None
