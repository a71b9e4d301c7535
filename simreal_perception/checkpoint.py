"""What a run needs to go on, in one file; reading it runs no code of the file."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from simreal_common.errors import ConfigurationError
from simreal_perception.tasks import make_task
from simreal_perception.training_config import MACHINE, TrainingConfig, from_values
from simreal_sim.randomization import Randomization


class Part(Protocol):
    """A network or an optimizer."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: dict[str, Any]) -> Any: ...


def save_checkpoint(
    path: Path,
    config: TrainingConfig,
    parts: Mapping[str, Part],
    generator: Mapping[str, Any],
    step: int,
) -> None:
    """Write a checkpoint beside the old one, then put it in its place: one is always whole.

    Args:
        parts: network, optimizer and whatever else has a state, by name.
        generator: state of the pictures' generator, after the last batch that was learned.
        step: number of batches learned.
    """
    state = {
        "config": json.dumps(dataclasses.asdict(config)),
        "generator": json.dumps(generator),
        "torch_generator": torch.get_rng_state(),
        "step": step,
        **{name: part.state_dict() for name, part in parts.items()},
    }
    if config.device == "cuda":
        state["cuda_generator"] = torch.cuda.get_rng_state()
    draft = path.with_suffix(".tmp")
    with draft.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def restore_checkpoint(
    path: Path, config: TrainingConfig, parts: Mapping[str, Part]
) -> tuple[dict[str, Any], int]:
    """Put `parts` and torch's generators back to where the checkpoint left them.

    Returns:
        State of the pictures' generator; number of batches learned.

    Raises:
        ConfigurationError: not a checkpoint, or one of a run with another configuration.
    """
    state = _read(path)
    _require_same(_config(state), config, path)
    for name, part in parts.items():
        part.load_state_dict(state[name])
    torch.set_rng_state(state["torch_generator"])
    if config.device == "cuda" and "cuda_generator" in state:
        torch.cuda.set_rng_state(state["cuda_generator"])
    return json.loads(state["generator"]), int(state["step"])


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
    network = make_task(config.task, config.seed, config.width, Randomization()).network
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
        reason = str(error).split("\n", 1)[0]
        raise ConfigurationError(
            f"cannot read checkpoint {path}: {reason}; wanted one that `simreal train` wrote"
        ) from error
    return dict(state)


def _config(state: Mapping[str, Any]) -> TrainingConfig:
    return from_values(json.loads(state["config"]), "the checkpoint")


def _require_same(stored: TrainingConfig, config: TrainingConfig, path: Path) -> None:
    old, new = dataclasses.asdict(stored), dataclasses.asdict(config)
    changed = [k for k in new if new[k] != old[k] and k not in MACHINE]
    if changed:
        what = ", ".join(f"{k} {old[k]} -> {new[k]}" for k in changed)
        raise ConfigurationError(
            f"{path.parent} holds a run with another configuration ({what}): give another folder "
            "with --run, or the same configuration to go on"
        )
