"""Fit a model's calibration on fresh synthetic scenes: scores by logistic regression, covariances
by their normalized errors."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import chi2

from simreal_perception.calibration import Calibration, logit
from simreal_perception.estimator import BlockEstimator
from simreal_perception.evaluation import is_match
from simreal_perception.evaluation_data import Example
from simreal_perception.pnp import pose_covariance

SCENES, SEED = 250, 99  # what `simreal export` calibrates on
RIDGE = 1e-3  # keeps the weights finite where the scores separate perfectly
LEAST_CANDIDATES = 50  # of each kind; fewer say nothing, the default stays


def calibrate(estimator: BlockEstimator, examples: Iterable[Example]) -> Calibration:
    """Fit score and covariance to what the estimator says of examples with truth."""
    rows: list[tuple[float, float]] = []
    hits: list[bool] = []
    nees: list[float] = []
    for example in examples:
        blocks = [*example.blocks, *example.hidden]
        for candidate in estimator.candidates(example.image, example.camera, example.edge):
            look = candidate.look
            rows.append((candidate.detection, look.score))
            near = [block for block in blocks if is_match(look.pose, block, example.edge)]
            hits.append(bool(near))
            for block in near[:1]:
                error = look.pose.position - block.position
                covariance = pose_covariance(look.pose, look.crop, example.edge, look.spread, 1.0)
                nees.append(float(error @ np.linalg.solve(covariance[:3, :3], error)))
    truth = np.array(hits, dtype=bool)
    if min(truth.sum(), (~truth).sum()) < LEAST_CANDIDATES:
        return Calibration()
    bias, detector_weight, block_weight = _logistic(logit(np.array(rows)), truth)
    # The median, not the mean: a few estimates that are plainly wrong say nothing of the others.
    scale = float(np.median(nees) / chi2.median(3))
    return Calibration(bias, detector_weight, block_weight, scale)


def _logistic(features: NDArray[np.float64], truth: NDArray[np.bool_]) -> tuple[float, ...]:
    """Bias and weights of least mean log loss."""
    columns = np.column_stack([np.ones(len(features)), features])
    sign = 2.0 * truth - 1.0

    def loss(weights: NDArray[np.float64]) -> float:
        return float(
            np.logaddexp(0.0, -sign * (columns @ weights)).mean() + RIDGE * (weights[1:] ** 2).sum()
        )

    return tuple(float(value) for value in minimize(loss, np.zeros(columns.shape[1])).x)
