"""The training loop: draw, learn, watch, save. A person reads it in one sitting.

A run that was stopped, by whatever means, goes on where its last checkpoint was, and comes to the
same weights, bit for bit, as one that never stopped (same threads, same machine).
"""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numba
import torch
from torch import nn

from simreal_common.errors import ConfigurationError
from simreal_perception.model_files.model_card import load_model_card
from simreal_perception.pose_estimation.estimator import load_networks
from simreal_perception.training.adr.adr_run import AdrLooks, AdrRun
from simreal_perception.training.batches import Batches, RepeatedSource
from simreal_perception.training.checkpoint import (
    Progress,
    go_on_as,
    keep_best,
    load_network,
    rank_position,
    restore_checkpoint,
    save_checkpoint,
)
from simreal_perception.training.distributed import ALONE, Ranks, told
from simreal_perception.training.ema import moving_average
from simreal_perception.training.held_out import draw_held_out, evaluate_all
from simreal_perception.training.initial_weights import load_initial_weights, progress_before
from simreal_perception.training.precision import autocast, choose_precision
from simreal_perception.training.run_display import RunDisplay
from simreal_perception.training.run_folder import record_start, run_folder
from simreal_perception.training.run_log import add_line
from simreal_perception.training.stopping import StopRequest
from simreal_perception.training.tasks.loss import Loss
from simreal_perception.training.tasks.registry import TASKS, make_task
from simreal_perception.training.tasks.task import (
    DrawsImage,
    DrawsOnDevice,
    ShowsTextures,
    Source,
    TakesProposals,
    Task,
)
from simreal_perception.training.training_config import TrainingConfig
from simreal_sim.randomization.ranges_file import ranges_sha256, ranges_values

__all__ = ["TASKS", "TrainingConfig", "TrainingResult", "load_network", "train"]

REPEATED_SEED = 2_000_000_011


@dataclass(frozen=True)
class TrainingResult:
    """How a run ended.

    Args:
        checkpoint: where its weights are.
        step: number of batches learned.
        finished: whether that is all of them; if not, somebody stopped the run.
        held_out: figures of the averaged weights on images that were never learned, as last
            measured; empty if they were not.
    """

    checkpoint: Path
    step: int
    finished: bool
    held_out: dict[str, float]


class Observer(Protocol):
    """Somebody who looks into the loop while it runs: the checks before a long run."""

    def began(self, task: Task, optimizer: torch.optim.Optimizer) -> None:
        """Take in what is about to learn, its weights as they begin."""

    def learned(self, step: int, loss: Loss, rate: float) -> None:
        """Take in step number `step` (the first is 1). What it raises ends the run."""


