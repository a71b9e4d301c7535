"""Faults of what comes in and goes out: pictures, transforms, joint states, actions, the process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simreal_bench.faults.fault import Fault
from simreal_bench.faults.fault_context import FaultContext, Trigger
from simreal_control.robot_interface.task_io import (
    ActionOutcome,
    ArmState,
    Command,
    Inputs,
    MoveArm,
    MoveGripper,
)
from simreal_control.task.state import StateName

STOPPED_S = 5.0
JOINTS_STOPPED_S = (1.0, 6.0)
DOWN_S = (1.0, 5.0)
ARM_STATES = (StateName.APPROACHING, StateName.LIFTING, StateName.CARRYING, StateName.HOMING)
HAND_STATES = (StateName.GRASPING, StateName.RELEASING)
PHASES = (*ARM_STATES, *HAND_STATES, StateName.OBSERVING)


class DetectionsStop(Fault):
    """Perception says nothing for five seconds while the arm waits for it."""

    kind = "detections"

    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        super().__init__(rng, seed)
        self._trigger = Trigger(
            (StateName.OBSERVING,), int(rng.integers(1, 4)), rng.uniform(0.0, 0.8)
        )

    def inputs(self, context: FaultContext, inputs: Inputs) -> Inputs:
        if not self.injected and self._trigger.is_due(context):
            self.inject(context, f"no detections for {STOPPED_S:.0f} s")
        if self.injected_at is None or context.now - self.injected_at > STOPPED_S:
            return inputs
        return replace(inputs, detection_frames=())


class TransformStale(Fault):
    """The camera's transform is not published for five seconds."""

    kind = "transform"

    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        super().__init__(rng, seed)
        self._trigger = Trigger(
            (StateName.OBSERVING,), int(rng.integers(1, 4)), rng.uniform(0.0, 0.3)
        )

    def inputs(self, context: FaultContext, inputs: Inputs) -> Inputs:
        if not self.injected and self._trigger.is_due(context):
            self.inject(context, f"no transform of the camera for {STOPPED_S:.0f} s")
        if self.injected_at is None or context.now - self.injected_at > STOPPED_S:
            return inputs
        frozen = tuple(
            replace(s, transform_stamp=self.injected_at) for s in inputs.detection_frames
        )
        return replace(inputs, detection_frames=frozen)


class JointsStop(Fault):
    """Joint states stop while the arm moves; it goes on moving if nobody stops it."""

    kind = "joints"

    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        super().__init__(rng, seed)
        state = ARM_STATES[int(rng.integers(len(ARM_STATES)))]
        after = (StateName.RELEASING,) if state is StateName.HOMING else ()
        self._trigger = Trigger((state,), int(rng.integers(1, 3)), rng.uniform(0.1, 0.7), after)
        self._for_s = rng.uniform(*JOINTS_STOPPED_S)
        self._last: ArmState | None = None

    def inputs(self, context: FaultContext, inputs: Inputs) -> Inputs:
        if not self.injected and self._trigger.is_due(context) and context.task.moving:
            words = f"no joint states for {self._for_s:.1f} s while {context.task.state.name.value}"
            self.inject(context, words)
        if self.injected_at is not None and context.now - self.injected_at <= self._for_s:
            return replace(inputs, arm=self._last)
        self._last = inputs.arm
        return inputs


class ActionFails(Fault):
    """An action is rejected, is aborted on the way, or never ends; of the arm or of the hand."""

    kind = "action"
    HOWS = ("rejected", "aborted", "not executed", "its result lost")

    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        super().__init__(rng, seed)
        self._how = self.HOWS[seed % len(self.HOWS)]
        states = HAND_STATES if rng.random() < 0.3 else ARM_STATES
        state = states[int(rng.integers(len(states)))]
        after = (StateName.RELEASING,) if state is StateName.HOMING else ()
        self._trigger = Trigger((state,), int(rng.integers(1, 3)), 0.0, after)
        self._abort_after_s = rng.uniform(0.1, 0.8)
        self._abort_at = np.inf
        self._number = -1

    def disturb(self, context: FaultContext) -> None:
        if context.now >= self._abort_at:
            self._abort_at = np.inf
            context.robot.abort("as injected")

    def inputs(self, context: FaultContext, inputs: Inputs) -> Inputs:
        if self._how != "its result lost" or not self.injected:
            return inputs
        heard = tuple(r for r in inputs.results if r.command != self._number)
        return replace(inputs, results=heard)

    def commands(self, context: FaultContext, commands: Sequence[Command]) -> Sequence[Command]:
        due = self._trigger.is_due(context)
        passed: list[Command] = []
        for command in commands:
            if not due or self.injected or not isinstance(command, MoveArm | MoveGripper):
                passed.append(command)
                continue
            hand = isinstance(command, MoveGripper)
            self.inject(
                context, f"{'hand' if hand else 'arm'} {context.task.state.name.value}: {self._how}"
            )
            self._number = command.number
            if self._how == "rejected":
                context.robot.answer(command.number, ActionOutcome.REJECTED, "as injected")
            elif self._how == "aborted" and hand:
                context.robot.answer(command.number, ActionOutcome.ABORTED, "as injected")
            elif self._how != "not executed":
                passed.append(command)
                if self._how == "aborted":
                    self._abort_at = context.now + self._abort_after_s
        return passed


class Restarted(Fault):
    """The node is killed in the middle, and started again; the robot ends what it was told."""

    kind = "restart"

    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        super().__init__(rng, seed)
        state = PHASES[int(rng.integers(len(PHASES)))]
        after = (StateName.RELEASING,) if state is StateName.HOMING else ()
        delay_s = rng.uniform(0.0, 0.3 if state in HAND_STATES else 0.6)
        self._trigger = Trigger((state,), int(rng.integers(1, 3)), delay_s, after)
        self._down_s = rng.uniform(*DOWN_S)
        self._up = False

    def inputs(self, context: FaultContext, inputs: Inputs) -> Inputs | None:
        if not self.injected and self._trigger.is_due(context):
            self.inject(
                context, f"killed while {context.task.state.name.value}, {self._down_s:.1f} s down"
            )
        if self.injected_at is None or self._up:
            return inputs
        if context.now - self.injected_at < self._down_s:
            return None
        self._up = True
        context.task = context.make_task()
        context.robot.forget()  # ends of goals go to who sent them, and that process is gone
        return replace(inputs, results=())
