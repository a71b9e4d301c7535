"""Takes initial weights from another run (fine-tuning): its checkpoint, or an exported model."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
from torch import nn

from simreal_common.errors import ConfigurationError, MissingDependencyError, ModelError
from simreal_common.shapes.shape import CUBE, Shape
from simreal_common.untrusted_text import reason_of
from simreal_perception.model_files.model_card import load_model_card
from simreal_perception.training.checkpoint import Progress, load_network, read_progress

OF_ONE_SHAPE = ("corners.", "log_spread.", "chart.")  # layers of the pose network
COUNTER = "num_batches_tracked"  # of batch norms; not part of an exported model and not needed


def load_initial_weights(network: nn.Module, task: str, start: str, shape: Shape = CUBE) -> None:
    """Put the weights of another run, or of an exported model, into `network`.

    What names the corners of another shape is left as it is: they are other corners, in other charts.

    Args:
        task: which network this is.
        start: a checkpoint (.pt), a run's folder, an exported network (.onnx), a model's card
            (.json), or the name of an installed model.
        shape: that the network is to find.

    Raises:
        ConfigurationError: no such file, or weights of a network that is built otherwise.
    """
    path = _place(start, task)
    if path.suffix == ".pt":
        config, trained = load_network(path)
        weights: dict[str, Any] = trained.state_dict()
        learned = config.body
    else:
        weights = _onnx_weights(path if path.suffix == ".onnx" else _exported(start, task))
        learned = _card_shape(start, path)
    wanted = network.state_dict()
    if task == "pose" and not learned.looks_like(shape):
        fresh = [name for name in wanted if name.startswith(OF_ONE_SHAPE)]
        weights.update((name, wanted[name]) for name in fresh)
    weights = {name: value for name, value in weights.items() if not name.endswith(COUNTER)}
    differing = [
        name
        for name, value in wanted.items()
        if not name.endswith(COUNTER)
        and (name not in weights or tuple(weights[name].shape) != tuple(value.shape))
    ]
    if differing:
        name = differing[0]
        got = tuple(weights[name].shape) if name in weights else "none of that name"
        raise ConfigurationError(
            f"{start} is built otherwise: {len(differing)} of {len(wanted)} weights differ, e.g. "
            f"{name}, got {got}, wanted {tuple(wanted[name].shape)}; take the same task and --width"
        )
    network.load_state_dict({name: weights.get(name, value) for name, value in wanted.items()})


def progress_before(task: str, start: str) -> Progress:
    """Images that the initial weights have seen and what they cost, as far as that is known.

    Args:
        task, start: as `load_initial_weights` takes them.

    Raises:
        ConfigurationError: a checkpoint that cannot be read.
    """
    path = _place(start, task)
    if path.suffix == ".pt":
        before = read_progress(path)
        return Progress(pictures_seen=before.pictures_seen, spent_s=before.spent_s)
    if path.suffix == ".onnx":
        start = str(path.with_name(path.stem.removesuffix(f"_{task}") + ".json"))
    try:
        told = load_model_card(start).content.get("log", {}).get(task, {})
    except ModelError:  # a network without its card
        told = {}
    return Progress(
        pictures_seen=int(told.get("pictures_seen", 0)),
        spent_s=float(told.get("spent_h", 0.0)) * 3600.0,
    )


def initial_weights_sha256(task: str, start: str) -> str:
    """SHA-256 of the file that holds the initial weights: where it lies says little of what it is.

    Args:
        task, start: as `load_initial_weights` takes them.
    """
    path = _place(start, task)
    file = path if path.suffix in (".pt", ".onnx") else _exported(start, task)
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _place(start: str, task: str) -> Path:
    path = Path(start)
    return path / f"{task}.pt" if path.is_dir() else path


def _card_shape(start: str, path: Path) -> Shape:
    """The shape that an exported network finds; one without a card is of cubes."""
    if path.suffix == ".onnx":
        start = str(path.with_name(path.stem.rpartition("_")[0] + ".json"))
        if not Path(start).is_file():
            return CUBE
    return load_model_card(start).shape


def _exported(model: str, task: str) -> Path:
    """The file of a model's card that holds the network of a task."""
    files = load_model_card(model).files
    for file in files:
        if file.stem.endswith(f"_{task}"):
            return file
    raise ConfigurationError(
        f"model '{model}' has no file for the network '{task}', only "
        f"{', '.join(file.name for file in files)}; give the file to start from itself"
    )


def _onnx_weights(path: Path) -> dict[str, torch.Tensor]:
    """The initializers of an exported network, by the names that they had in torch."""
    try:
        import onnx
    except ImportError:
        raise MissingDependencyError(
            "to start from an exported model needs onnx: pip install onnx, or start from a "
            "checkpoint (.pt)"
        ) from None
    try:
        graph = onnx.load(str(path)).graph
    except Exception as error:  # onnx raises what protobuf raises
        raise ConfigurationError(
            f"cannot read {path}: {reason_of(error, path).splitlines()[0]}; wanted a model that "
            "`simreal export` wrote"
        ) from error
    values = {value.name: onnx.numpy_helper.to_array(value) for value in graph.initializer}
    # Of tensors that are alike only one is stored; the others are written as its copies.
    for node in graph.node:
        if node.op_type == "Identity" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]]
    # Exported is a wrapper that calls its network `network`.
    return {
        name.removeprefix("network."): torch.tensor(value).float() for name, value in values.items()
    }
