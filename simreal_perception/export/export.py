"""From checkpoints to the model that ships: two ONNX files and a card."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from simreal_common.errors import ModelError
from simreal_perception.evaluation.evaluation_scenes import MixedScenes
from simreal_perception.export.calibrate import SCENES, SEED, calibrate
from simreal_perception.export.monitor_reference import (
    LEAST_SCENES,
    WATCH_SCENES,
    WATCH_SEED,
    watch_command,
    write_reference,
)
from simreal_perception.export.training_command import place, training_command
from simreal_perception.model_files.model_card import file_sha256, load_model_card, write_card
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
OPSET = 17


def export(
    run: Path,
    model: Path,
    card: Mapping[str, Any],
    scenes: int = SCENES,
    ranges: Path | None = None,
    last: bool = False,
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

    Raises:
        ModelError: an exported network does not compute what the trained one does.
        ConfigurationError: a checkpoint is missing, or the ranges cannot be read.
    """
    calibration_scenes = MixedScenes(scenes, SEED, ranges)
    model.parent.mkdir(parents=True, exist_ok=True)
    files, configs, log, parity = [], [], {}, {}
    rng = np.random.default_rng(0)
    for task in ("detector", "pose"):
        checkpoint = _weights(run / f"{task}.pt", last)
        config, network = load_network(checkpoint)
        path = model.with_name(f"{model.name}_{task}.onnx")
        wrapped: torch.nn.Module
        if isinstance(network, DetectorNetwork):
            wrapped, shape, name = ExportedDetector(network), (2, 96, 128, 3), "images"
            outputs = ["score", "values"]
            axes = {name: {0: "n", 1: "height", 2: "width"}}
        elif isinstance(network, PoseNetwork):
            wrapped, shape, name = (
                ExportedPoseNetwork(network),
                (4, CROP_SIZE, CROP_SIZE, 3),
                "crops",
            )
            outputs = ["corners", "spread", "score", "field"]
            axes = {name: {0: "n"}}
        else:
            raise ModelError(f"no export for a {type(network).__name__}")
        sample = torch.as_tensor(rng.integers(0, 256, size=shape, dtype=np.uint8))
        # As trained: batch norms apart and weights under their names, so that a run can start from
        # the exported network. ONNX Runtime fuses them when it loads it.
        torch.onnx.export(
            wrapped.eval(), (sample,), str(path), input_names=[name], output_names=outputs,
            dynamic_axes=axes, opset_version=OPSET, dynamo=False,
            training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False,
        )  # fmt: skip
        parity[task] = _check_parity(wrapped, path, name, shape, outputs, rng)
        files.append(path)
        configs.append(config)
        entries = read_log(run / f"{task}.pt", read_progress(checkpoint).step)
        log[task] = {"weights": checkpoint.name, **summarize(entries)}
    commands = [training_command(config, run) for config in configs]
    content = {
        "name": model.name,
        "files": [{"file": path.name, "sha256": file_sha256(path)} for path in files],
        "input": {
            "detector": "uint8 RGB (N, H, W, 3), sides multiples of 32",
            "pose": f"uint8 RGB crops (N, {CROP_SIZE}, {CROP_SIZE}, 3) of virtual pinhole cameras",
        },
        "seed": {config.task: config.seed for config in configs},
        "commit": source_commit()[0],
        "command": "; ".join([*commands, _command(run, model, scenes, ranges, last)]),
        "data": "synthetic images alone, drawn by simreal_sim with everything randomized",
        "training": [asdict(config) for config in configs],
        "log": log,
        "parity": {"tolerance": PARITY_TOLERANCE, "largest_difference": parity},
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
    source = MixedScenes(watched, WATCH_SEED, ranges)
    write_reference(
        load_model_card(str(path)),
        source.examples(range(watched)),
        watch_command(watched, WATCH_SEED, ranges),
    )
    return [*files, path]


def _weights(checkpoint: Path, last: bool) -> Path:
    """The weights of a run that ship."""
    best = best_path(checkpoint)
    return best if best.exists() and not last else checkpoint


def _command(run: Path, model: Path, scenes: int, ranges: Path | None, last: bool) -> str:
    parts = ["simreal", "export", place(run), place(model)]
    parts += ["--scenes", str(scenes)] if scenes != SCENES else []
    parts += ["--ranges", place(ranges)] if ranges else []
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
