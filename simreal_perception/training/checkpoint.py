"""Saves and restores a run's checkpoint, one file; to read it runs no code of the file."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from simreal_common.errors import ConfigurationError
from simreal_common.untrusted_text import reason_of
from simreal_perception.training.batches import Position
from simreal_perception.training.distributed import Ranks
from simreal_perception.training.run_ranges import require_same_ranges
from simreal_perception.training.tasks.registry import make_network
from simreal_perception.training.training_config import MACHINE, TrainingConfig, from_values
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig


class Part(Protocol):
    """A network or an optimizer."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: dict[str, Any]) -> Any: ...


@dataclass(frozen=True, eq=False)
class RankPosition:
    """From where one of several processes goes on.

    Args:
        position: of its source.
        generators: state of torch's generators, by the kind of device.
    """

    position: Position
    generators: dict[str, torch.Tensor]


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Args:
        step: number of batches learned.
        pictures_seen: by these weights in all: over every start of the run, and of what it started
            from as far as that is known.
        spent_s: seconds of wall time, likewise.
        ranges: `ranges_sha256` of what the run began with; "" in checkpoints of old.
        position: from where the source draws on; None for its beginning.
        adr: state of automatic randomization; None without.
        others: of the processes that learn together with the first one, in the order of their ranks.
    """

    step: int = 0
    pictures_seen: int = 0
    spent_s: float = 0.0
    ranges: str = ""
    position: Position | None = None
    adr: dict[str, Any] | None = None
    others: tuple[RankPosition, ...] = ()


def save_checkpoint(
    path: Path, config: TrainingConfig, parts: Mapping[str, Part], progress: Progress
) -> None:
    """Write a checkpoint beside the old one, then put it in its place: one is always whole.

    Args:
        parts: network, optimizer and whatever else has a state, by name.
        progress: after the last batch that was learned.
    """
    assert progress.position, "a run that has learned nothing has no checkpoint"
    at = dataclasses.asdict(progress.position)
    others = [
        {"position": json.dumps(dataclasses.asdict(other.position)), "generators": other.generators}
        for other in progress.others
    ]
    state = {
        "config": json.dumps(dataclasses.asdict(config)),
        "generator": json.dumps(at.pop("generator")),
        "source": json.dumps(at),
        "torch_generator": torch.get_rng_state(),
        "step": progress.step,
        "pictures_seen": progress.pictures_seen,
        "spent_s": progress.spent_s,
        "ranges": progress.ranges,
        **({"adr": json.dumps(progress.adr)} if progress.adr else {}),
        **({"others": others} if others else {}),
        **{name: part.state_dict() for name, part in parts.items()},
    }
    if config.device == "cuda":
        state["cuda_generator"] = torch.cuda.get_rng_state()
    _write(state, path)


def restore_checkpoint(
    path: Path,
    config: TrainingConfig,
    randomization: RandomizationConfig,
    parts: Mapping[str, Part],
) -> Progress:
    """Put `parts` and torch's generators back to where the checkpoint left them.

    Args:
        randomization: what the run would go on with.

    Raises:
        ConfigurationError: not a checkpoint, or one of a run with another configuration, or with
            other ranges of randomization.
    """
    state = _read(path)
    progress = _progress(state)
    _require_same(
        _config(state), config, path, MACHINE | ({"ranges"} if progress.ranges else set())
    )
    if progress.ranges:
        require_same_ranges(path, progress.ranges, randomization)
    for name, part in parts.items():
        part.load_state_dict(state[name])
    torch.set_rng_state(state["torch_generator"])
    if config.device == "cuda" and "cuda_generator" in state:
        torch.cuda.set_rng_state(state["cuda_generator"])
    return progress


def rank_position(position: Position) -> RankPosition:
    """From where this process would go on."""
    generators = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        generators["cuda"] = torch.cuda.get_rng_state()
    return RankPosition(position, generators)


def go_on_as(progress: Progress, ranks: Ranks, path: Path) -> Progress:
    """Put this process to where the one with its rank was when the checkpoint was written.

    Raises:
        ConfigurationError: there were more processes, or fewer.
    """
    count = 1 + len(progress.others)
    if ranks.count != count:
        raise ConfigurationError(
            f"{path} is of a run of {count} processes, and here are {ranks.count}: go on with "
            f"torchrun --nproc-per-node {count} (one process: without torchrun), or start another run "
            "from its weights (--start-from)"
        )
    if ranks.first:
        return progress
    mine = progress.others[ranks.rank - 1]
    torch.set_rng_state(mine.generators["cpu"])
    if ranks.device == "cuda" and "cuda" in mine.generators:
        torch.cuda.set_rng_state(mine.generators["cuda"])
    return dataclasses.replace(progress, position=mine.position)


def read_progress(path: Path) -> Progress:
    """How far the run of a checkpoint was.

    Raises:
        ConfigurationError: not a checkpoint.
    """
    return _progress(_read(path))


def best_path(checkpoint: Path) -> Path:
    """Where a run keeps its best weights."""
    return checkpoint.with_suffix(".best.pt")


def keep_best(
    checkpoint: Path, config: TrainingConfig, ema: nn.Module, progress: Progress, loss: float
) -> None:
    """Write averaged weights if their loss on held-out images is lower than the best's so far.

    `load_network` reads the file; a run can start from it, but not go on from it.
    """
    path = best_path(checkpoint)
    best = float(_read(path)["loss"]) if path.exists() else float("inf")
    if loss < best:
        state = {
            "config": json.dumps(dataclasses.asdict(config)),
            "generator": "{}",
            "step": progress.step,
            "pictures_seen": progress.pictures_seen,
            "spent_s": progress.spent_s,
            "ranges": progress.ranges,
            "loss": loss,
            "network": ema.state_dict(),
        }
        _write(state, path)


def load_network(checkpoint: Path) -> tuple[TrainingConfig, nn.Module]:
    """The network of a checkpoint, with averaged weights if it has them, ready to be evaluated.

    Raises:
        ConfigurationError: no checkpoint there.
    """
    if not checkpoint.is_file():
        raise ConfigurationError(
            f"no checkpoint {checkpoint}: wanted a run of `simreal train`; train first"
        )
    state = _read(checkpoint)
    config = _config(state)
    network = make_network(config.task, config.width, config.body)
    network.load_state_dict(state.get("average", state["network"]))
    return config, network.eval()


def _read(path: Path) -> dict[str, Any]:
    """The file's content: tensors, numbers and texts only, on the CPU."""
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
        if not {"config", "network", "generator", "step"} <= set(state):
            raise ValueError("it is the file of another program")
    except (
        OSError,
        RuntimeError,
        ValueError,
        EOFError,
        TypeError,
        pickle.UnpicklingError,
    ) as error:
        reason = reason_of(error, path).split("\n", 1)[0]
        raise ConfigurationError(
            f"cannot read checkpoint {path}: {reason}; wanted one that `simreal train` wrote"
        ) from error
    return dict(state)


