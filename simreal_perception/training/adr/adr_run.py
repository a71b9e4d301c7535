"""Automatic domain randomization in a training run: measures a boundary after a step, moves it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from simreal_common.errors import ConfigurationError
from simreal_perception.training.adr.randomization import AdrRule, AutomaticRandomization
from simreal_perception.training.tasks.tasks import (
    DrawsOnDevice,
    MeasuresPerformance,
    Task,
    make_task,
)
from simreal_perception.training.training_config import TrainingConfig
from simreal_sim.randomization.ranges_file import write_ranges

HEADING = """\
The ranges that automatic domain randomization has opened so far: a record, which the run does not
read. `simreal train --ranges` takes it."""
IMAGES_SEED = 1_500_000_001  # far from the seeds of training and of held-out images


def adr_ranges(checkpoint: Path) -> Path:
    """Where a run writes the ranges that it has opened."""
    return checkpoint.with_suffix(".adr.yaml")


class AdrRun:
    """Opens the ranges that a task's source draws from, as the network learns.

    Its images come from a source of its own: none is trained on, and other textures are seen.

    Args:
        config: of the run; `adr` is set there.
        task: whose network is measured, and whose source's ranges are set.
        state: of a run that goes on; None for a new one.

    Raises:
        ConfigurationError: the task cannot say how well its network does.
    """

    def __init__(self, config: TrainingConfig, task: Task, state: dict[str, Any] | None) -> None:
        if not isinstance(task, MeasuresPerformance):
            raise ConfigurationError(
                f"adr is on, but the task '{config.task}' does not say how well its network does: "
                "wanted a method performance(network, batch)"
            )
        self._task, self._config = task, config
        rule = AdrRule(config.adr_low, config.adr_high, config.adr_buffer, config.adr_step)
        self.randomization = AutomaticRandomization(config.randomization, rule, config.seed)
        if state is not None:
            self.randomization.restore(state)
        with torch.random.fork_rng():
            measuring = make_task(config.task, config.seed + 1, config.width, config.randomization)
        self._source: Any = measuring.source
        if isinstance(self._source, DrawsOnDevice):
            self._source.device = config.device
        self._open()

    def after(self, step: int) -> None:
        """Look at a boundary, if it is time to; the next batch is drawn from what follows."""
        if step % self._config.adr_every:
            return
        adr = self.randomization
        boundary = adr.boundary_at(step)
        self._source.randomization = adr.pinned(boundary)
        self._source.rng.bit_generator.state = np.random.default_rng(
            [self._config.seed, IMAGES_SEED, step]
        ).bit_generator.state
        batch = self._source.draw(self._config.adr_images)
        network = self._task.network
        assert isinstance(self._task, MeasuresPerformance)
        network.eval()
        with torch.no_grad(), torch.random.fork_rng():
            performance = self._task.performance(network, batch)
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
