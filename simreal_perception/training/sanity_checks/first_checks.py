"""Checks first whether a task runs at all, by a few steps of the real loop and by its labels."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from simreal_common.errors import ConfigurationError
from simreal_perception.training.sanity_checks.causes import (
    POSSIBLE,
    Cause,
    Finding,
    list_causes,
    ranked,
)
from simreal_perception.training.sanity_checks.coverage import coverage_findings
from simreal_perception.training.sanity_checks.free_answers import loss_findings
from simreal_perception.training.sanity_checks.label_checks import label_findings, memory_findings
from simreal_perception.training.sanity_checks.loop_checks import input_findings, loop_findings
from simreal_perception.training.sanity_checks.probe import (
    CLEAR_GROUPS,
    Probe,
    real_run,
    short_run,
    without,
)
from simreal_perception.training.sanity_checks.thresholds import thresholds_of
from simreal_perception.training.tasks.loss import Loss
from simreal_perception.training.tasks.registry import make_task
from simreal_perception.training.tasks.task import ExpectsInitial, Task
from simreal_perception.training.training_config import TrainingConfig

IMAGES = 16
# Of the real loop. A layer that starts at zero hides what lies before it for a step or two; labels
# want some two hundred images.
STEPS, BATCH = 8, 24


@dataclass(frozen=True)
class RunsResult:
    """What one batch through a new network, and a few steps of the real loop, gave.

    Args:
        task: which network.
        measured: lines about batch, network and loss.
        findings: what is wrong, the likeliest first; none if it runs.
    """

    task: str
    measured: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        return not self.findings

    def describe(self) -> str:
        """For people: the verdict, with causes if it is bad, then what was measured."""
        measured = [f"    {line}" for line in self.measured]
        if self.passed:
            return "\n".join([f"{self.task} (a) it runs", *measured])
        head = f"{self.task} (a) something is wrong. The likeliest cause first:"
        return "\n".join([head, *list_causes(self.findings), "    measured:", *measured])


def it_runs(config: TrainingConfig) -> RunsResult:
    """Put a randomized batch through a new network, run the real loop for some steps, and look.

    Raises:
        Stopped: somebody asked to stop.
    """
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    task = make_task(config.task, config.seed, config.width, config.randomization)
    batches = [task.source.draw(IMAGES) for _ in range(2)]
    measured, faults = describe_batch(batches[0])
    findings = [Finding(Cause.CONTENT, fault) for fault in faults]
    line, mean, std = describe_input(task, batches[0])
    measured.append(line)
    findings += input_findings(mean, std)
    with torch.no_grad():
        loss = Loss(*task.loss(task.network, batches[0]))
    figures = {"loss": loss.total.item(), **loss.figures}
    measured.append("first " + ", ".join(f"{name} {v:.3g}" for name, v in figures.items()))
    findings += _unexpected(task, figures)
    count = sum(p.numel() for p in task.network.parameters())
    measured.append(f"{count:,} weights in {len(list(task.network.parameters()))} tensors")
    if math.isfinite(figures["loss"]):
        findings += loss_findings(task, batches, thresholds_of(config.task))
        findings += memory_findings(task.source)
        findings += _of_real_loop(config, task, batches)
    return RunsResult(config.task, tuple(measured), ranked(findings))


def _unexpected(task: Task, figures: dict[str, float]) -> list[Finding]:
    """First figures that theory does not expect; what follows may say why."""
    told = []
    if isinstance(task, ExpectsInitial):
        for name, (low, high) in task.expected_initial().items():
            if name not in figures:
                told.append(f"the task expects {name}, which its loss does not report")
            elif not low <= figures[name] <= high:
                told.append(f"first {name} is {figures[name]:.3g}, expected {low:g} to {high:g}")
    if not math.isfinite(figures["loss"]):
        told.append("the first loss is no number")
    return [Finding(Cause.INITIAL_LOSS, line, POSSIBLE) for line in told]


def _of_real_loop(config: TrainingConfig, task: Task, varied: list[Any]) -> list[Finding]:
    """A few steps of it on plain scenes, whose labels are then held against one another."""
    probe = Probe()
    clear = short_run(
        config,
        steps=STEPS,
        batch=BATCH,
        disabled=tuple({*config.disabled, *without(*CLEAR_GROUPS)}),
    )
    stopped = []
    try:
        real_run(clear, probe)
    except ConfigurationError as error:
        if not probe.record.losses:
            raise
        stopped = [Finding(Cause.RATE_HIGH, str(error), POSSIBLE)]
    return [
        *loop_findings(probe.record, task),
        *label_findings(varied, probe.record.batches, config.body),
        *coverage_findings(config.randomization, task.source, probe.record.batches),
        *stopped,
    ]


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
