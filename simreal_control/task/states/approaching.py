"""Over the block and down, hand open."""

from __future__ import annotations

from dataclasses import dataclass

from simreal_common.errors import KinematicsError
from simreal_control.grasping.pick_place import PickPlace
from simreal_control.robot_interface.task_io import Severity
from simreal_control.task.ending import fail
from simreal_control.task.state import GoHome, StateName, TaskState, Tick
from simreal_control.task.states.bases.moving import Moving
from simreal_control.task.states.grasping import Grasping, verified
from simreal_control.task.task_context import TaskContext, Way
from simreal_control.task.task_planning.decision import Do
from simreal_control.world_model.block_map import Block


@dataclass(frozen=True, eq=False)
class Approaching(Moving):
    """On the way to a block.

    Args:
        step: what is done with it.
        work: how it is grasped and put down.
    """

    name = StateName.APPROACHING
    attempt = "the way to the block"
    step: Do
    work: PickPlace

    @property
    def motion(self) -> str:
        return self.step.words

    @property
    def taken(self) -> Block | None:
        return self.work.block

    def instead(self, context: TaskContext, tick: Tick) -> TaskState | GoHome | None:
        age = context.scene_age(tick.now)
        if age <= context.config.max_detection_age_s:
            return None
        context.log.say(f"what was seen is {age:.1f} s old; looking anew", Severity.WARNING)
        return self.resumed()

    def way(self, context: TaskContext, tick: Tick) -> Way:
        height, grasp = context.safe_height(tick.now, carrying=False), self.work.grasp
        return lambda motions, start: motions.to_station(
            start, grasp.pose_tool_in_base, grasp.joints, height
        )

    def arrived(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        return Grasping(self.step, self.work)

    def stuck(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        return fail(context, "the arm does not get to the block")

    def no_way(
        self, context: TaskContext, tick: Tick, error: KinematicsError
    ) -> TaskState | GoHome:
        if self.step.verify:
            return verified(context, self.step, True, f"it cannot be felt: {error}")
        context.task_planner.no_way(self.work.grasp, self.work.block)
        return fail(context, f"no way to the block: {error}")

    def resumed(self) -> TaskState | GoHome:
        return GoHome(among=self.work.block)
