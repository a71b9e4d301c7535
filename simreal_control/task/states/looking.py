"""Wait for pictures taken after the arm has stopped, and decide what follows from them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from simreal_control.grasping.pick_place import Held, PickPlace
from simreal_control.robot_interface.task_io import Severity
from simreal_control.task.decision import Do, Done, LookAgain, SetBack
from simreal_control.task.ending import fail, finish
from simreal_control.task.state import GoHome, StateName, TaskState, Tick
from simreal_control.task.states.approaching import Approaching
from simreal_control.task.states.carrying import Carrying
from simreal_control.task.states.plan_only import show_plan
from simreal_control.task.task_context import TaskContext
from simreal_control.world_model.lookout import Lookout


@dataclass(frozen=True, eq=False)
class Looking(TaskState):
    """The arm rests at home while pictures come in.

    Args:
        lookout: the pictures so far.
        held: what is in the hand meanwhile.
    """

    name = StateName.LOOKING
    lookout: Lookout
    held: Held | None

    @property
    def in_hand(self) -> Held | None:
        return self.held

    def hear(self, context: TaskContext, tick: Tick) -> TaskState:
        there = context.config.plan_only or context.at_home(tick.arm)
        resting = context.standstill.arm and there
        return replace(self, lookout=self.lookout.observe(tick.now, resting, tick.sightings))

    def advance(self, context: TaskContext, tick: Tick) -> TaskState | GoHome:
        if self.lookout.complete:
            return self._decide(context, tick)
        config = context.config
        waited = tick.now - self.lookout.waiting_since
        lack, question = self.lookout.lack(tick.now)
        if tick.now - self.lookout.began > config.give_up_after_s:
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
        decided = context.decider.decide(self.lookout.sightings, self.held)
        for words in decided.notes:
            context.log.say(words)
        if decided.progress:
            context.failures = context.poor_looks = 0
        decision = decided.decision
        context.log.note_decision(context.decider, decision)
        if isinstance(decision, Done):
            return finish(context, decision.success, decision.reason)
        if isinstance(decision, SetBack):
            return fail(context, decision.reason, self.held)
        if isinstance(decision, LookAgain):
            return self._again(context, tick, decision)
        return self._begin(context, tick, decision)

    def _again(self, context: TaskContext, tick: Tick, decision: LookAgain) -> TaskState:
        context.poor_looks += decision.poor
        if context.poor_looks >= context.config.max_looks:
            return finish(context, False, f"{decision.reason}, in {context.poor_looks} looks")
        context.log.say(f"{decision.reason}; looking again", Severity.WARNING)
        return look(context, tick, self.held)

    def _begin(self, context: TaskContext, tick: Tick, step: Do) -> TaskState:
        if context.config.plan_only:
            return show_plan(context, tick, step)
        context.log.say(step.words)
        if isinstance(step.work, PickPlace):
            return Approaching(step, step.work)
        assert self.held is not None
        return Carrying(step, self.held, step.work.placement)


def look(context: TaskContext, tick: Tick, held: Held | None, words: str = "") -> Looking:
    """Begin a look; what was seen before does not count."""
    if words:
        context.log.say(words)
    config = context.config
    lookout = Lookout.begin(
        tick.now,
        config.look_count,
        config.settle_s,
        config.max_detection_age_s,
        config.max_tf_age_s,
    )
    return Looking(lookout, held)
