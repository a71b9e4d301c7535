"""Watches the real training loop for a few steps: what it feeds, what it backs up, what it moves."""

from __future__ import annotations

import dataclasses
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from simreal_perception.training.stopping import Stopped
from simreal_perception.training.tasks.loss import Loss
from simreal_perception.training.tasks.task import Task
from simreal_perception.training.training import train
from simreal_perception.training.training_config import TrainingConfig
from simreal_sim.randomization.ranges.randomization_config import GROUPS

# What may vary where labels are held against pictures: a red block on a gray table, seen from
# anywhere, tells where it is by its colour alone.
CLEAR_GROUPS = ("orientation", "camera", "edge")
NEVER_S = 1e9  # between checkpoints and measurements of a run of seconds
BatchNorm = nn.modules.batchnorm._BatchNorm


@dataclass
class TensorRecord:
    """One parameter over the steps.

    Attributes:
        held: the optimizer holds it.
        trainable: it asks for a gradient.
        reached: some gradient of it was not zero.
        finite: every gradient of it was a number.
        moved: it is not what it was.
        change: its root mean square change in a step, as a share of its own, by step.
    """

    held: bool
    trainable: bool
    reached: bool = False
    finite: bool = True
    moved: bool = False
    change: list[float] = field(default_factory=list)


@dataclass
class Record:
    """What a `Probe` saw.

    Attributes:
        tensors: by the parameter's name.
        alignment: of every step the cosine between the gradient that the optimizer took and that
            of the batch alone.
        resting_norms: names of batch norms that were in evaluation mode while the network learned.
        input_mean, input_std: of what the network was fed first.
        batches: as they came to the task's loss.
        outputs: of the network for the last batch, as a tuple.
        losses, figures: by step.
    """

    tensors: dict[str, TensorRecord] = field(default_factory=dict)
    alignment: list[float] = field(default_factory=list)
    resting_norms: set[str] = field(default_factory=set)
    input_mean: float = 0.0
    input_std: float = 1.0
    batches: list[Any] = field(default_factory=list)
    outputs: tuple[Tensor, ...] = ()
    losses: list[float] = field(default_factory=list)
    figures: list[dict[str, float]] = field(default_factory=list)


class Probe:
    """An observer of `training.train` that writes a `Record`; it changes nothing of the run."""

    def __init__(self) -> None:
        self.record = Record()
        self._fresh: dict[str, Tensor] = {}  # gradients of the last backward() alone
        self._before: dict[str, Tensor] = {}

    def began(self, task: Task, optimizer: torch.optim.Optimizer) -> None:
        """Take hold of the network, the loss and the optimizer of a run."""
        network, record = task.network, self.record
        self._network = network
        held = {id(p) for group in optimizer.param_groups for p in group["params"]}
        self._weights = dict(network.named_parameters())
        for name, weight in self._weights.items():
            record.tensors[name] = TensorRecord(id(weight) in held, weight.requires_grad)
            self._before[name] = weight.detach().clone()
            if weight.requires_grad:
                weight.register_hook(lambda gradient, name=name: self._take(name, gradient))
        network.register_forward_hook(self._look)
        optimizer.register_step_pre_hook(lambda *_: self._compare())
        loss = task.loss

        def watched(network: nn.Module, batch: Any) -> Any:
            if network is self._network:
                record.batches.append(batch)
            return loss(network, batch)

        task.loss = watched  # type: ignore[method-assign]

    def learned(self, step: int, loss: Loss, rate: float) -> None:
        """Take in a step that is over."""
        record = self.record
        record.losses.append(loss.figures["loss"])
        record.figures.append(loss.figures)
        for name, weight in self._weights.items():
            before, own = self._before[name], record.tensors[name]
            change = weight.detach() - before
            own.moved |= bool((change != 0).any())
            size = float(before.square().mean().sqrt())
            if size > 0:
                own.change.append(float(change.square().mean().sqrt()) / size)
            self._before[name] = weight.detach().clone()

    def _take(self, name: str, gradient: Tensor) -> None:
        self._fresh[name] = gradient.detach().float().clone()
        own = self.record.tensors[name]
        own.finite &= bool(torch.isfinite(gradient).all())
        own.reached |= bool((gradient != 0).any())

    def _look(self, module: nn.Module, arguments: tuple[Any, ...], output: Any) -> None:
        if not torch.is_grad_enabled():
            return
        record = self.record
        if not record.outputs:
            seen = arguments[0].detach().float()
            record.input_mean, record.input_std = float(seen.mean()), float(seen.std())
        outputs = output if isinstance(output, tuple) else (output,)
        record.outputs = tuple(value.detach() for value in outputs)
        record.resting_norms |= {
            name
            for name, part in module.named_modules()
            if isinstance(part, BatchNorm) and not part.training
        }

    def _compare(self) -> None:
        """Just before the optimizer's step. Clipping changes the length alone, not the cosine."""
        product = taken = fresh = 0.0
        for name, weight in self._weights.items():
            if weight.grad is None:
                continue
            of_batch = self._fresh.get(name, torch.zeros_like(weight))
            product += float((weight.grad * of_batch).sum())
            taken += float(weight.grad.square().sum())
            fresh += float(of_batch.square().sum())
        size = (taken * fresh) ** 0.5
        self.record.alignment.append(product / size if size > 0 else 1.0)
        self._fresh.clear()


def real_run(config: TrainingConfig, observer: Any) -> None:
    """Run the real loop in a folder that is thrown away.

    Raises:
        Stopped: somebody asked to stop.
        ConfigurationError: as `train`.
    """
    with tempfile.TemporaryDirectory(prefix="simreal-check-") as folder:
        if not train(config, Path(folder), observer=observer).finished:
            raise Stopped


def short_run(config: TrainingConfig, **changes: Any) -> TrainingConfig:
    """The configuration of a run of seconds: at its peak rate at once, one batch held out."""
    short = {
        "warmup": 1, "decay": 0.0, "held_out": 1, "repeat": 0, "proposals_from": "", "prefetch": 0,
        "checkpoint_s": NEVER_S, "evaluate_s": NEVER_S,
    }  # fmt: skip
    return dataclasses.replace(config, **{**short, **changes})


def without(*groups: str) -> tuple[str, ...]:
    """All groups of randomization but these, to be disabled."""
    return tuple(group for group in GROUPS if group not in groups)
