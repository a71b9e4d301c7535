"""Up and home, from where the camera sees everything."""

from __future__ import annotations

from dataclasses import dataclass

from simreal_common.errors import KinematicsError
from simreal_control.grasping.pick_place import Held
from simreal_control.task.ending import finish
from simreal_control.task.state import GoHome, StateName, TaskState, Tick
from simreal_control.task.states.bases.early_look import LooksEarly
from simreal_control.task.states.bases.moving import Moving
from simreal_control.task.states.observing import begin_observation
from simreal_control.task.states.opening import Opening
from simreal_control.task.task_context import TaskContext, Way
from simreal_control.world_model.block_map import Block


@dataclass(frozen=True, eq=False)
class Homing(LooksEarly, Moving):
    """On the way home.

    Args:
        held: what is in the hand.
        among: see `GoHome`.
    """

    name = StateName.HOMING
    attempt = "the way home"
    motion = "home"
    held: Held | None = None
    among: Block | None = None

    @property
    def in_hand(self) -> Held | None:
        return self.held

    @property
    def taken(self) -> Block | None:
        return self.among

    def instead(self, context: TaskContext, tick: Tick) -> TaskState | GoHome | None:
        if context.config.plan_only:
            return begin_observation(
                context, tick, None, "looking at the table; nothing will be moved"
            )
        there = context.at_home(tick.arm) and context.standstill.arm
        return self.arrived(context, tick) if there else None

    def way(self, context: TaskContext, tick: Tick) -> Way:
        height = context.safe_height(tick.now, carrying=self.held is not None)
        home = context.config.home
        return lambda motions, start: motions.to_configuration(start, home, height)

    def arrived(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        if self.held is None:
            return Opening(buffer=self.buffer)
        return begin_observation(
            context, tick, self.held, "looking at the table, a block in the hand"
        )

    def stuck(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        return finish(context, False, "the arm does not get home")

    def no_way(
        self, context: TaskContext, tick: Tick, error: KinematicsError
    ) -> TaskState | GoHome:
        return finish(context, False, f"there is no way home: {error}")

    def resumed(self) -> TaskState | GoHome:
        return self.anew()
