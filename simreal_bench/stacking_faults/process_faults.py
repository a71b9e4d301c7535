"""Faults of the process that commands the arm, and of its clock."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simreal_bench.stacking_faults.fault import Fault
from simreal_bench.stacking_faults.fault_context import FaultContext
from simreal_bench.stacking_faults.phases import random_trigger
from simreal_control.robot_interface.task_io import Inputs

DOWN_S = (1.0, 5.0)
BEGINNING_S = 0.1  # what a clock shows that was started again just now


class Restarted(Fault):
    """The node is killed in the middle, and started again; the robot ends what it was told."""

    kind = "restart"

    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        super().__init__(rng, seed)
        self.trigger = random_trigger(rng)
        self._down_s = rng.uniform(*DOWN_S)
        self._up = False

    def inputs(self, context: FaultContext, inputs: Inputs) -> Inputs | None:
        if not self.injected and self.trigger.is_due(context):
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


class ClockBack(Fault):
    """Time goes back, by a moment, by seconds, or to its beginning; the world stays as it is."""

    kind = "clock_back"
    BACK_S = ((0.2, 1.0), (2.0, 20.0), (np.inf, np.inf))

    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        super().__init__(rng, seed)
        self.trigger = random_trigger(rng)
        least_s, most_s = self.BACK_S[seed % len(self.BACK_S)]
        self._back_s = rng.uniform(least_s, most_s) if most_s < np.inf else np.inf

    def disturb(self, context: FaultContext) -> None:
        if self.injected or not self.trigger.is_due(context):
            return
        back_s = min(self._back_s, context.now - BEGINNING_S)
        state = context.task.state.name.value
        self.inject(context, f"time goes back by {back_s:.1f} s while {state}")
        context.robot.set_clock_back(back_s)
        # As control_node does before its next tick.
        context.robot.start_anew()
        context.task = context.make_task()
