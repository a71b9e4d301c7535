"""Fit a model's calibration on fresh synthetic scenes: scores by logistic regression, covariances
by their normalized errors."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import chi2

from simreal_perception.calibration import Calibration
from simreal_perception.estimator import BlockEstimator
from simreal_perception.evaluation import is_good, is_match
from simreal_perception.evaluation_data import Example

SCENES, SEED = 600, 99  # what `simreal export` calibrates on
RIDGE = 1e-3  # keeps the weights finite where the scores separate perfectly
LEAST_CANDIDATES = 50  # of each kind; fewer say nothing, the default stays


def calibrate(estimator: BlockEstimator, examples: Iterable[Example]) -> Calibration:
    """Fit score and covariance to what the estimator says of examples with truth."""
    rows: list[tuple[float, ...]] = []
    hits: list[bool] = []
    nees: list[float] = []
    for example in examples:
        blocks = [*example.blocks, *example.hidden]
        for candidate in estimator.candidates(example.image, example.camera, example.edge):
            look = candidate.look
            rows.append(candidate.evidence.terms)
            hits.append(any(is_good(look.pose, block, example.edge) for block in blocks))
            for block in blocks:
                if is_match(look.pose, block, example.edge):
                    error = look.pose.position - block.position
                    nees.append(float(error @ np.linalg.solve(look.covariance[:3, :3], error)))
                    break
    # The median, not the mean: a few estimates that are plainly wrong say nothing of the others.
    scale = float(np.median(nees) / chi2.median(3)) if len(nees) >= LEAST_CANDIDATES else None
    truth = np.array(hits, dtype=bool)
    if scale is None or min(truth.sum(), (~truth).sum()) < LEAST_CANDIDATES:
        return Calibration()
    return dataclasses.replace(Calibration(*_logistic(np.array(rows), truth)), variance_scale=scale)


def _logistic(features: NDArray[np.float64], truth: NDArray[np.bool_]) -> tuple[float, ...]:
    """Bias and weights of least mean log loss."""
    columns = np.column_stack([np.ones(len(features)), features])
    sign = 2.0 * truth - 1.0

    def loss(weights: NDArray[np.float64]) -> float:
        return float(
            np.logaddexp(0.0, -sign * (columns @ weights)).mean() + RIDGE * (weights[1:] ** 2).sum()
        )

    return tuple(float(value) for value in minimize(loss, np.zeros(columns.shape[1])).x)
