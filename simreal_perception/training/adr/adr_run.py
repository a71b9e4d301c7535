"""Automatic domain randomization in a training run: measures a boundary after a step, moves it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from simreal_common.errors import ConfigurationError
from simreal_perception.training.adr.widening_rule import AdrRule, AutomaticRandomization
from simreal_perception.training.tasks.task import DrawsOnDevice, MeasuresPerformance, Task
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig
from simreal_sim.randomization.ranges_file import write_ranges

HEADING = """\
The ranges that automatic domain randomization has opened so far: a record, which the run does not
read. `simreal train --ranges` takes it."""
IMAGES_SEED = 1_500_000_001  # far from the seeds of training and of held-out images


def adr_ranges(checkpoint: Path) -> Path:
    """Where a run writes the ranges that it has opened."""
    return checkpoint.with_suffix(".adr.yaml")


@dataclass(frozen=True)
class AdrLooks:
    """When a boundary is looked at.

    Args:
        every: steps between two looks.
        images: of a look.
    """

    every: int
    images: int


class AdrRun:
    """Opens the ranges that a task's source draws from, as the network learns.

    Args:
        task: whose network is measured, and whose source's ranges are set; the images of looks, of
            which none is trained on, come from a source apart.
        limits: how far ranges may open.
        rule: when they do; looks: when that is asked.
        seed: of which boundary is looked at when, and of its images.
        device: that draws these, "cpu" or "cuda".
        state: of a run that goes on; None for a new one.

    Raises:
        ConfigurationError: the task cannot say how well its network does.
    """

    def __init__(
        self, task: Task, limits: RandomizationConfig, rule: AdrRule, looks: AdrLooks, seed: int,
        device: str, state: dict[str, Any] | None,
    ) -> None:  # fmt: skip
        if not isinstance(task, MeasuresPerformance):
            raise ConfigurationError(
                f"adr is on, but the task '{task.name}' does not say how well its network does: "
                "wanted the methods performance(network, batch) and source_apart(seed, randomization)"
            )
        self._measure = task.performance
        self._source: Any = task.source_apart(seed + 1, limits)
        if isinstance(self._source, DrawsOnDevice):
            self._source.device = device
        self._task, self._looks, self._seed = task, looks, seed
        self.randomization = AutomaticRandomization(limits, rule, seed)
        if state is not None:
            self.randomization.restore(state)
        self._open()

    def after(self, step: int) -> None:
        """Look at a boundary, if it is time to; the next batch is drawn from what follows."""
        if step % self._looks.every:
            return
        adr, network = self.randomization, self._task.network
        boundary = adr.boundary_at(step)
        self._source.randomization = adr.pinned(boundary)
        self._source.rng.bit_generator.state = np.random.default_rng(
            [self._seed, IMAGES_SEED, step]
        ).bit_generator.state
        batch = self._source.draw(self._looks.images)
        network.eval()
        with torch.no_grad(), torch.random.fork_rng():
            performance = self._measure(network, batch)
        network.train()
        if performance is not None and adr.measured(boundary, performance):
            self._open()

    def figures(self) -> dict[str, float]:
        """Worth watching: entropy, mean openness, and each boundary's share."""
        adr = self.randomization
        return {"entropy": adr.entropy, "openness": adr.openness, **adr.shares}

    def write(self, checkpoint: Path) -> None:
        """Write the ranges opened so far beside a checkpoint."""
        write_ranges(self.randomization.ranges, adr_ranges(checkpoint), HEADING)

    def _open(self) -> None:
        source: Any = self._task.source
        source.randomization = self.randomization.ranges
