"""What lies beside a run's checkpoints, so that it can be understood and made again."""

from __future__ import annotations

import contextlib
import fcntl
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from simreal_common.errors import ConfigurationError
from simreal_common.output_files import write_whole
from simreal_perception.model_files.model_card import load_model_card
from simreal_perception.training.checkpoint import best_path
from simreal_perception.training.initial_weights import initial_weights_sha256
from simreal_perception.training.precision import Precision
from simreal_perception.training.run_log import log_path
from simreal_perception.training.run_ranges import keep_ranges, ranges_copy
from simreal_perception.training.training_config import TrainingConfig, write_config
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig

LIBRARIES = ("torch", "numpy", "numba", "opencv-python-headless")


@contextlib.contextmanager
def run_folder(folder: Path, config: TrainingConfig, keeps: bool = True) -> Iterator[Path]:
    """Hold a run's folder for one process and give the path of its checkpoint.

    Beside the checkpoint lie <task>.best.pt, the best weights so far; <task>.log.jsonl, a line a
    checkpoint; <task>.config.yaml and <task>.ranges.yaml, which `simreal train --config --ranges`
    reads; <task>.environment.json: an entry for every start of the run; and shape.yaml, which
    `simreal train --shape` reads, where blocks are no cubes.

    Args:
        keeps: whether this process writes there; of several that train together one does.

    Raises:
        ConfigurationError: another process trains this network there, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not keeps:
            yield folder / f"{config.task}.pt"
            return
        lock = (folder / f".{config.task}.lock").open("w")
    except OSError as error:
        raise ConfigurationError(
            f"cannot write to {folder}: {error.strerror}; give another folder with --run"
        ) from error
    with lock:
        try:
            # Goes with the process, however that ends.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigurationError(
                f"another process trains '{config.task}' in {folder}: wait for it, or give another "
                "folder with --run"
            ) from None
        yield folder / f"{config.task}.pt"


def record_start(
    checkpoint: Path,
    config: TrainingConfig,
    randomization: RandomizationConfig,
    step: int,
    precision: Precision,
) -> dict[str, Any]:
    """Write configuration and ranges, and add the environment that the run starts or goes on in.

    A run that starts anew leaves nothing behind of an earlier one whose checkpoint was removed.

    Args:
        step: the number of batches learned before.
        precision: what the network learns with.

    Returns:
        The environment.
    """
    write_config(config, checkpoint.with_suffix(".config.yaml"))
    if step == 0:
        for old in (best_path(checkpoint), log_path(checkpoint)):
            old.unlink(missing_ok=True)
    if config.shape:
        write_whole(checkpoint.with_name("shape.yaml"), config.shape + "\n")
    if step == 0 or not ranges_copy(checkpoint).exists():
        keep_ranges(checkpoint, randomization)
    here = {
        **environment(config),
        "precision": precision.name,
        "precision_because": precision.reason,
    }
    path = checkpoint.with_suffix(".environment.json")
    try:
        starts = json.loads(path.read_text(encoding="utf-8")) if step else []
    except (OSError, ValueError):
        starts = []  # cut short by a kill, or removed: what is known now is still worth writing
    starts.append({"from_step": step, **here})
    write_whole(path, json.dumps(starts, indent=2) + "\n")
    return here


def environment(config: TrainingConfig) -> dict[str, Any]:
    """What a result may depend on beside configuration and seed."""
    commit, changed = source_commit()
    return {
        "commit": commit,
        "uncommitted_changes": changed,
        "python": platform.python_version(),
        **{library: _version(library) for library in LIBRARIES},
        "platform": platform.platform(),
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
        "threads": config.threads,
        "device": torch.cuda.get_device_name() if config.device == "cuda" else "cpu",
        **(
            {"start_from": initial_weights_sha256(config.task, config.start_from)}
            if config.start_from
            else {}
        ),
        **({"proposals_from": _hashes(config.proposals_from)} if config.proposals_from else {}),
    }


def source_commit() -> tuple[str, bool | None]:
    """Commit of the source tree and whether it was changed since; 'unknown' outside of one."""
    commit = _git("rev-parse", "HEAD")
    changes = _git("status", "--porcelain")
    return commit or "unknown", None if commit is None else bool(changes)


def _hashes(model: str) -> dict[str, str]:
    """SHA-256 of a model's files, by their names."""
    return {entry["file"]: entry["sha256"] for entry in load_model_card(model).content["files"]}


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=Path(__file__).resolve().parent, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
    except OSError:  # no git here
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _version(library: str) -> str | None:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
