"""The base of all faults that are injected into a run; which there are: `registry.FAULTS`.

When and where one comes is left to a seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from simreal_bench.simulated_robot.joint_message import JointMessage
from simreal_bench.simulated_robot.stack_result import StackResult
from simreal_bench.stacking_faults.fault_context import FaultContext, Trigger
from simreal_control.robot_interface.task_io import Command, Inputs


class Fault:
    """A fault goes wrong once in a run; this one never does.

    Args:
        rng: decides what is left open.
        seed: of the run; variants of a kind take turns with it.

    Attributes:
        kind: name of the kind. Each class that `registry.FAULTS` names has its own; this one has none,
            so that one that forgot it is an error as soon as the table is made.
        extra_blocks: in the scene, beyond those that the tower needs.
        depth: whether control has depth images.
        trigger: says when it is due; the seed has drawn it.
        injected_at: simulated seconds; None as long as it is not due.
        words: what was done.
    """

    kind: ClassVar[str]
    extra_blocks = 0
    depth = False
    trigger: Trigger

    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        self.injected_at: float | None = None
        self.words = ""

    def disturb(self, context: FaultContext) -> None:
        """Called before each tick; may do something to the world."""

    def sees(self, context: FaultContext) -> bool:
        """Whether the camera gives pictures; asked where one is due and wanted."""
        return True

    def joint_states(self, context: FaultContext, told: JointMessage) -> Sequence[JointMessage]:
        """What the robot's drivers publish instead, in this tick."""
        return (told,)

    def inputs(self, context: FaultContext, inputs: Inputs) -> Inputs | None:
        """What the task learns instead; None: it is not running."""
        return inputs

    def commands(self, context: FaultContext, commands: Sequence[Command]) -> Sequence[Command]:
        """What the robot hears instead."""
        return commands

    def recovered(self, result: StackResult) -> bool:
        """Whether a run, which nothing else is to be said against, ended as it should."""
        return result.success

    def inject(self, context: FaultContext, words: str) -> None:
        """Note that the fault is injected, now."""
        self.injected_at = context.now
        self.words = words

    @property
    def injected(self) -> bool:
        return self.injected_at is not None
