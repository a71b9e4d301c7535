"""Images that are never learned, and the figures of a network on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from simreal_perception.training.tasks.loss import Loss
from simreal_perception.training.tasks.task import Measures, Source, Task, draw_apart

HELD_OUT_SEED = 1_000_000_007  # far from seeds that people choose


def draw_held_out(source: Source, size: int, count: int) -> list[Any]:
    """`count` batches apart from those that are learned, the same every time.

    Args:
        source: the task's own: one that repeats a few batches has no others to give.
        size: images a batch.
    """
    return [draw_apart(source, size, HELD_OUT_SEED + number) for number in range(count)]


def evaluate(task: Task, network: nn.Module, batch: Any) -> dict[str, float]:
    """Figures of a network in evaluation mode, the loss among them; changes nothing."""
    with torch.no_grad(), torch.random.fork_rng():
        loss = Loss(*task.loss(network, batch))
        figures = {"loss": loss.total.item(), **loss.figures}
        if isinstance(task, Measures):
            figures |= task.measure(network, batch)
    return figures


def evaluate_all(task: Task, network: nn.Module, batches: Iterable[Any]) -> dict[str, float]:
    """Means of the figures over several batches; of a figure that a batch lacks, over the others."""
    values: dict[str, list[float]] = {}
    for batch in batches:
        for name, value in evaluate(task, network, batch).items():
            values.setdefault(name, []).append(value)
    return {name: sum(of_each) / len(of_each) for name, of_each in values.items()}
