"""From checkpoints to the model that ships: two ONNX files and a card."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from simreal_common.errors import ConfigurationError, ModelError
from simreal_common.output_files import write_whole
from simreal_common.shapes.shape import Shape
from simreal_perception.evaluation.evaluation_scenes import MixedScenes
from simreal_perception.model_export.calibrate import SCENES, SEED, calibrate
from simreal_perception.model_export.monitor_reference import (
    LEAST_SCENES,
    WATCH_SCENES,
    WATCH_SEED,
    watch_command,
    write_reference,
)
from simreal_perception.model_export.training_command import place, training_command
from simreal_perception.model_export.weight_blending import UNBLENDED, Blend
from simreal_perception.model_files.model_card import (
    ModelCard,
    file_sha256,
    load_model_card,
    write_card,
)
from simreal_perception.model_files.onnx_session import open_network
from simreal_perception.networks.detector_network import DetectorNetwork, ExportedDetector
from simreal_perception.networks.pose_network import ExportedPoseNetwork, PoseNetwork
from simreal_perception.pose_estimation.calibration import Calibration
from simreal_perception.pose_estimation.crop_camera import CROP_SIZE
from simreal_perception.pose_estimation.estimator import BlockEstimator
from simreal_perception.training.checkpoint import best_path, load_network, read_progress
from simreal_perception.training.run_folder import source_commit
from simreal_perception.training.run_log import read_log, summarize
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig
from simreal_sim.randomization.ranges_file import ranges_sha256, ranges_values

# ONNX Runtime and PyTorch add up in another order; pixels agree to this.
PARITY_TOLERANCE = 2e-2
TASKS = ("detector", "pose")
OPSET = 17


def export(
    run: Path,
    model: Path,
    card: Mapping[str, Any],
    scenes: int = SCENES,
    ranges: Path | None = None,
    last: bool = False,
    rest_from: str = "",
    blend: Blend = UNBLENDED,
) -> list[Path]:
    """Write `model`_detector.onnx, `model`_pose.onnx and `model`.json from a training run.

    Args:
        run: folder with detector.pt and pose.pt.
        model: path without suffix, e.g. models/block.
        card: entries to add to the card (command, metrics, limits, ...).
        scenes: synthetic scenes that scores and covariances are calibrated on.
        ranges: file of ranges of these scenes; None for config/randomization.yaml.
        last: take the last weights; otherwise those that did best on held-out images, where the
            run has kept them.
        rest_from: model, by name or card, that a network comes from which the run has not trained.
        blend: with what the run's weights are blended.

    Raises:
        ModelError: an exported network does not compute what the trained one does.
        ConfigurationError: a checkpoint is missing, networks are of two shapes, or the ranges cannot be
            read.
    """
    shape = _shape(run, rest_from)
    calibration_scenes = MixedScenes(scenes, SEED, ranges, shape)
    old = load_model_card(rest_from) if rest_from else None
    model.parent.mkdir(parents=True, exist_ok=True)
    parts = []
    for task in TASKS:
        if old is not None and not (run / f"{task}.pt").exists():
            parts.append(_taken_over(task, old, model))
        else:
            parts.append(_exported(task, run, model, last, blend))
    commands = list(dict.fromkeys(part.command for part in parts))
    files = [part.file for part in parts]
    content = {
        "name": model.name,
        **({} if shape.is_cube else {"shape": shape.plain()}),
        "files": [{"file": path.name, "sha256": file_sha256(path)} for path in files],
        "input": {
            "detector": "uint8 RGB (N, H, W, 3), sides multiples of 32",
            "pose": f"uint8 RGB crops (N, {CROP_SIZE}, {CROP_SIZE}, 3) of virtual pinhole cameras",
        },
        "seed": {task: part.training["seed"] for task, part in zip(TASKS, parts, strict=True)},
        "commit": source_commit()[0],
        "command": "; ".join(
            [*commands, _command(run, model, scenes, ranges, last, rest_from, blend)]
        ),
        "data": "synthetic images alone, drawn by simreal_sim with everything randomized",
        "training": [part.training for part in parts],
        "log": {task: part.log for task, part in zip(TASKS, parts, strict=True)},
        "parity": {
            "tolerance": PARITY_TOLERANCE,
            "largest_difference": {
                task: part.parity for task, part in zip(TASKS, parts, strict=True)
            },
        },
        "calibrated_on": {
            "source": calibration_scenes.name,
            "scenes": scenes,
            "ranges_sha256": ranges_sha256(ranges_values(RandomizationConfig.load(ranges))),
        },
        "calibration": asdict(Calibration()),
        "metrics": {},
        **_kept(model.with_suffix(".json")),
        **card,
    }
    path = model.with_suffix(".json")
    write_card(path, content)
    examples = calibration_scenes.examples(range(scenes))
    calibration = calibrate(BlockEstimator.load(str(path)), examples)
    content["calibration"] = asdict(calibration)
    write_card(path, content)
    watched = max(min(scenes, WATCH_SCENES), LEAST_SCENES)
    source = MixedScenes(watched, WATCH_SEED, ranges, shape)
    write_reference(
        load_model_card(str(path)),
        source.examples(range(watched)),
        watch_command(watched, WATCH_SEED, ranges),
    )
    return [*files, path]


def _shape(run: Path, rest_from: str) -> Shape:
    """What the networks of a run were trained to find.

    Raises:
        ConfigurationError: two shapes, or one network of two alone.
    """
    missing = [task for task in TASKS if not (run / f"{task}.pt").exists()]
    if len(missing) == 1 and not rest_from:
        (other,) = (task for task in TASKS if task not in missing)
        raise ConfigurationError(
            f"run {run} has the {other} network alone, no {missing[0]}.pt: wanted both; train the "
            f"other one with: simreal train --task {missing[0]} --run {shlex.quote(str(run))}, or "
            "take it from another model with --rest-from MODEL (that comes with this: block)"
        )
    shapes = {
        task: load_network(run / f"{task}.pt")[0].body
        for task in TASKS
        if task not in missing or not rest_from
    }
    if rest_from and len(shapes) < len(TASKS):
        shapes[rest_from] = load_model_card(rest_from).shape
    first, *others = shapes.values()
    if any(other != first for other in others):
        told = ", ".join(f"{name}: {shape.words}" for name, shape in shapes.items())
        raise ConfigurationError(
            f"networks of two shapes make no model ({told}): train both with one --shape"
        )
    return first


@dataclass(frozen=True)
class _Part:
    """One network of the model.

    Attributes:
        file: its ONNX file, in its place.
        command: that trained it.
        training, log, parity: as its card tells them.
    """

    file: Path
    command: str
    training: dict[str, Any]
    log: dict[str, Any]
    parity: dict[str, Any]


def _exported(task: str, run: Path, model: Path, last: bool, blend: Blend) -> _Part:
    """A network as a run has trained it, written as ONNX."""
    checkpoint = _weights(run / f"{task}.pt", last)
    config, network = load_network(checkpoint)
    training = {**asdict(config), **blend.told(task)}
    blend.apply(network, task, config.body)
    path = model.with_name(f"{model.name}_{task}.onnx")
    wrapped: torch.nn.Module
    if isinstance(network, DetectorNetwork):
        wrapped, shape, name = ExportedDetector(network), (2, 96, 128, 3), "images"
        outputs = ["score", "values"]
        axes = {name: {0: "n", 1: "height", 2: "width"}}
    elif isinstance(network, PoseNetwork):
        wrapped, shape, name = ExportedPoseNetwork(network), (4, CROP_SIZE, CROP_SIZE, 3), "crops"
        outputs = ["corners", "spread", "score", "field"]
        axes = {name: {0: "n"}}
    else:
        raise ModelError(f"no export for a {type(network).__name__}")
    rng = np.random.default_rng(0)
    sample = torch.as_tensor(rng.integers(0, 256, size=shape, dtype=np.uint8))
    # As trained: batch norms apart and weights under their names, so that a run can start from
    # the exported network. ONNX Runtime fuses them when it loads it.
    torch.onnx.export(
        wrapped.eval(), (sample,), str(path), input_names=[name], output_names=outputs,
        dynamic_axes=axes, opset_version=OPSET, dynamo=False,
        training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False,
    )  # fmt: skip
    parity = _check_parity(wrapped, path, name, shape, outputs, rng)
    entries = read_log(run / f"{task}.pt", read_progress(checkpoint).step)
    log = {"weights": checkpoint.name, **summarize(entries)}
    return _Part(path, training_command(config, run), training, log, parity)


def _taken_over(task: str, old: ModelCard, model: Path) -> _Part:
    """A network of another model, copied as it is."""
    (source,) = (file for file in old.files if file.stem.endswith(f"_{task}"))
    path = model.with_name(f"{model.name}_{task}.onnx")
    write_whole(path, source.read_bytes())
    content = old.content
    try:
        (training,) = (entry for entry in content["training"] if entry["task"] == task)
        commands = [c for c in str(content["command"]).split("; ") if f"--task {task}" in c]
        log, parity = content["log"][task], content["parity"]["largest_difference"][task]
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"card {old.path} does not tell how its {task} was trained ({error}): wanted one that "
            "`simreal export` wrote"
        ) from error
    return _Part(path, "; ".join(commands), dict(training), dict(log), dict(parity))


def _weights(checkpoint: Path, last: bool) -> Path:
    """The weights of a run that ship."""
    best = best_path(checkpoint)
    return best if best.exists() and not last else checkpoint


def _command(
    run: Path,
    model: Path,
    scenes: int,
    ranges: Path | None,
    last: bool,
    rest_from: str,
    blend: Blend,
) -> str:
    parts = ["simreal", "export", place(run), place(model)]
    parts += ["--scenes", str(scenes)] if scenes != SCENES else []
    parts += ["--ranges", place(ranges)] if ranges else []
    parts += ["--rest-from", place(Path(rest_from))] if rest_from else []
    parts += replace(blend, other=place(Path(blend.other))).options if blend.other else []
    return shlex.join([*parts, *(["--last"] if last else [])])


def _check_parity(
    network: torch.nn.Module,
    path: Path,
    name: str,
    shape: tuple[int, ...],
    outputs: list[str],
    rng: np.random.Generator,
) -> dict[str, float]:
    """Compare the exported network with the trained one on a batch of another size.

    Returns:
        The largest difference in each output.
    """
    sample = rng.integers(0, 256, size=(shape[0] + 1, *shape[1:]), dtype=np.uint8)
    session = open_network(path)
    with torch.no_grad():
        expected = network(torch.as_tensor(sample))
    differences = {}
    for output, ours, theirs in zip(
        outputs, session.run(None, {name: sample}), expected, strict=True
    ):
        difference = float(np.abs(ours - theirs.numpy()).max())
        if not difference < PARITY_TOLERANCE:
            raise ModelError(
                f"{path.name} differs from the trained network by {difference:.3g} in output "
                f"'{output}': wanted below {PARITY_TOLERANCE}; export with another torch version"
            )
        differences[output] = float(f"{difference:.3g}")
    return differences


def _kept(path: Path) -> dict[str, Any]:
    """What the card of the model that is replaced leaves to the next one.

    Its limits, which a person wrote, and how often real images were looked at: all looks count that
    led to this model.
    """
    try:
        old = json.loads(path.read_text(encoding="utf-8"))
        return {"limits": str(old["limits"]), "looks": dict(old.get("looks", {}))}
    except (OSError, ValueError, KeyError, TypeError):
        return {"limits": "", "looks": {}}
