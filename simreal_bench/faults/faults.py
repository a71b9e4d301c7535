"""Things that go wrong, planted in a run. Which, when and where comes from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from simreal_bench.faults.stage import Stage
from simreal_bench.simulated_robot.stack_result import StackResult
from simreal_control.robot_interface.task_io import Command, Inputs


class Fault:
    """One thing that goes wrong, once; this one never does.

    Args:
        rng: decides what is left open.
        seed: of the run; variants of a kind take turns with it.

    Attributes:
        kind: name of the kind.
        extra_blocks: in the scene, beyond those that the tower needs.
        planted_at: simulated seconds; None as long as its moment has not come.
        words: what was done.
    """

    kind: ClassVar[str] = "none"
    extra_blocks = 0

    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        self.planted_at: float | None = None
        self.words = ""

    def disturb(self, stage: Stage) -> None:
        """Called before each tick; may do something to the world."""

    def inputs(self, stage: Stage, inputs: Inputs) -> Inputs | None:
        """What the task learns instead; None: it is not running."""
        return inputs

    def commands(self, stage: Stage, commands: Sequence[Command]) -> Sequence[Command]:
        """What the robot hears instead."""
        return commands

    def recovered(self, result: StackResult) -> bool:
        """Whether a run, which nothing else is to be said against, ended as it should."""
        return result.success

    def plant(self, stage: Stage, words: str) -> None:
        """It has come."""
        self.planted_at = stage.now
        self.words = words

    @property
    def planted(self) -> bool:
        return self.planted_at is not None