def train(
    config: TrainingConfig,
    folder: Path,
    display: RunDisplay | None = None,
    observer: Observer | None = None,
    ranks: Ranks = ALONE,
) -> TrainingResult:
    """Train one network, or go on with it.

    Args:
        folder: of the run; made if it is not there.
        display: shows the run; None for a silent one.
        observer: looks on; None for nobody.
        ranks: this process among those that train together; `config.batch` is the batch of each.

    Raises:
        ConfigurationError: the folder holds a run with another configuration or other ranges, there
            is no such device, the loss is no number any more, or another process is gone.
    """
    if config.adr and ranks.count > 1:
        raise ConfigurationError(
            f"adr is on in {ranks.count} processes, each of which would widen ranges of its own: "
            "wanted one process, or no --adr"
        )
    start = time.monotonic()
    display = display or RunDisplay(config)
    with run_folder(folder, config, ranks.first) as checkpoint:
        task, source = prepare(config)
        ranks.seed_apart(source, config.seed)
        network = task.network
        optimizer = torch.optim.AdamW(network.parameters(), weight_decay=config.weight_decay)
        ema = moving_average(network, config.average)
        parts = {"network": network, "average": ema.module, "optimizer": optimizer}
        before = begin(checkpoint, config, parts, display, ranks)
        ema.n_averaged.fill_(before.step + 1)
        held_out = draw_held_out(task.source, config.batch, config.held_out if ranks.first else 1)
        adr = begin_adr(config, task, before.adr) if config.adr else None
        precision = ranks.of_first(choose_precision(config, task, held_out[0]))
        display.say(f"{config.task}: learns in {precision.name}: {precision.reason}")
        here = {}
        if ranks.first:
            here = record_start(checkpoint, config, config.randomization, before.step, precision)
        learner = ranks.parallel(network)
        step, figures = before.step, {}
        saved, evaluated = time.monotonic(), -math.inf
        with (
            Batches(
                source, config.batch, config.steps - step, config.prefetch, config.threads,
                before.position,
            ) as batches,
            display.open(checkpoint, step),
            StopRequest() as stop,
        ):  # fmt: skip
            network.train()
            if observer:
                observer.began(task, optimizer)
            for step, drawn in enumerate(batches, before.step + 1):
                rate = learning_rate(config, step)
                loss = learn(task, optimizer, drawn.batch, rate, config, precision.name, learner)
                if batches.wants_losses:
                    batches.learned(losses_of(task, loss))
                if ranks.first:
                    ema.update_parameters(network)
                if adr:
                    adr.after(step)
                if observer:
                    observer.learned(step, loss, rate)
                display.step(step, loss.figures, rate, batches.waited_s)
                last = step == config.steps
                asked = config.evaluate_steps > 0 and step % config.evaluate_steps == 0
                late = time.monotonic() - saved > config.checkpoint_s
                late, stopping = ranks.agree(late, stop.wanted)
                if not (late or stopping or last or asked):
                    continue
                positions = ranks.gather(rank_position(batches.after(drawn)))
                if not ranks.first:
                    saved = time.monotonic()
                    if stopping:
                        break
                    continue
                progress = Progress(
                    step,
                    before.pictures_seen + (step - before.step) * config.batch * ranks.count,
                    before.spent_s + time.monotonic() - start,
                    before.ranges,
                    batches.after(drawn),
                    adr.randomization.state() if adr else None,
                    tuple(positions[1:]),
                )
                measured = {}
                due = time.monotonic() - evaluated > config.evaluate_s and not stopping
                if due or last or asked:
                    figures = measured = evaluate_all(task, ema.module, held_out)
                    display.evaluated(step, figures, image(task, ema.module, held_out[0]))
                    keep_best(checkpoint, config, ema.module, progress, figures["loss"])
                    evaluated = time.monotonic()
                save_checkpoint(checkpoint, config, parts, progress)
                if adr:
                    adr.write(checkpoint)
                    display.randomized(step, adr.figures())
                saved = time.monotonic()
                add_line(checkpoint, log_line(progress, rate, here, display, measured, adr))
                if stopping:
                    break
        ranks.meet()  # the last checkpoint is there before any of them goes
    return TrainingResult(checkpoint, step, step >= config.steps, figures)


def begin(
    checkpoint: Path,
    config: TrainingConfig,
    parts: dict[str, Any],
    display: RunDisplay,
    ranks: Ranks,
) -> Progress:
    """Put `parts` to where the run's checkpoint left them, if there is one; how far it was."""
    randomization = config.randomization
    ranges = ranges_sha256(ranges_values(randomization))
    if checkpoint.exists():
        progress = restore_checkpoint(checkpoint, config, randomization, parts)
        progress = go_on_as(progress, ranks, checkpoint)
        if not progress.ranges:
            display.say(
                f"warning: {checkpoint} does not say which ranges of randomization it began with; "
                "the run goes on with today's"
            )
    elif config.start_from:
        progress = progress_before(config.task, config.start_from)
    else:
        progress = Progress()
    ranks.require_same((progress.step, ranges, asdict(config)), "configuration and checkpoint")
    return replace(progress, ranges=ranges)