def _write(state: Mapping[str, Any], path: Path) -> None:
    draft = path.with_suffix(".tmp")
    with draft.open("wb") as file:
        torch.save(dict(state), file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _config(state: Mapping[str, Any]) -> TrainingConfig:
    return from_values(json.loads(state["config"]), "the checkpoint")


def _progress(state: Mapping[str, Any]) -> Progress:
    step = int(state["step"])
    return Progress(
        step,
        # Checkpoints of old do not say what came before their run.
        int(state.get("pictures_seen", step * _config(state).batch)),
        float(state.get("spent_s", 0.0)),
        str(state.get("ranges", "")),
        Position(json.loads(state["generator"]), **json.loads(state.get("source", "{}"))),
        json.loads(state["adr"]) if "adr" in state else None,
        tuple(
            RankPosition(Position(**json.loads(other["position"])), dict(other["generators"]))
            for other in state.get("others", ())
        ),
    )


def _require_same(
    stored: TrainingConfig, config: TrainingConfig, path: Path, free: Collection[str]
) -> None:
    """Refuse another configuration, but for the fields that are `free` to change."""
    old, new = dataclasses.asdict(stored), dataclasses.asdict(config)
    changed = [k for k in new if new[k] != old[k] and k not in free]
    if changed:
        what = ", ".join(f"{k} {old[k]} -> {new[k]}" for k in changed)
        raise ConfigurationError(
            f"{path.parent} holds a run with another configuration ({what}): give another folder "
            "with --run, or the same configuration to go on"
        )
