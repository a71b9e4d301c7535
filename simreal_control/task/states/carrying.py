"""A block in the hand: straight up, across, and down into its place, or back."""

from __future__ import annotations

from dataclasses import dataclass

from simreal_common.errors import KinematicsError
from simreal_control.grasping.grasps import Grasp
from simreal_control.grasping.pick_place import Held, PickPlace
from simreal_control.robot_interface.task_io import Severity
from simreal_control.task.ending import finish
from simreal_control.task.state import GoHome, StateName, TaskState, Tick
from simreal_control.task.states.bases.moving import Moving
from simreal_control.task.states.releasing import Releasing
from simreal_control.task.task_context import TaskContext, Way
from simreal_control.task.task_planning.decision import Do
from simreal_control.world_model.block_map import Block


@dataclass(frozen=True, eq=False)
class MovingBlock(Moving):
    """A motion with a block in the hand; not by what was seen too long ago.

    Args:
        step: what is done with the block.
        held: the block, in the hand.
    """

    step: Do
    held: Held

    @property
    def in_hand(self) -> Held | None:
        return self.held

    @property
    def taken(self) -> Block | None:
        return self.step.work.block if isinstance(self.step.work, PickPlace) else None

    def instead(self, context: TaskContext, tick: Tick) -> TaskState | GoHome | None:
        age = context.scene_age(tick.now)
        if age <= context.config.max_scene_age_s:
            return None
        context.log.say(
            f"what was seen is {age:.0f} s old; looking anew, the block in the hand",
            Severity.WARNING,
        )
        return GoHome(self.held)

    def resumed(self) -> TaskState | GoHome:
        return self.anew()


@dataclass(frozen=True, eq=False)
class Lifting(MovingBlock):
    """Straight up to where nothing stands in the way."""

    name = StateName.LIFTING
    attempt = "lifting the block"

    def way(self, context: TaskContext, tick: Tick) -> Way:
        height = context.safe_height(tick.now, carrying=True)
        return lambda motions, start: motions.up(start, height)

    def arrived(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        return Carrying(self.step, self.held, self.step.work.placement)

    def stuck(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        context.log.say("the block is let go where it is")
        return Releasing(self.step, returning=True)

    def no_way(
        self, context: TaskContext, tick: Tick, error: KinematicsError
    ) -> TaskState | GoHome:
        context.log.say(f"the block cannot be lifted: {error}")
        return Releasing(self.step, returning=True)


@dataclass(frozen=True, eq=False)
class Carrying(MovingBlock):
    """Across and down.

    Args:
        target: where to.
        returning: that is where the block was, for it does not get to its place.
    """

    name = StateName.CARRYING
    attempt = "carrying the block"
    target: Grasp
    returning: bool = False

    @property
    def motion(self) -> str:
        return self.attempt + " back" * self.returning

    def way(self, context: TaskContext, tick: Tick) -> Way:
        height, target = context.safe_height(tick.now, carrying=True), self.target
        return lambda motions, start: motions.to_station(
            start, target.pose_tool_in_base, target.joints, height
        )

    def arrived(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        return Releasing(self.step, self.returning)

    def stuck(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        return self._back(context, "the arm does not get to the place")

    def no_way(
        self, context: TaskContext, tick: Tick, error: KinematicsError
    ) -> TaskState | GoHome:
        context.task_planner.no_way(self.target)
        return self._back(context, f"no way to the place: {error}")

    def _back(self, context: TaskContext, reason: str) -> TaskState | GoHome:
        """To where the block was."""
        if self.returning:
            return finish(
                context, False, f"the block in the hand cannot be put back either: {reason}"
            )
        try:
            origin = context.planner.put_back(self.step.work)
        except KinematicsError as error:
            return finish(context, False, f"the block in the hand cannot be put back: {error}")
        context.log.say(f"{reason}; the block goes back to its place", Severity.WARNING)
        return Carrying(self.step, self.held, origin, returning=True)
