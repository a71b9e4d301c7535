"""Observe the scene: wait for detections of a resting arm, then let the task planner decide."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from simreal_control.grasping.pick_place import Held, PickPlace
from simreal_control.robot_interface.task_io import DetectionFrame, Severity
from simreal_control.task.ending import fail, finish
from simreal_control.task.state import GoHome, StateName, TaskState, Tick
from simreal_control.task.states.approaching import Approaching
from simreal_control.task.states.bases.early_look import new_buffer
from simreal_control.task.states.bases.waiting_for_depth import until_clear
from simreal_control.task.states.carrying import Carrying
from simreal_control.task.states.changing_view import ChangingView
from simreal_control.task.states.plan_only import show_plan
from simreal_control.task.task_context import TaskContext
from simreal_control.task.task_planning.decision import (
    Do,
    Done,
    LookElsewhere,
    ObserveAgain,
    SetBack,
)
from simreal_control.world_model.observation_buffer import ObservationBuffer
from simreal_control.world_model.scene_observation import SceneObservation


@dataclass(frozen=True, eq=False)
class Looks:
    """Tells from where an observation has looked.

    Args:
        here: number of the look pose in which the arm stands; home is 0.
        tried: the look poses that are done with.
        frames: what was seen from others.
    """

    here: int = 0
    tried: frozenset[int] = frozenset()
    frames: tuple[DetectionFrame, ...] = ()


@dataclass(frozen=True, eq=False)
class Observing(TaskState):
    """The arm rests at home, or at a look pose, while pictures come in.

    Args:
        buffer: the detection frames so far.
        held: what is in the hand meanwhile.
        looks: from where it has looked.
    """

    name = StateName.OBSERVING
    buffer: ObservationBuffer
    held: Held | None
    looks: Looks = Looks()  # frozen

    @property
    def in_hand(self) -> Held | None:
        return self.held

    def hear(self, context: TaskContext, tick: Tick) -> TaskState:
        there = context.config.plan_only or context.at_home(tick.arm, self.looks.here)
        resting = context.standstill.arm and there
        return replace(self, buffer=self.buffer.observe(tick.now, resting, tick.detection_frames))

    def advance(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        if self.buffer.complete(tick.now, context.lost_cameras):
            waiting = until_clear(self, context, tick, newcomers=False)
            if waiting is not None:
                return waiting
            self._notice_cameras(context, tick.now)
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
        moved = not context.at_home(tick.arm, self.looks.here) and context.standstill.arm
        return GoHome(self.held) if moved and not config.plan_only else self

    def _notice_cameras(self, context: TaskContext, now: float) -> None:
        """Say which cameras are lost, and which are back."""
        missing = set(self.buffer.missing)
        for camera in self.buffer.cameras:
            if camera in missing and camera not in context.lost_cameras:
                why = self.buffer.lack_of(camera, now)
                others = ", ".join(one for one in self.buffer.cameras if one not in missing)
                context.log.say(f"{camera}: {why}; going on with {others}", Severity.WARNING)
            elif camera in context.lost_cameras - missing:
                context.log.say(f"{camera}: there are detections again")
        context.lost_cameras = missing

    def _decide(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        """What stands, what comes next."""
        looks = self._looks_with_this_one(context, tick.now)
        planner, blocks = context.task_planner, context.config.map
        elsewhere = None
        if not context.config.plan_only:
            left = (n for n in range(len(context.config.looks)) if n not in looks.tried)
            elsewhere = next(left, None)
        disagreement = SceneObservation(looks.frames, context.config.zone, blocks).disagreement()
        if disagreement is not None:
            context.log.warn_throttled(tick.now, disagreement.words)
        decided = planner.decide(looks.frames, self.held, elsewhere is not None)
        for words in decided.notes:
            context.log.say(words)
        if decided.progress:
            context.failures = context.poor_observations = 0
        decision = decided.decision
        context.log.note_decision(planner, decision)
        if isinstance(decision, Done):
            return finish(context, decision.success, decision.reason)
        if isinstance(decision, SetBack):
            return fail(context, decision.reason, self.held)
        if isinstance(decision, ObserveAgain):
            return self._again(context, tick, decision)
        if isinstance(decision, LookElsewhere):
            assert elsewhere is not None
            context.log.say(f"{decision.reason}; looking from look pose {elsewhere}")
            return self._change_view(looks, elsewhere)
        return self._begin(context, tick, decision)

    def _looks_with_this_one(self, context: TaskContext, now: float) -> Looks:
        """What was seen from here and, not too long ago, from elsewhere."""
        here = self.looks.here
        seen = (
            *(f for f in self.looks.frames if now - f.stamp <= context.config.max_scene_age_s),
            *(replace(frame, look=here) for frame in self.buffer.detection_frames),
        )
        return Looks(here, self.looks.tried | {here}, seen)

    def _change_view(self, looks: Looks, look: int) -> TaskState:
        there = replace(looks, here=look)
        # Where no way leads there, the arm looks again from here, and then somewhere else.
        frames = self.looks.frames
        here = Looks(self.looks.here, looks.tried | {look}, frames)
        return ChangingView(
            look,
            self.held,
            partial(begin_observation, held=self.held, looks=there),
            partial(begin_observation, held=self.held, looks=here),
        )

    def _again(self, context: TaskContext, tick: Tick, decision: ObserveAgain) -> TaskState:
        context.poor_observations += decision.poor
        if context.poor_observations >= context.config.max_poor_observations:
            return finish(
                context, False, f"{decision.reason}, in {context.poor_observations} looks"
            )
        context.log.say(f"{decision.reason}; looking again", Severity.WARNING)
        return begin_observation(context, tick, self.held, looks=Looks(self.looks.here))

    def _begin(self, context: TaskContext, tick: Tick, step: Do) -> TaskState:
        if context.config.plan_only:
            return show_plan(context, tick, step)
        context.log.say(step.words)
        if isinstance(step.work, PickPlace):
            return Approaching(step, step.work)
        assert self.held is not None
        return Carrying(step, self.held, step.work.placement)


def begin_observation(
    context: TaskContext,
    tick: Tick,
    held: Held | None,
    words: str = "",
    looks: Looks | None = None,
    early: ObservationBuffer | None = None,
) -> Observing:
    """Begin an observation.

    What was seen before does not count, but for that from other looks and for what `early` holds.
    """
    if words:
        context.log.say(words)
    buffer = new_buffer(context, tick.now) if early is None else replace(early, began=tick.now)
    return Observing(buffer, held, looks or Looks())
