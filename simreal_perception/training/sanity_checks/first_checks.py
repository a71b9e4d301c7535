"""Checks first whether a task runs at all: shapes, value ranges, first loss, gradients."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from simreal_perception.training.tasks.loss import Loss
from simreal_perception.training.tasks.tasks import ExpectsInitial, Task, make_task
from simreal_perception.training.training_config import TrainingConfig

IMAGES = 16
GRADIENT_STEPS = 3  # a layer that starts at zero hides what lies before it for a step or two
LEARNING_RATE = 1e-3
# What a normalized input looks like; the images' own brightness and contrast vary a lot.
LARGEST_MEAN, SMALLEST_STD, LARGEST_STD = 1.5, 0.2, 4.0


@dataclass(frozen=True)
class RunsResult:
    """What one batch through a new network gave.

    Args:
        task: which network.
        measured: lines about batch, network and loss.
        faults: what is wrong; none if it runs.
    """

    task: str
    measured: tuple[str, ...]
    faults: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.faults

    def describe(self) -> str:
        """For people: what was measured, then the verdict."""
        verdict = "it runs" if self.passed else "does not run: " + "; ".join(self.faults)
        return "\n".join([f"{self.task} (a) {verdict}", *(f"    {line}" for line in self.measured)])


def it_runs(config: TrainingConfig) -> RunsResult:
    """Put one randomized batch through a new network of this configuration, and look."""
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    task = make_task(config.task, config.seed, config.width, config.randomization)
    batch = task.source.draw(IMAGES)
    measured, faults = describe_batch(batch)
    input_line, input_faults, figures = _first_pass(task, batch)
    measured.append(input_line)
    faults += input_faults
    measured.append("first " + ", ".join(f"{name} {v:.3g}" for name, v in figures.items()))
    if isinstance(task, ExpectsInitial):
        for name, (low, high) in task.expected_initial().items():
            if name not in figures:
                faults.append(f"the task expects {name}, which its loss does not report")
            elif not low <= figures[name] <= high:
                faults.append(f"first {name} is {figures[name]:.3g}, expected {low:g} to {high:g}")
    if not math.isfinite(figures["loss"]):
        faults.append("the first loss is no number")
    else:
        faults += _gradient_faults(task, batch)
    count = sum(p.numel() for p in task.network.parameters())
    measured.append(f"{count:,} weights in {len(list(task.network.parameters()))} tensors")
    return RunsResult(config.task, tuple(measured), tuple(faults))


def describe_batch(batch: Any) -> tuple[list[str], list[str]]:
    """Shapes and ranges of a batch's arrays, a line each; and what cannot be right in them."""
    lines, faults = [], []
    for entry in dataclasses.fields(batch):
        values = getattr(batch, entry.name)
        if not isinstance(values, np.ndarray) or not values.size:
            continue
        line = f"{entry.name}: {values.dtype} {values.shape}"
        known = values[~np.isnan(values)] if values.dtype.kind == "f" else values
        if known.size:
            as_float = known.astype(np.float64)
            line += f", {as_float.min():.3g} to {as_float.max():.3g}, mean {as_float.mean():.3g}"
            if not np.isfinite(as_float).all():
                faults.append(f"{entry.name} holds infinite values")
        else:
            faults.append(f"{entry.name} holds no values")
        if known.size < values.size:
            line += f", {1 - known.size / values.size:.0%} unknown"
        if values.dtype == np.uint8 and values.ndim == 4 and len(np.unique(values)) < 2:
            faults.append(f"{entry.name} are all of one colour")
        lines.append(line)
    return lines, faults


def describe_input(task: Task, batch: Any) -> tuple[str, float, float]:
    """What the network is fed and what it answers, in words; mean and std of its input."""
    seen: dict[str, Any] = {}

    def look(module: nn.Module, arguments: tuple[Any, ...], output: Any) -> None:
        seen["input"], seen["output"] = arguments[0].detach().float(), output

    handle = task.network.register_forward_hook(look)
    try:
        with torch.no_grad():
            task.loss(task.network, batch)
    finally:
        handle.remove()
    outputs = seen["output"] if isinstance(seen["output"], tuple) else (seen["output"],)
    answers = ", ".join(
        f"{tuple(o.shape)} from {float(o.min()):.3g} to {float(o.max()):.3g}" for o in outputs
    )
    mean, std = float(seen["input"].mean()), float(seen["input"].std())
    line = f"network: {tuple(seen['input'].shape)} of mean {mean:.2f}, std {std:.2f} -> {answers}"
    return line, mean, std


def _first_pass(task: Task, batch: Any) -> tuple[str, list[str], dict[str, float]]:
    line, mean, std = describe_input(task, batch)
    faults = []
    if not abs(mean) <= LARGEST_MEAN or not SMALLEST_STD <= std <= LARGEST_STD:
        faults.append(
            f"the network's input has mean {mean:.2f} and std {std:.2f}: wanted about 0 and "
            "1, normalize it"
        )
    with torch.no_grad():
        loss = Loss(*task.loss(task.network, batch))
    return line, faults, {"loss": loss.total.item(), **loss.figures}


def _gradient_faults(task: Task, batch: Any) -> list[str]:
    """Parameters that no gradient reaches, or one that is no number."""
    optimizer = torch.optim.Adam(task.network.parameters(), LEARNING_RATE)
    unreached = dict(task.network.named_parameters())
    for _ in range(GRADIENT_STEPS):
        optimizer.zero_grad(set_to_none=True)
        task.loss(task.network, batch)[0].backward()
        for name, weight in task.network.named_parameters():
            if weight.grad is None:
                continue
            if not bool(torch.isfinite(weight.grad).all()):
                return [f"the gradient of {name} is no number"]
            if bool((weight.grad != 0).any()):
                unreached.pop(name, None)
        optimizer.step()
    if unreached:
        return [
            f"no gradient reaches {', '.join(list(unreached)[:5])} ({len(unreached)} tensors): "
            "not part of the loss, or cut off by detach or no_grad"
        ]
    return []
