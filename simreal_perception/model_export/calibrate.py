"""Fit a model's calibration on fresh synthetic scenes.

Scores by logistic regression of what belongs to a block; the covariance by maximum likelihood of a
Student's t distribution, along the viewing ray, across it and of the rotation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from simreal_common.block_estimate import BlockEstimate
from simreal_common.geometry import Pose
from simreal_perception.evaluation.evaluation import error_parts, is_match
from simreal_perception.evaluation.evaluation_data import Example
from simreal_perception.model_files.model_card import ModelCard, write_card
from simreal_perception.pose_estimation.calibration import (
    EXISTENCE_TERMS,
    STD_PARTS,
    STD_TERMS,
    Calibration,
    Evidence,
)
from simreal_perception.pose_estimation.estimator import BlockEstimator
from simreal_perception.pose_estimation.mirrored_crops import is_doubted
from simreal_perception.pose_estimation.suppression import distinct

Array = NDArray[np.float64]

SCENES, SEED = 600, 99  # what `simreal export` calibrates on
# On weights of standardized terms: keeps them finite where the scores separate perfectly.
RIDGE = 1e-4
LEAST_CANDIDATES = 50  # of each kind; fewer say nothing, the default stays
# Scores decide which of two estimates of one block is kept, and are fitted to what is kept.
ROUNDS = 3
# Degrees of freedom of the t distribution. Few let rare gross errors (another edge was taken for the
# block's own) alone and leave covariances too small for them, many make all others too large.
FREEDOM = 10.0


@dataclass(frozen=True, eq=False)
class Sample:
    """A candidate in an image whose blocks are known.

    Args:
        estimate: pose and covariance before calibration.
        evidence: what is known of it from its crop alone.
        again: the same, judged in mirror images of the crop too.
        blocks: true poses of all blocks of the image, optical frame, and their edges (m).
    """

    estimate: BlockEstimate
    evidence: Evidence
    again: Evidence
    blocks: Sequence[tuple[Pose, float]]


@dataclass(frozen=True, eq=False)
class _Kept:
    """A sample that no better one of the same block displaced, the evidence by which it was judged,
    and the block that it is of."""

    sample: Sample
    evidence: Evidence
    block: tuple[Pose, float] | None

    @cached_property
    def errors(self) -> tuple[float, float, float]:
        """Along the ray and across it, shares of the estimated distance, and of rotation, radians."""
        assert self.block is not None
        block, edge = self.block
        pose = _at_edge(self.sample.estimate, edge)
        across, along = error_parts(pose, block)
        distance = float(np.linalg.norm(pose.position))
        turned = self.sample.estimate.shape.symmetry.distance(pose.rotation, block.rotation)
        return along / distance, across / distance, turned


def calibrate(estimator: BlockEstimator, examples: Iterable[Example]) -> Calibration:
    """Fit score and covariance to what the estimator says of examples with truth."""
    return fit([list(_samples(estimator, example)) for example in examples])


def calibrate_model(card: ModelCard, examples: Iterable[Example], command: str) -> Calibration:
    """Calibrate the model of a card again, whatever calibration it has, and write that there.

    Args:
        command: that gives the same calibration again.

    Raises:
        ModelError: the model cannot be run.
    """
    estimator = BlockEstimator.load(str(card.path), calibration=Calibration())
    calibration = calibrate(estimator, examples)
    content = {**card.content, "calibration": asdict(calibration), "calibrated_by": command}
    write_card(card.path, content)
    return calibration


def fit(images: Sequence[Sequence[Sample]]) -> Calibration:
    """The calibration that makes samples, given image by image, likeliest."""
    calibration = Calibration()
    for _ in range(ROUNDS):
        kept = [one for samples in images for one in _keep(samples, calibration)]
        truth = np.array([one.block is not None for one in kept], dtype=bool)
        if min(truth.sum(), (~truth).sum()) < LEAST_CANDIDATES:
            return Calibration()
        rows = np.array([list(one.evidence.existence_terms.values()) for one in kept])
        weights = logistic_regression(rows, truth)
        calibration = replace(calibration, existence=_named(EXISTENCE_TERMS, weights))
    found = [one for one in kept if one.block is not None]
    parts = {}
    for number, part in enumerate(STD_PARTS):
        evidences = [one.evidence for one in found]
        rows = np.array([list(one.std_terms(part).values()) for one in evidences])
        sigmas = np.array([getattr(one, part) for one in evidences])
        errors = np.array([one.errors[number] for one in found])
        weights = std_regression(rows, errors / np.maximum(sigmas, 1e-9), number + 1)
        parts[part] = _named(STD_TERMS, weights)
    return replace(calibration, **parts)


def logistic_regression(features: Array, truth: NDArray[np.bool_]) -> Array:
    """Bias and weights, (1 + F,), of least mean log loss over features (N, F)."""
    sign = 2.0 * truth - 1.0

    def loss(total: Array) -> tuple[float, Array]:
        wrong = -sign * total
        return float(np.logaddexp(0.0, wrong).mean()), -sign / (1.0 + np.exp(-wrong)) / len(total)

    return _minimum(features, loss)


def std_regression(features: Array, sigmas: Array, dimensions: int) -> Array:
    """Bias and weights, (1 + F,), of the ln of the factor on standard deviations that makes errors
    likeliest.

    Args:
        features: (N, F).
        sigmas: (N,), lengths of the errors, in standard deviations of one of their components.
        dimensions: of the errors.
    """
    squares = sigmas**2

    def loss(log_factor: Array) -> tuple[float, Array]:
        ratio = squares * np.exp(-2.0 * log_factor)
        value = dimensions * log_factor + (FREEDOM + dimensions) / 2 * np.log1p(ratio / FREEDOM)
        slope = dimensions - (FREEDOM + dimensions) * ratio / (FREEDOM + ratio)
        return float(value.mean()), slope / len(ratio)

    return _minimum(features, loss)


def _minimum(features: Array, loss: Callable[[Array], tuple[float, Array]]) -> Array:
    """Bias and weights of least loss; `loss` gives value and slope for weighted sums, (N,)."""
    mean, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
    columns = np.column_stack([np.ones(len(features)), (features - mean) / scale])

    def total(weights: Array) -> tuple[float, Array]:
        value, slope = loss(columns @ weights)
        ridge = RIDGE * np.concatenate([[0.0], weights[1:]])
        return value + float(ridge @ weights), slope @ columns + 2.0 * ridge

    found = minimize(total, np.zeros(columns.shape[1]), jac=True, method="L-BFGS-B").x
    weights = found[1:] / scale
    return np.concatenate([[found[0] - weights @ mean], weights])


def _samples(estimator: BlockEstimator, example: Example) -> Iterator[Sample]:
    blocks = example.sized_blocks
    candidates = estimator.pose_candidates(example.image, example.camera, example.edge)
    for candidate, again in zip(candidates, estimator.judged_again(candidates), strict=True):
        estimate = BlockEstimate(
            candidate.pose, candidate.covariance, 0.0, example.edge, shape=estimator.shape
        )
        yield Sample(estimate, candidate.evidence, again.evidence, blocks)


def _keep(samples: Sequence[Sample], calibration: Calibration) -> Iterator[_Kept]:
    """Those of one image that the estimator would give; a block is that of its best estimate."""
    scored = []
    for sample in samples:
        evidence = sample.evidence
        if is_doubted(calibration.score(evidence)):
            evidence = sample.again
        estimate = replace(sample.estimate, score=calibration.score(evidence))
        scored.append((estimate, sample, evidence))
    judged = {id(estimate): (sample, evidence) for estimate, sample, evidence in scored}
    free = list(samples[0].blocks) if samples else []
    for estimate in distinct(sorted((one for one, _, _ in scored), key=lambda one: -one.score)):
        near = [one for one in free if is_match(_at_edge(estimate, one[1]), *one)]
        block = min(
            near, key=lambda one: _distance(_at_edge(estimate, one[1]), one[0]), default=None
        )
        free = [one for one in free if one is not block]
        yield _Kept(*judged[id(estimate)], block)


def _at_edge(estimate: BlockEstimate, edge: float) -> Pose:
    """The pose that an estimate would have, had its edge been given as another: range scales."""
    return Pose(estimate.pose.position * (edge / estimate.edge), estimate.pose.orientation)


def _distance(one: Pose, other: Pose) -> float:
    return float(np.linalg.norm(one.position - other.position))


def _named(names: Sequence[str], weights: Array) -> dict[str, float]:
    return dict(zip(names, map(float, weights), strict=True))