def begin_adr(config: TrainingConfig, task: Task, state: dict[str, Any] | None) -> AdrRun:
    """Automatic randomization of a run, whose looks have textures of their own.

    Args:
        state: out of the run's checkpoint; None for a new run.
    """
    looks = AdrLooks(config.adr_every, config.adr_images)
    return AdrRun(
        task, config.randomization, config.adr_rule, looks, config.seed, config.device, state
    )


def learn(
    task: Task,
    optimizer: Any,
    batch: Any,
    rate: float,
    config: TrainingConfig,
    precision: str,
    learner: nn.Module,
) -> Loss:
    """One step down the loss of a batch; the loss is among its figures.

    Args:
        learner: the task's network, whose gradients may become the mean over several processes.
    """
    for group in optimizer.param_groups:
        group["lr"] = rate
    with told(), autocast(config.device, precision):
        loss = Loss(*task.loss(learner, batch))
    value = loss.total.item()
    if not math.isfinite(value):
        raise ConfigurationError(
            f"the loss became {value}: lower learning_rate ({config.learning_rate:g}) and start "
            "the run again in another folder"
        )
    optimizer.zero_grad(set_to_none=True)
    with told():
        loss.total.backward()
    torch.nn.utils.clip_grad_norm_(task.network.parameters(), config.gradient_norm)
    optimizer.step()
    return loss._replace(figures={"loss": value, **loss.figures})


def losses_of(task: Task, loss: Loss) -> list[float]:
    """The losses of single images, for a source that asks for them."""
    if loss.per_image is None:
        raise ConfigurationError(
            f"the images of '{task.name}' are drawn by how hard they were, but its loss says "
            "nothing of single images: return Loss(total, figures, per_image)"
        )
    return loss.per_image.detach().float().tolist()


def log_line(
    progress: Progress,
    rate: float,
    here: dict[str, Any],
    display: RunDisplay,
    held_out: dict[str, float],
    adr: AdrRun | None,
) -> dict[str, Any]:
    """What the run's log tells of a checkpoint."""
    return {
        "step": progress.step,
        "spent_s": round(progress.spent_s, 3),
        "pictures_seen": progress.pictures_seen,
        "learning_rate": rate,
        "commit": here["commit"],
        "precision": here["precision"],
        **display.rates(),
        "learned": display.figures,
        **({"held_out": held_out} if held_out else {}),
        **({"adr": adr.figures()} if adr else {}),
    }


def learning_rate(config: TrainingConfig, step: int) -> float:
    """Linear warm-up, level, linear to zero over the last `decay` of the steps; `step` from 1.

    Until the decay begins the rate does not depend on the number of steps: a run can be made longer
    while it goes on (Hu et al. 2024, "warmup-stable-decay").
    """
    rising = step / max(config.warmup, 1)
    falling = (config.steps - step + 1) / max(config.decay * config.steps, 1.0)
    return config.learning_rate * min(rising, falling, 1.0)


def image(task: Task, network: nn.Module, batch: Any) -> Any:
    """What the network predicts, drawn, if the task can draw: uint8 RGB (H, W, 3) or None."""
    return task.image(network, batch) if isinstance(task, DrawsImage) else None


def prepare(config: TrainingConfig) -> tuple[Task, Source]:
    """The task with its initial weights on its device, and the images that it learns from."""
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
        load_initial_weights(task.network, config.task, config.start_from, config.body)
    task.network.to(device=config.device, memory_format=torch.channels_last)
    source: Source = task.source
    if isinstance(source, DrawsOnDevice):
        source.device = config.device
    if isinstance(source, ShowsTextures):
        source.textures = source.textures[: config.textures]
    if config.proposals_from and isinstance(source, TakesProposals):
        networks = load_networks(load_model_card(config.proposals_from), config.threads)
        source.detector = networks["detector"]
    if config.repeat:
        source = RepeatedSource(source, config.repeat, config.batch, REPEATED_SEED)
    return task, source
