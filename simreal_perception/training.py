"""The training loop: draw, learn, watch, save. A person reads it in one sitting.

A run that was stopped, by whatever means, goes on where its last checkpoint was, and comes to the
same weights, bit for bit, as one that never stopped (same threads, same machine).
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba
import torch
from torch import nn

from simreal_common.errors import ConfigurationError
from simreal_perception.averaging import WeightAverage
from simreal_perception.batches import Batches, RepeatedSource
from simreal_perception.checkpoint import load_network, restore_checkpoint, save_checkpoint
from simreal_perception.initial_weights import load_initial_weights
from simreal_perception.monitoring import Monitor
from simreal_perception.run_folder import record_start, run_folder
from simreal_perception.stopping import StopRequest
from simreal_perception.tasks import (
    TASKS,
    DrawsPicture,
    Measures,
    Source,
    Task,
    draw_apart,
    make_task,
)
from simreal_perception.training_config import TrainingConfig

__all__ = ["TASKS", "TrainingConfig", "TrainingResult", "load_network", "train"]

HELD_OUT_SEED = 1_000_000_007  # pictures for watching; far from seeds that people choose
REPEATED_SEED = 2_000_000_011


@dataclass(frozen=True)
class TrainingResult:
    """How a run ended.

    Args:
        checkpoint: where its weights are.
        step: number of batches learned.
        finished: whether that is all of them; if not, somebody stopped the run.
        held_out: figures of the averaged weights on pictures that were never learned.
    """

    checkpoint: Path
    step: int
    finished: bool
    held_out: dict[str, float]


def train(config: TrainingConfig, folder: Path, monitor: Monitor | None = None) -> TrainingResult:
    """Train one network, or go on with it.

    Args:
        folder: of the run; made if it is not there.
        monitor: shows the run; None for a silent one.

    Raises:
        ConfigurationError: the folder holds a run with another configuration, there is no such
            device, or the loss is no number any more.
    """
    monitor = monitor or Monitor(config)
    with run_folder(folder, config) as checkpoint:
        task, source = prepare(config)
        network = task.network
        optimizer = torch.optim.AdamW(network.parameters(), weight_decay=config.weight_decay)
        average = WeightAverage(network, config.average)
        held_out = draw_apart(source, config.batch, HELD_OUT_SEED)
        parts = {"network": network, "average": average.network, "optimizer": optimizer}
        first, figures = 0, {}
        if checkpoint.exists():
            source.rng.bit_generator.state, first = restore_checkpoint(checkpoint, config, parts)
        record_start(checkpoint, config, first)
        saved = time.monotonic()
        with (
            Batches(
                source, config.batch, config.steps - first, config.prefetch, config.threads
            ) as batches,
            monitor.open(checkpoint, first),
            StopRequest() as stop,
        ):
            step = first
            network.train()
            for step, drawn in enumerate(batches, first + 1):
                rate = learning_rate(config, step)
                values = learn(task, optimizer, drawn.batch, rate, config)
                average.update(step)
                monitor.step(step, values, rate, batches.waited_s)
                late = time.monotonic() - saved > config.checkpoint_s
                if late or stop.wanted or step == config.steps:
                    save_checkpoint(checkpoint, config, parts, drawn.generator, step)
                    figures = evaluate(task, average.network, held_out)
                    monitor.checkpoint(step, figures, picture(task, average.network, held_out))
                    saved = time.monotonic()
                if stop.wanted:
                    break
    return TrainingResult(checkpoint, step, step >= config.steps, figures)


def learn(
    task: Task, optimizer: Any, batch: Any, rate: float, config: TrainingConfig
) -> dict[str, float]:
    """One step down the loss of a batch, and its figures, the loss among them."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    fast = config.precision == "bfloat16"
    with torch.autocast(config.device, torch.bfloat16, enabled=fast):
        loss, figures = task.loss(task.network, batch)
    value = loss.item()
    if not math.isfinite(value):
        raise ConfigurationError(
            f"the loss became {value}: lower learning_rate ({config.learning_rate:g}) and start "
            "the run again in another folder"
        )
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(task.network.parameters(), config.gradient_norm)
    optimizer.step()
    return {"loss": value, **figures}


def learning_rate(config: TrainingConfig, step: int) -> float:
    """Linear warm-up, level, linear to zero over the last `decay` of the steps; `step` from 1.

    Until the decay begins the rate does not depend on the number of steps: a run can be made longer
    while it goes on (Hu et al. 2024, "warmup-stable-decay").
    """
    rising = step / max(config.warmup, 1)
    falling = (config.steps - step + 1) / max(config.decay * config.steps, 1.0)
    return config.learning_rate * min(rising, falling, 1.0)


def evaluate(task: Task, network: nn.Module, batch: Any) -> dict[str, float]:
    """Figures of a network in evaluation mode, the loss among them; changes nothing."""
    with torch.no_grad(), torch.random.fork_rng():
        loss, figures = task.loss(network, batch)
        if isinstance(task, Measures):
            figures = {**figures, **task.measure(network, batch)}
    return {"loss": loss.item(), **figures}


def picture(task: Task, network: nn.Module, batch: Any) -> Any:
    """What the network predicts, drawn, if the task can draw: uint8 RGB (H, W, 3) or None."""
    return task.picture(network, batch) if isinstance(task, DrawsPicture) else None


def prepare(config: TrainingConfig) -> tuple[Task, Source]:
    """The task with its initial weights on its device, and the pictures that it learns from."""
    if config.device == "cuda" and not torch.cuda.is_available():
        raise ConfigurationError(
            "device is 'cuda', but torch sees no GPU here: take --device cpu, or install torch's "
            "GPU build"
        )
    torch.set_num_threads(config.threads)
    numba.set_num_threads(min(config.threads, numba.config.NUMBA_NUM_THREADS))
    torch.manual_seed(config.seed)
    task = make_task(config.task, config.seed, config.width, config.randomization)
    if config.start_from:
        load_initial_weights(task.network, config.task, config.start_from)
    task.network.to(device=config.device, memory_format=torch.channels_last)
    source: Source = task.source
    if config.repeat:
        source = RepeatedSource(source, config.repeat, config.batch, REPEATED_SEED)
    return task, source
