"""Observe the scene: wait for detections of a resting arm, then let the task planner decide."""

from __future__ import annotations

from dataclasses import dataclass, replace

from simreal_control.grasping.pick_place import Held, PickPlace
from simreal_control.robot_interface.task_io import Severity
from simreal_control.task.decision import Do, Done, ObserveAgain, SetBack
from simreal_control.task.ending import fail, finish
from simreal_control.task.state import GoHome, StateName, TaskState, Tick
from simreal_control.task.states.approaching import Approaching
from simreal_control.task.states.carrying import Carrying
from simreal_control.task.states.plan_only import show_plan
from simreal_control.task.task_context import TaskContext
from simreal_control.world_model.observation_buffer import ObservationBuffer


@dataclass(frozen=True, eq=False)
class Observing(TaskState):
    """The arm rests at home while pictures come in.

    Args:
        buffer: the detection frames so far.
        held: what is in the hand meanwhile.
    """

    name = StateName.OBSERVING
    buffer: ObservationBuffer
    held: Held | None

    @property
    def in_hand(self) -> Held | None:
        return self.held

    def hear(self, context: TaskContext, tick: Tick) -> TaskState:
        there = context.config.plan_only or context.at_home(tick.arm)
        resting = context.standstill.arm and there
        return replace(self, buffer=self.buffer.observe(tick.now, resting, tick.detection_frames))

    def advance(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        if self.buffer.complete:
            return self._decide(context, tick)
        config = context.config
        waited = tick.now - self.buffer.waiting_since
        lack, question = self.buffer.lack(tick.now)
        if tick.now - self.buffer.began > config.give_up_after_s:
            if waited > config.warn_after_s:
                return finish(context, False, f"{lack}; {question}")
            slow = "detections come too late or too seldom to act on; is perception too slow?"
            return finish(context, False, slow)
        if waited >= config.warn_after_s:
            context.log.warn_throttled(tick.now, f"{lack}; waiting")
        moved = not context.at_home(tick.arm) and context.standstill.arm
        return GoHome(self.held) if moved and not config.plan_only else self

    def _decide(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        """What stands, what comes next."""
        decided = context.task_planner.decide(self.buffer.detection_frames, self.held)
        for words in decided.notes:
            context.log.say(words)
        if decided.progress:
            context.failures = context.poor_observations = 0
        decision = decided.decision
        context.log.note_decision(context.task_planner, decision)
        if isinstance(decision, Done):
            return finish(context, decision.success, decision.reason)
        if isinstance(decision, SetBack):
            return fail(context, decision.reason, self.held)
        if isinstance(decision, ObserveAgain):
            return self._again(context, tick, decision)
        return self._begin(context, tick, decision)

    def _again(self, context: TaskContext, tick: Tick, decision: ObserveAgain) -> TaskState:
        context.poor_observations += decision.poor
        if context.poor_observations >= context.config.max_poor_observations:
            return finish(
                context, False, f"{decision.reason}, in {context.poor_observations} looks"
            )
        context.log.say(f"{decision.reason}; looking again", Severity.WARNING)
        return begin_observation(context, tick, self.held)

    def _begin(self, context: TaskContext, tick: Tick, step: Do) -> TaskState:
        if context.config.plan_only:
            return show_plan(context, tick, step)
        context.log.say(step.words)
        if isinstance(step.work, PickPlace):
            return Approaching(step, step.work)
        assert self.held is not None
        return Carrying(step, self.held, step.work.placement)


def begin_observation(
    context: TaskContext, tick: Tick, held: Held | None, words: str = ""
) -> Observing:
    """Begin an observation; what was seen before does not count."""
    if words:
        context.log.say(words)
    config = context.config
    buffer = ObservationBuffer.begin(
        tick.now,
        config.frames_per_observation,
        config.settle_s,
        config.max_detection_age_s,
        config.max_tf_age_s,
    )
    return Observing(buffer, held)
