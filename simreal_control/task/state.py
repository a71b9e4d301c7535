"""A state of the task: a value that, at each tick, says which state follows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import ClassVar

import numpy as np

from simreal_control.grasping.pick_place import Held
from simreal_control.robot_interface.task_io import ActionResult, ArmState, DetectionFrame, Severity
from simreal_control.task.task_context import TaskContext
from simreal_control.world_model.block_map import Block

RETRY_DELAY_S = 0.5


class StateName(Enum):
    """What `stacking/status` and the record of a run call the states.

    These strings are an interface: programs that watch a task wait for them.
    """

    VERIFYING_HAND = "feeling"
    HOMING = "homing"
    OPENING = "opening"
    OBSERVING = "looking"
    CHANGING_VIEW = "changing view"
    APPROACHING = "approaching"
    GRASPING = "grasping"
    LIFTING = "lifting"
    CARRYING = "carrying"
    RELEASING = "releasing"
    FINISHED = "finished"


@dataclass(frozen=True, eq=False)
class Tick:
    """What a state hears at a tick.

    Args:
        now: the time.
        arm: joint states, fresh.
        detection_frames: new ones.
        result: how the state's command ended; None where none has ended just now.
    """

    now: float
    arm: ArmState
    detection_frames: tuple[DetectionFrame, ...]
    result: ActionResult | None


@dataclass(frozen=True, eq=False)
class GoHome:
    """What follows from most states: home, to observe again. The task makes the state `Homing` of it.

    Args:
        held: what the hand holds.
        among: a block that the open hand may stand around: nothing that the way has to avoid.
    """

    held: Held | None = None
    among: Block | None = None


@dataclass(frozen=True, eq=False)
class TaskState(ABC):
    """A state; its data live as long as it does.

    Args:
        retries: how often its action was tried again.
        not_before: nothing is begun earlier.
    """

    name: ClassVar[StateName]
    retries: int = field(default=0, kw_only=True)
    not_before: float = field(default=-np.inf, kw_only=True)

    @property
    def in_hand(self) -> Held | None:
        """What the hand holds all the time; its loss ends the state."""
        return None

    @property
    def taken(self) -> Block | None:
        """A block that the hand takes or holds, as it was seen: nothing that a way has to avoid."""
        return None

    def hear(self, context: TaskContext, tick: Tick) -> TaskState:
        """The state with what is new, also while nothing may be begun."""
        return self

    @abstractmethod
    def advance(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        """Begin a command, or wait, or see what follows.

        Called while no command is under way, at once when the state is entered. A state that has
        sent a command or waits follows itself.
        """

    def resumed(self) -> TaskState | GoHome:
        """What follows after a pause: home, for a new observation, unless the hand is at a block."""
        return GoHome(self.in_hand)

    def anew(self) -> TaskState:
        """The same from its beginning, with a plan from where the arm is then."""
        return replace(self, retries=0, not_before=-np.inf)

    def retry(
        self, context: TaskContext, now: float, what: str, ended: ActionResult
    ) -> TaskState | None:
        """The state in which the action is tried again (planned anew), None where that is vain."""
        tried = self.retries + 1
        words = f"{what}: {ended.outcome.value}" + f" ({ended.message})" * bool(ended.message)
        if tried > context.config.max_retries:
            context.log.say(f"{words}, {tried} times", Severity.WARNING)
            return None
        context.log.say(f"{words}; once more from where the arm is", Severity.WARNING)
        return replace(self, retries=tried, not_before=now + RETRY_DELAY_S)
