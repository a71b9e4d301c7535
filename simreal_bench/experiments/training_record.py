"""What a folder tells of a run of training: how it was set, what it learned from, what came out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simreal_common.errors import ConfigurationError
from simreal_perception.training.checkpoint import best_path
from simreal_perception.training.run_log import log_path, read_log
from simreal_perception.training.run_ranges import ranges_copy
from simreal_perception.training.tasks.registry import TASKS
from simreal_perception.training.training_config import TrainingConfig, read_config
from simreal_sim.randomization.ranges_file import Values, ranges_sha256, read_values


@dataclass(frozen=True)
class TrainingRecord:
    """One network of one run.

    Args:
        checkpoint: its last.
        config: how it was set.
        ranges: of its randomization, all of them; empty where the folder does not tell.
        log: a line a checkpoint, the first one first.
        starts: the environment of every start.
    """

    checkpoint: Path
    config: TrainingConfig
    ranges: Values
    log: tuple[dict[str, Any], ...]
    starts: tuple[dict[str, Any], ...]

    @property
    def name(self) -> str:
        return str(self.checkpoint.parent)

    @property
    def ranges_sha256(self) -> str:
        """Empty where the folder does not tell."""
        return ranges_sha256(self.ranges) if self.ranges else ""

    @property
    def start_weights(self) -> str:
        """What it started from, by hash where that was written down; `none` for fresh weights."""
        first = self.starts[0].get("start_from") if self.starts else None
        return f"sha256 {first[:12]}" if first else self.config.start_from or "none"

    @property
    def proposals(self) -> str:
        """The model whose detector pointed at crops, by the hashes of its files; `none` without."""
        hashes = self.starts[0].get("proposals_from") if self.starts else None
        if hashes:
            return " ".join(f"{file} {value[:12]}" for file, value in sorted(hashes.items()))
        return self.config.proposals_from or "none"

    @property
    def commits(self) -> list[str]:
        """Of the code that it ran with, each once."""
        known = (str(start["commit"]) for start in self.starts if start.get("commit"))
        return list(dict.fromkeys(known))

    @property
    def code_known(self) -> bool:
        """Whether its commits are all of its code: nothing was changed beside them."""
        return bool(self.starts) and not any(
            start.get("uncommitted_changes", True) for start in self.starts
        )

    @property
    def step(self) -> int:
        return int(self.log[-1]["step"])

    @property
    def finished(self) -> bool:
        return self.step >= self.config.steps

    @property
    def pictures_seen(self) -> int:
        return int(self.log[-1]["pictures_seen"])

    @property
    def measured(self) -> list[dict[str, Any]]:
        """The lines that have held-out figures."""
        return [line for line in self.log if line.get("held_out")]

    @property
    def best(self) -> dict[str, float]:
        """Held-out figures where the loss was lowest, which are those of the weights that ship."""
        figures: list[dict[str, float]] = [line["held_out"] for line in self.measured]
        return min(figures, key=lambda one: one["loss"], default={})

    @property
    def best_checkpoint(self) -> Path:
        """The weights that did best, or where there are none the last."""
        best = best_path(self.checkpoint)
        return best if best.exists() else self.checkpoint


def read_run(folder: Path, task: str | None = None) -> TrainingRecord:
    """Read one network of a run.

    Args:
        folder: of the run.
        task: which network; None for the only one that is there, or of several the pose network.

    Raises:
        ConfigurationError: no run of it there, or one that has not come to its first checkpoint.
    """
    task = task or _task_of(folder)
    checkpoint = folder / f"{task}.pt"
    path = checkpoint.with_suffix(".config.yaml")
    if not path.is_file():
        raise ConfigurationError(
            f"{folder} holds no run of '{task}': wanted {path.name}, which `simreal train` writes"
        )
    log = tuple(read_log(checkpoint))
    if not log and checkpoint.is_file():
        raise ConfigurationError(
            f"{log_path(checkpoint)} is missing or damaged, and what the run has measured with it: "
            "wanted a line a checkpoint; go on with the run, or train it again"
        )
    if not log:
        raise ConfigurationError(
            f"the run in {folder} has not come to a checkpoint yet: wait a minute, or go on with it"
        )
    copy = ranges_copy(checkpoint)
    return TrainingRecord(
        checkpoint,
        read_config(path, task),
        read_values(copy) if copy.is_file() else {},
        log,
        tuple(_starts(checkpoint.with_suffix(".environment.json"))),
    )


def tasks_of(folder: Path) -> list[str]:
    """The networks that a run's folder holds."""
    return [task for task in TASKS if (folder / f"{task}.config.yaml").is_file()]


def _task_of(folder: Path) -> str:
    found = tasks_of(folder)
    if not found:
        raise ConfigurationError(
            f"{folder} holds no run: wanted the folder that `simreal train --run` was given"
        )
    return "pose" if "pose" in found else found[0]


def _starts(path: Path) -> list[dict[str, Any]]:
    try:
        starts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [start for start in starts if isinstance(start, dict)]
