"""What goes into and comes out of a task at each tick; plain values, no ROS.

Times are seconds of one clock (the node's; the stamps of pictures and joint states are on it too).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_common.block_estimate import BlockEstimate
from simreal_control.planning.trajectory import JointTrajectory
from simreal_control.robot_interface.depth_frame import DepthFrame

Array = NDArray[np.float64]


class ActionOutcome(Enum):
    """How an action of the robot ended."""

    SUCCEEDED = "succeeded"
    REJECTED = "rejected"
    ABORTED = "aborted"
    TIMED_OUT = "timed out"


@dataclass(frozen=True)
class ActionResult:
    """End of a command.

    Args:
        command: number of the command.
        outcome: see there.
        message: the server's words, if it gave any.
    """

    command: int
    outcome: ActionOutcome
    message: str = ""


@dataclass(frozen=True, eq=False)
class DetectionFrame:
    """A detection frame tells what one picture showed.

    Args:
        stamp: when the picture was taken.
        estimates: blocks in the base frame, error floors added; may be empty.
        camera_position: in the base frame, metres, shape (3,).
        transform_stamp: of the camera's transform into the base frame; None where it never changes.
        camera: the topic of its detections; empty where there is one alone.
        look: number of the arm's posture meanwhile; home is 0.
    """

    stamp: float
    estimates: tuple[BlockEstimate, ...]
    camera_position: Array
    transform_stamp: float | None = None
    camera: str = ""
    look: int = 0


@dataclass(frozen=True, eq=False)
class ArmState:
    """Joint states of arm and hand.

    Args:
        stamp: of the oldest of them.
        positions: of the arm joints, rad, shape (n,).
        velocities: theirs, rad/s, shape (n,); NaN where the robot does not tell.
        opening_m: between the finger pads; None where the robot does not tell.
        grip_sensed: whether a sensor of the hand, such as that of a cup's vacuum, says that it holds
            something; None where the robot does not tell.
    """

    stamp: float
    positions: Array
    velocities: Array
    opening_m: float | None
    grip_sensed: bool | None = None


@dataclass(frozen=True, eq=False)
class Inputs:
    """Everything a task learns at a tick; lists hold what is new since the last one.

    Args:
        now: the time.
        arm: the latest joint states, however old; None where there are none.
        detection_frames, results: new ones.
        lack: why there are no new joint states, in words; empty where nobody knows.
        depth_frames: new ones, oldest first.
        depth_lack: why there are none, in words; empty where nobody knows.
    """

    now: float
    arm: ArmState | None
    detection_frames: tuple[DetectionFrame, ...] = ()
    results: tuple[ActionResult, ...] = ()
    lack: str = ""
    depth_frames: tuple[DepthFrame, ...] = ()
    depth_lack: str = ""


@dataclass(frozen=True, eq=False)
class MoveArm:
    """Follow a trajectory; starts at once."""

    number: int
    trajectory: JointTrajectory


@dataclass(frozen=True)
class HandCommand(ABC):
    """Open or close the hand; a kind each for what hands can be told."""

    number: int

    @property
    @abstractmethod
    def told(self) -> dict[str, Any]:
        """What is told, for the record of a run: plain values."""

    @property
    def flaw(self) -> str:
        """What of it no robot may get, in words; empty where all of it is well."""
        return ""


@dataclass(frozen=True)
class MoveGripper(HandCommand):
    """Open or close: `opening_m` between the pads, at most `effort_n` newtons."""

    opening_m: float
    effort_n: float

    @property
    def told(self) -> dict[str, Any]:
        return {"opening_m": self.opening_m}

    @property
    def flaw(self) -> str:
        numbers = {"opening": self.opening_m, "effort": self.effort_n}
        bad = [f"{name} {value}" for name, value in numbers.items() if not np.isfinite(value)]
        return f"{bad[0]}, wanted a finite number" if bad else ""


@dataclass(frozen=True)
class SwitchSuction(HandCommand):
    """Switch the vacuum of a suction cup on or off."""

    on: bool

    @property
    def told(self) -> dict[str, Any]:
        return {"suction": self.on}


@dataclass(frozen=True)
class Cancel:
    """Give up a command that was sent; the arm stops."""

    number: int


Command = MoveArm | HandCommand | Cancel


class Severity(Enum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class LogLine:
    """A decision and its reason, in words."""

    severity: Severity
    text: str


@dataclass(frozen=True)
class Status:
    """What `stacking/status` says.

    Args:
        state: name of the state.
        message: the latest decision in words.
        placed: blocks in their places as believed, those to build on among them.
        goal: blocks that it shall have; 0 as long as that is not known.
        finished, success: the task has ended; well.
    """

    state: str
    message: str
    placed: int
    goal: int
    finished: bool
    success: bool


@dataclass(frozen=True)
class Event:
    """Something for the record of a run.

    Args:
        time: when.
        kind: begin, decision, motion, gripper, result, words, request or end.
        data: of plain values, as JSON has them.
    """

    time: float
    kind: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Outputs:
    """What a task wants done."""

    commands: tuple[Command, ...]
    log: tuple[LogLine, ...]
    status: Status
    events: tuple[Event, ...] = ()
