"""Checks whether a network learns one batch by heart (overfits it). If not, more data will not help."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from simreal_perception.training.sanity_checks.first_checks import describe_batch, describe_input
from simreal_perception.training.sanity_checks.thresholds import Thresholds, thresholds_of
from simreal_perception.training.tasks.loss import Loss
from simreal_perception.training.tasks.tasks import Task, make_task
from simreal_perception.training.training_config import TrainingConfig
from simreal_sim.randomization.ranges.randomization_config import GROUPS, RandomizationConfig

# Small and without randomization: this is about the code, not about the width of the network.
WIDTH, BATCH, STEPS, LEARNING_RATE = 12, 16, 250, 2e-3
SWEEP, SWEEP_STEPS = (0.1, 1.0, 10.0), 30


@dataclass(frozen=True)
class OverfitResult:
    """What learning one batch by heart gave.

    Args:
        task: which network.
        thresholds: what is measured and what it had to reach.
        first, last: the error before and after.
        steps: optimizer steps taken.
        causes: what to look at, with what was measured; empty if it learned.
    """

    task: str
    thresholds: Thresholds
    first: float
    last: float
    steps: int
    causes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return self.last <= self.thresholds.by_heart

    def describe(self) -> str:
        """For people: one line, and more if it did not learn."""
        head = (
            f"{self.task} (b) one batch: {self.thresholds.name} {self.first:.3g} -> {self.last:.3g} in "
            f"{self.steps} steps (wanted {self.thresholds.by_heart:g}): "
        )
        if self.passed:
            return head + "learns it by heart"
        return "\n".join([head + "does not learn. Usual causes:", *self.causes])


def overfit(config: TrainingConfig, steps: int = STEPS) -> OverfitResult:
    """Learn one batch of plain scenes until its error reaches the threshold, or `steps` are over."""
    torch.set_num_threads(config.threads)
    task, batch = _start(config)
    thresholds = thresholds_of(config.task)
    first = last = float("nan")
    step = 0
    for step, (_, figures) in enumerate(_descend(task, batch, LEARNING_RATE, steps)):
        last = thresholds.error(figures)
        first = last if step == 0 else first
        if last <= thresholds.by_heart:
            break
    result = OverfitResult(config.task, thresholds, first, last, step)
    if result.passed:
        return result
    return OverfitResult(
        config.task, thresholds, first, last, step, tuple(_causes(config, task, batch))
    )


def _start(config: TrainingConfig) -> tuple[Task, Any]:
    torch.manual_seed(config.seed)
    task = make_task(config.task, config.seed, WIDTH, RandomizationConfig(frozenset(GROUPS)))
    return task, task.source.draw(BATCH)


def _descend(
    task: Task, batch: Any, rate: float, steps: int
) -> Iterator[tuple[float, dict[str, float]]]:
    """Loss and figures before the first step and after each."""
    optimizer = torch.optim.Adam(task.network.parameters(), rate)
    task.network.train()
    for step in range(steps + 1):
        loss = Loss(*task.loss(task.network, batch))
        yield loss.total.item(), {"loss": loss.total.item(), **loss.figures}
        if step < steps:
            optimizer.zero_grad(set_to_none=True)
            loss.total.backward()
            optimizer.step()


def _causes(config: TrainingConfig, task: Task, batch: Any) -> list[str]:
    """The usual causes in the order in which to look at them, with what speaks for each."""
    fed, mean, std = describe_input(task, batch)
    arrays, faults = describe_batch(batch)
    sweep = []
    for factor in SWEEP:
        other, same = _start(config)
        losses = [loss for loss, _ in _descend(other, same, factor * LEARNING_RATE, SWEEP_STEPS)]
        sweep.append(f"{factor * LEARNING_RATE:g}: {losses[0]:.3g} -> {losses[-1]:.3g}")
    return [
        "  labels that do not belong to the images (sign, order, units); in this batch:",
        *(f"    {line}" for line in [*arrays, *faults]),
        f"  images that are not normalized; the network sees mean {mean:.2f}, std {std:.2f}"
        " (wanted about 0 and 1)",
        "  a loss that is fed with the wrong tensor, or descends the wrong way:",
        f"    {fed}",
        f"  the learning rate; loss in {SWEEP_STEPS} steps at " + ", at ".join(sweep),
    ]
