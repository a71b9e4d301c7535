"""What a person may ask while a task runs: the services stacking/pause, resume, stop and confirm.

What they answer is said by who takes the request: the methods of that name of StackingTask; while it
plans, PreemptibleTask; before anything has begun, ControlNode.
"""

from __future__ import annotations

from enum import Enum

# How a task ends that was stopped, in its status, its record and its action's result.
STOPPED = "stopped by request"


class Request(Enum):
    """What a person may ask of a task."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    CONFIRM = "confirm"

    @property
    def holds(self) -> bool:
        """Whether the arm is to stand at once."""
        return self in (Request.PAUSE, Request.STOP)
