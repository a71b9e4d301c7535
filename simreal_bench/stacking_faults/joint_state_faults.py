"""Faults of joint states: none at all, some without positions, some without fingers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simreal_bench.simulated_robot.joint_message import JointMessage
from simreal_bench.simulated_robot.stack_result import StackResult
from simreal_bench.stacking_faults.fault import Fault
from simreal_bench.stacking_faults.fault_context import FaultContext, Trigger
from simreal_bench.stacking_faults.phases import ARM_STATES, only_after, random_trigger
from simreal_control.robot_interface.task_io import ArmState, Inputs
from simreal_control.task.state import StateName

STOPPED_S = (1.0, 6.0)
# Longer than what was seen is good for with a block in hand, and shorter than control waits.
FINGERS_LONG_S = (10.0, 40.0)
WITH_BLOCK = (StateName.GRASPING, StateName.LIFTING, StateName.CARRYING)


class JointsStop(Fault):
    """Joint states stop while the arm moves; it goes on moving if nobody stops it."""

    kind = "joints"

    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        super().__init__(rng, seed)
        state = ARM_STATES[int(rng.integers(len(ARM_STATES)))]
        after = only_after(state)
        self.trigger = Trigger((state,), int(rng.integers(1, 3)), rng.uniform(0.1, 0.7), after)
        self._for_s = rng.uniform(*STOPPED_S)
        self._last: ArmState | None = None

    def inputs(self, context: FaultContext, inputs: Inputs) -> Inputs:
        if not self.injected and self.trigger.is_due(context) and context.task.moving:
            words = f"no joint states for {self._for_s:.1f} s while {context.task.state.name.value}"
            self.inject(context, words)
        if self.injected_at is not None and context.now - self.injected_at <= self._for_s:
            return replace(inputs, arm=self._last)
        self._last = inputs.arm
        return inputs


class EmptyState(Fault):
    """Joint states come without positions for a while, or every other one to the end."""

    kind = "empty_state"
    HOWS = ("names alone", "nothing in them", "every other one empty")

    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        super().__init__(rng, seed)
        self.trigger = random_trigger(rng)
        self._how = self.HOWS[seed % len(self.HOWS)]
        self._for_s = rng.uniform(*STOPPED_S) if seed % len(self.HOWS) < 2 else np.inf
        self._count = 0

    def joint_states(self, context: FaultContext, told: JointMessage) -> Sequence[JointMessage]:
        if not self.injected and self.trigger.is_due(context):
            span = f" for {self._for_s:.1f} s" if self._for_s < np.inf else ""
            state = context.task.state.name.value
            self.inject(context, f"joint states with {self._how}{span} from {state} on")
        if self.injected_at is None or context.now - self.injected_at > self._for_s:
            return (told,)
        if self._how == "nothing in them":
            return (JointMessage((), (), ()),)
        self._count += 1
        if self._how == "every other one empty" and self._count % 2 == 0:
            return (told,)
        return (JointMessage(told.names, (), ()),)


class FingersLost(Fault):
    """Nobody publishes the fingers any more, or one of them, while the hand has a block.

    Where they come back never, the arm has to stand and to name them.
    """

    kind = "fingers_lost"
    HOWS = ("for good", "for a while", "one for a while", "for long")

    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        super().__init__(rng, seed)
        self.trigger = random_trigger(rng, WITH_BLOCK)
        self._how = self.HOWS[seed % len(self.HOWS)]
        span = FINGERS_LONG_S if self._how == "for long" else STOPPED_S
        self._for_s = np.inf if self._how == "for good" else rng.uniform(*span)
        self._lost: tuple[str, ...] = ()

    def joint_states(self, context: FaultContext, told: JointMessage) -> Sequence[JointMessage]:
        fingers = context.world.arm.finger_joints
        if fingers and not self.injected and self.trigger.is_due(context):
            self._lost = fingers[:1] if self._how == "one for a while" else fingers
            span = self._how if self._for_s == np.inf else f"for {self._for_s:.1f} s"
            state = context.task.state.name.value
            self.inject(context, f"nobody tells of {', '.join(self._lost)} {span} from {state} on")
        if self.injected_at is None or context.now - self.injected_at > self._for_s:
            return (told,)
        return (told.without(self._lost),)

    def recovered(self, result: StackResult) -> bool:
        if self._for_s < np.inf:
            return result.success
        # It cannot be finished: the arm stands, and what lacks is named.
        named = all(name in result.last_words for name in self._lost)
        return result.finished and not result.claimed and named
