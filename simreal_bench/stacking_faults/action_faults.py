"""Faults of the actions that arm and hand offer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simreal_bench.stacking_faults.fault import Fault
from simreal_bench.stacking_faults.fault_context import FaultContext, Trigger
from simreal_bench.stacking_faults.phases import ARM_STATES, HAND_STATES, only_after
from simreal_control.robot_interface.task_io import (
    ActionOutcome,
    Command,
    HandCommand,
    Inputs,
    MoveArm,
)


class ActionFails(Fault):
    """An action is rejected, is aborted on the way, or never ends; of the arm or of the hand."""

    kind = "action"
    HOWS = ("rejected", "aborted", "not executed", "its result lost")

    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        super().__init__(rng, seed)
        self._how = self.HOWS[seed % len(self.HOWS)]
        states = HAND_STATES if rng.random() < 0.3 else ARM_STATES
        state = states[int(rng.integers(len(states)))]
        after = only_after(state)
        self.trigger = Trigger((state,), int(rng.integers(1, 3)), 0.0, after)
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
        due = self.trigger.is_due(context)
        passed: list[Command] = []
        for command in commands:
            if not due or self.injected or not isinstance(command, MoveArm | HandCommand):
                passed.append(command)
                continue
            hand = isinstance(command, HandCommand)
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


class EarlySuccess(Fault):
    """An action says that it has succeeded while its motion goes on; the true end nobody tells."""

    kind = "early_success"
    HOWS = ("at once", "on the way", "on the way of every motion from then on", "of the hand")

    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        super().__init__(rng, seed)
        self._how = self.HOWS[seed % len(self.HOWS)]
        self._hand, self._every = self._how == "of the hand", "every" in self._how
        states = HAND_STATES if self._hand else ARM_STATES
        state = states[int(rng.integers(len(states)))]
        number = 1 if self._every else int(rng.integers(1, 3))
        self.trigger = Trigger((state,), number, 0.0, only_after(state))
        self._share = rng.uniform(0.2, 0.8) if "on the way" in self._how else 0.0
        self._number, self._early_at = -1, np.inf

    def disturb(self, context: FaultContext) -> None:
        if context.now >= self._early_at:
            self._early_at = np.inf
            context.robot.succeed_early(self._number)

    def commands(self, context: FaultContext, commands: Sequence[Command]) -> Sequence[Command]:
        due = self.trigger.is_due(context)
        for command in commands:
            again = self._every if self.injected else due
            if not (again and isinstance(command, HandCommand if self._hand else MoveArm)):
                continue
            if not self.injected:
                share = f", after {100 * self._share:.0f} % of it" if self._share else ""
                state = context.task.state.name.value
                self.inject(context, f"success told early {self._how}, {state}{share}")
            self._number = command.number
            length_s = command.trajectory.duration if isinstance(command, MoveArm) else 0.0
            self._early_at = context.now + self._share * length_s
        return commands
