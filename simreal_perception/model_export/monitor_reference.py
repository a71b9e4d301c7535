"""Writes into a model's card what its monitor compares with: how fresh synthetic scenes look."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ModelError
from simreal_perception.evaluation.evaluation_data import Example
from simreal_perception.model_files.detector_layer import coarsest_layer
from simreal_perception.model_files.model_card import ModelCard, write_card
from simreal_perception.monitoring.checks.network import doubt_of
from simreal_perception.monitoring.measures.measurement import STATISTICS, Measurement, measure
from simreal_perception.monitoring.measures.network_features import NetworkFeatures
from simreal_perception.monitoring.measures.reference import (
    CLIP,
    KEY,
    LEAST_SIGMA,
    as_text,
    quantiles,
    rms,
)
from simreal_perception.pose_estimation.calibration import MIN_SCORE
from simreal_perception.pose_estimation.estimator import BlockEstimator

WATCH_SCENES, WATCH_SEED = 240, 177  # apart from those of training and of calibration
LEAST_SCENES = 4
DECIMALS = 4


def write_reference(card: ModelCard, examples: Iterable[Example], command: str) -> None:
    """Measure examples and write the card anew, with the reference.

    Args:
        card: of the model, whose files stay as they are.
        examples: images like those of training.
        command: that gives the same reference again.

    Raises:
        ModelError: the model cannot be run, or too few examples.
    """
    write_card(card.path, {**card.content, KEY: reference_content(card, examples, command)})


def watch_command(scenes: int, seed: int, ranges: Path | None) -> str:
    """The command that gives a reference again."""
    command = f"simreal watch-reference MODEL --scenes {scenes} --seed {seed}"
    return command + (f" --ranges {ranges.name}" if ranges else "")


def reference_content(
    card: ModelCard, examples: Iterable[Example], command: str
) -> Mapping[str, Any]:
    """What stands in the card; see `write_reference`."""
    layer = coarsest_layer(card)
    network, estimator = NetworkFeatures(card, layer), BlockEstimator.load(str(card.path))
    measured: list[Measurement] = []
    features, doubts = [], []
    for example in examples:
        measured.append(measure(example.image))
        features.append(network.of(example.image))
        estimates = estimator.estimate(example.image, example.camera, example.edge)
        doubtful, seen = doubt_of([one.score for one in estimates], MIN_SCORE)
        if seen:
            doubts.append(doubtful / seen)
    if len(measured) < LEAST_SCENES:
        raise ModelError(f"{len(measured)} scenes: wanted {LEAST_SCENES} or more; give more")
    return {
        "made_by": command,
        "scenes": len(measured),
        "statistics": {
            name: quantiles([one.statistics[name] for one in measured]) for name in STATISTICS
        },
        "edges": quantiles([one.edges for one in measured]),
        "features": _features(layer, np.array(features)),
        "doubt": quantiles(doubts or [0.0]),
    }


def _features(layer: str, features: NDArray[np.float64]) -> dict[str, Any]:
    mean, sigma = features.mean(axis=0), np.maximum(features.std(axis=0), LEAST_SIGMA)
    z = np.clip((features - mean) / sigma, -CLIP, CLIP)
    apart = [rms(one - other) for one, other in itertools.pairwise(z)]
    return {
        "layer": layer,
        "mean": as_text(mean),
        "sigma": as_text(sigma),
        "distance": quantiles([rms(one) for one in z]),
        "apart": round(float(np.median(apart)), DECIMALS),
    }
