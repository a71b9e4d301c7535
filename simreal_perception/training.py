"""The training loop: draw, learn, watch, save. A person reads it in one sitting.

Everything a run needs to go on lies in its checkpoint: weights, optimizer and the generator of the
data. A run that was stopped goes on where its last checkpoint was.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numba
import torch

from simreal_common.errors import ConfigurationError
from simreal_perception.detector_task import DetectorTask
from simreal_perception.pose_task import PoseTask
from simreal_sim.randomization import Randomization

TASKS: dict[str, type[PoseTask] | type[DetectorTask]] = {
    "detector": DetectorTask,
    "pose": PoseTask,
}
WEIGHT_DECAY = 1e-2
GRADIENT_NORM = 5.0
SMOOTHING = 0.98  # of the figures that are shown


@dataclass(frozen=True)
class TrainingConfig:
    """One run of one network.

    Args:
        task: "detector" or "pose".
        seed: of the data and of the initial weights.
        steps: number of batches.
        batch: pictures a batch.
        learning_rate: its peak; warm-up first, then half a cosine down to zero.
        width: channels of the network's first layer.
        warmup: steps until the peak.
        checkpoint_s: seconds between checkpoints; at most these are lost.
        threads: CPU threads for drawing and learning.
        disabled: randomization groups that are switched off.
    """

    task: str
    seed: int = 1
    steps: int = 4000
    batch: int = 128
    learning_rate: float = 2e-3
    width: int = 24
    warmup: int = 200
    checkpoint_s: float = 60.0
    threads: int = 1
    disabled: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise ConfigurationError(
                f"no network is called '{self.task}'; wanted one of {', '.join(TASKS)}"
            )
        for name in ("steps", "batch", "width", "threads"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name} is {getattr(self, name)}: wanted 1 or more")
        Randomization(frozenset(self.disabled))


DEFAULTS = {
    "detector": TrainingConfig("detector", steps=1800, batch=48, width=16),
    "pose": TrainingConfig("pose"),
}

Progress = Callable[[int, dict[str, float]], None]


def train(config: TrainingConfig, folder: Path, progress: Progress) -> Path:
    """Train one network, or go on with it, and return the path of its last checkpoint.

    Args:
        folder: where config, log and checkpoint of the run lie; made if it is not there.
        progress: called after every step with its number and smoothed figures.

    Raises:
        ConfigurationError: the folder holds a run with another configuration.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(config.threads)
    numba.set_num_threads(min(config.threads, numba.config.NUMBA_NUM_THREADS))
    torch.manual_seed(config.seed)
    task = TASKS[config.task](config.seed, config.width, Randomization(frozenset(config.disabled)))
    network = task.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(network.parameters(), 1.0, weight_decay=WEIGHT_DECAY)
    checkpoint = folder / f"{config.task}.pt"
    first = _resume(config, checkpoint, network, optimizer, task) if checkpoint.exists() else 0
    figures: dict[str, float] = {}
    saved = time.monotonic()
    network.train()
    for step in range(first, config.steps):
        batch = task.source.draw(config.batch)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(config, step)
        with torch.autocast("cpu", torch.bfloat16):
            loss, values = task.loss(network, batch)  # type: ignore[arg-type]
        if not math.isfinite(loss.item()):
            raise ConfigurationError(
                f"the loss is {loss.item()} at step {step}: lower the learning rate "
                f"({config.learning_rate:g}) and start the run again"
            )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), GRADIENT_NORM)
        optimizer.step()
        for name, value in {"loss": loss.item(), **values}.items():
            keep = SMOOTHING if step > 50 else 0.8
            figures[name] = keep * figures.get(name, value) + (1 - keep) * value
        progress(step + 1, figures)
        if time.monotonic() - saved > config.checkpoint_s or step + 1 == config.steps:
            _save(config, checkpoint, network, optimizer, task, step + 1)
            with (folder / f"{config.task}.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps({"step": step + 1, **figures}) + "\n")
            saved = time.monotonic()
    return checkpoint


def learning_rate(config: TrainingConfig, step: int) -> float:
    """Linear warm-up, then half a cosine to zero at the last step."""
    if step < config.warmup:
        return config.learning_rate * (step + 1) / config.warmup
    done = (step - config.warmup) / max(config.steps - config.warmup, 1)
    return config.learning_rate * 0.5 * (1.0 + math.cos(math.pi * min(done, 1.0)))


def load_network(checkpoint: Path) -> tuple[TrainingConfig, torch.nn.Module]:
    """The network of a checkpoint, ready to be evaluated; loading runs no code of the file.

    Raises:
        ConfigurationError: no checkpoint there.
    """
    if not checkpoint.is_file():
        raise ConfigurationError(
            f"no checkpoint {checkpoint}: wanted a run of `simreal train`; train first"
        )
    state = torch.load(checkpoint, weights_only=True)
    config = _config(state)
    network = TASKS[config.task](config.seed, config.width, Randomization()).network
    network.load_state_dict(state["network"])
    return config, network.eval()


def _config(state: dict[str, Any]) -> TrainingConfig:
    values = json.loads(state["config"])
    return TrainingConfig(**{**values, "disabled": tuple(values["disabled"])})


def _save(
    config: TrainingConfig,
    path: Path,
    network: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    task: PoseTask | DetectorTask,
    step: int,
) -> None:
    """Write a checkpoint beside the old one, then put it in its place."""
    state = {
        "config": json.dumps(asdict(config)),
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "generator": json.dumps(task.source.rng.bit_generator.state),
        "step": step,
    }
    draft = path.with_suffix(".tmp")
    torch.save(state, draft)
    draft.replace(path)


def _resume(
    config: TrainingConfig,
    path: Path,
    network: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    task: PoseTask | DetectorTask,
) -> int:
    state = torch.load(path, weights_only=True)
    stored = _config(state)
    if stored != config:
        old, new = asdict(stored), asdict(config)
        changed = ", ".join(f"{k} {old[k]} -> {new[k]}" for k in new if new[k] != old[k])
        raise ConfigurationError(
            f"{path.parent} holds a run with another configuration ({changed}): give another "
            "folder with --run, or the same configuration to go on"
        )
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    task.source.rng.bit_generator.state = json.loads(state["generator"])
    return int(state["step"])
