"""To another look pose, from which a camera on the hand sees what it does not see from here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simreal_common.errors import KinematicsError
from simreal_control.grasping.pick_place import Held
from simreal_control.robot_interface.task_io import Severity
from simreal_control.task.ending import fail
from simreal_control.task.state import GoHome, StateName, TaskState, Tick
from simreal_control.task.states.bases.moving import Moving
from simreal_control.task.task_context import TaskContext, Way


@dataclass(frozen=True, eq=False)
class ChangingView(Moving):
    """On the way from one look pose to another.

    Args:
        look: number of that one.
        held: what is in the hand.
        observe: the observation that goes on there.
        stay: the one that goes on here, where no way leads there.
    """

    name = StateName.CHANGING_VIEW
    attempt = "the way to another look pose"
    look: int
    held: Held | None
    observe: Callable[[TaskContext, Tick], TaskState]
    stay: Callable[[TaskContext, Tick], TaskState]

    @property
    def in_hand(self) -> Held | None:
        return self.held

    def way(self, context: TaskContext, tick: Tick) -> Way:
        height = context.safe_height(tick.now, carrying=self.held is not None)
        pose = context.config.looks[self.look]
        return lambda motions, start: motions.to_configuration(start, pose, height)

    def arrived(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        return self.observe(context, tick)

    def stuck(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        return fail(context, "the arm does not get to another look pose", self.held)

    def no_way(
        self, context: TaskContext, tick: Tick, error: KinematicsError
    ) -> TaskState | GoHome:
        context.log.say(f"no way to look pose {self.look}: {error}", Severity.WARNING)
        return self.stay(context, tick)
