"""Calibrates a model's scores and covariances (in the model's card), so that they are true.

From which existence score a candidate counts as a block is `MIN_SCORE`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ModelError
from simreal_common.geometry import Pose
from simreal_perception.model_files.model_card import ModelCard

Array = NDArray[np.float64]

# Estimates with a lower score are left out where nobody says otherwise: from here on nine of ten are of
# a block on fresh scenes with everything randomized, and on those of small blocks seen from above. A
# false block costs an arm more than a missed one, for which it looks again. Launches of a robot publish
# from 0.2 (config/perception.yaml), for control judges by itself (`BlockMapConfig.min_score`).
MIN_SCORE = 0.75
# Logits of network outputs beyond this say no more: their sigmoids are float32.
LARGEST_LOGIT = 9.0
# What lies outside of these was not seen when weights were fitted: it counts as if at the border.
SIZE_PX = (8.0, 100.0)
LARGEST_RESIDUAL, LARGEST_DISTANCE = 1.5, 1.0
SIGMA = (1e-5, 1.0)
MIDDLE_SIZE_PX = 30.0  # where the size leaves the weight of what it is multiplied with alone
UNCALIBRATED = float(np.log(2.0))  # ln of a factor on sigmas: errors of one crop belong together
LARGEST_POWER = 700.0  # of e, that a float holds
LEAST_PROBABILITY = 1.0 / (1.0 + math.exp(LARGEST_LOGIT))


def logit(probability: float | Array) -> Array:
    """Inverse of the logistic function, cut off at +-LARGEST_LOGIT."""
    inside = np.clip(probability, LEAST_PROBABILITY, 1.0 - LEAST_PROBABILITY)
    return np.asarray(np.log(inside / (1.0 - inside)))


# The same of one number: NumPy takes many times as long, and candidates are many.
def _logit(probability: float) -> float:
    inside = _clipped(probability, LEAST_PROBABILITY, 1.0 - LEAST_PROBABILITY)
    return math.log(inside / (1.0 - inside))


def _exp(power: float) -> float:
    return math.exp(min(power, LARGEST_POWER))


def _clipped(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


class Evidence(NamedTuple):
    """What a candidate's score and covariance are made of.

    Attributes:
        detection, block: scores of the two networks, 0 to 1.
        normalized_residual: see `edge_alignment.Alignment`: a box that is nearly a cube fits its
            edges badly. Called `misfit` in model cards.
        distance, edge_contrast: see `image_edges.Refined`. The latter is `clarity` in model cards.
        size: of the block's edge in the image, pixels, were it seen square on.
        facing: share of the largest face in the outline, 1/3 to 1: at 1 nothing but its size tells
            the range, and a worn edge or another line that is taken for its border shifts that.
        along, across: standard deviations of the position along the viewing ray and, root mean
            square, across it, shares of the distance; rotation: likewise, radians. Of the covariance
            that says that all measurements were independent.
    """

    detection: float
    block: float
    normalized_residual: float = 0.0
    distance: float = 0.0
    edge_contrast: float = 0.0
    size: float = MIDDLE_SIZE_PX
    facing: float = 0.5
    along: float = 0.01
    across: float = 0.001
    rotation: float = 0.01

    @property
    def existence_terms(self) -> dict[str, float]:
        """Terms that tell blocks from distractors, by the names that model cards give them.

        The two products and the positive part of the pose network's logit made held-out scenes more
        likely (log loss 0.308 instead of 0.314); more of them gained little.
        """
        terms = self._common_terms
        detection = _logit(self.detection)
        sure = max(terms["block"], 0.0)
        return {
            "detection": detection,
            **terms,
            "sure": sure,
            "sure*size": sure * terms["size"],
            "detection*misfit": detection * terms["misfit"],
        }

    def std_terms(self, part: str) -> dict[str, float]:
        """Terms of the predicted std of "along", "across" or "rotation", by name."""
        return {**self._common_terms, "sigma": math.log(_clipped(getattr(self, part), *SIGMA))}

    @property
    def _common_terms(self) -> dict[str, float]:
        return {
            "block": _logit(self.block),
            "misfit": min(self.normalized_residual, LARGEST_RESIDUAL),
            "distance": min(self.distance, LARGEST_DISTANCE),
            "clarity": self.edge_contrast,
            "size": math.log(_clipped(self.size, *SIZE_PX) / MIDDLE_SIZE_PX),
            "facing": self.facing,
        }


EXISTENCE_TERMS = ("bias", *Evidence(0.5, 0.5).existence_terms)
STD_PARTS = ("along", "across", "rotation")
STD_TERMS = ("bias", *Evidence(0.5, 0.5).std_terms("along"))

Weights = Mapping[str, float]


@dataclass(frozen=True)
class Calibration:
    """Two answers to two questions, fitted on synthetic scenes that training never drew.

    Is there a block: the score, a probability, the logistic function of weighted terms of the
    evidence. How well is its pose known: the covariance, whose standard deviations along the viewing
    ray, across it and of the rotation are multiplied by the exponential of weighted terms.

    Args:
        existence: weights of `EXISTENCE_TERMS`; one that is not named is 0.
        along, across, rotation: weights of `STD_TERMS`, likewise.
    """

    existence: Weights = field(default_factory=lambda: {"detection": 1.0, "block": 1.0})
    along: Weights = field(default_factory=lambda: {"bias": UNCALIBRATED})
    across: Weights = field(default_factory=lambda: {"bias": UNCALIBRATED})
    rotation: Weights = field(default_factory=lambda: {"bias": UNCALIBRATED})

    @staticmethod
    def of(card: ModelCard) -> Calibration:
        """The calibration that a card states.

        Raises:
            ModelError: it states none, or one that cannot be used.
        """
        parts = {"existence": EXISTENCE_TERMS, **dict.fromkeys(STD_PARTS, STD_TERMS)}
        try:
            given = card.content["calibration"]
            return Calibration(
                **{part: _weights(given[part], terms) for part, terms in parts.items()}
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"card {card.path} has no usable 'calibration' ({error}), as one made by an earlier "
                f"version: wanted {', '.join(parts)} with their weights; "
                f"`simreal calibrate-model {card.path}` writes them"
            ) from error

    def score(self, evidence: Evidence) -> float:
        """Probability that a candidate is a block."""
        total = _sum(self.existence, evidence.existence_terms)
        return 1.0 / (1.0 + _exp(-total))

    def covariance(self, evidence: Evidence, covariance: Array, position: Array) -> Array:
        """The covariance of a block's pose, (6, 6), were this one, as if all measurements were
        independent, says too little; at `position`, (3,), in the same frame."""
        along, across, rotation = (
            _exp(_sum(getattr(self, part), evidence.std_terms(part))) for part in STD_PARTS
        )
        ray = position / np.linalg.norm(position)
        stretch = np.zeros((6, 6))
        stretch[:3, :3] = across * np.eye(3) + (along - across) * np.outer(ray, ray)
        stretch[3:, 3:] = rotation * np.eye(3)
        return np.asarray(stretch @ covariance @ stretch)


def evidence_of_pose(
    pose: Pose, covariance: Array, block_edge: float, focal: float
) -> dict[str, float]:
    """The part of `Evidence` that follows from a pose in the optical frame and its covariance.

    Args:
        covariance: (6, 6), position (m), small rotation (rad).
        block_edge: of the block, metres.
        focal: length, pixels, of the camera.
    """
    distance = float(np.linalg.norm(pose.position))
    ray = pose.position / distance
    along = float(ray @ covariance[:3, :3] @ ray)
    variances = covariance.diagonal().tolist()
    across = max(sum(variances[:3]) - along, 0.0) / 2.0
    faces = np.abs(ray @ pose.rotation)  # areas of the faces, as the ray sees them
    return {
        "size": focal * block_edge / distance,
        "facing": float(faces.max() / faces.sum()),
        "along": math.sqrt(max(along, 0.0)) / distance,
        "across": math.sqrt(across) / distance,
        "rotation": math.sqrt(max(sum(variances[3:]), 0.0) / 3.0),
    }


def _sum(weights: Weights, terms: Mapping[str, float]) -> float:
    return weights.get("bias", 0.0) + sum(
        weights.get(name, 0.0) * value for name, value in terms.items()
    )


def _weights(given: Any, terms: tuple[str, ...]) -> dict[str, float]:
    if not isinstance(given, Mapping):
        raise TypeError(f"got {given!r} for a mapping of weights")
    unknown = sorted(set(map(str, given)) - set(terms))
    if unknown:
        raise ValueError(f"no term is called {', '.join(unknown)}")
    weights = {str(name): float(value) for name, value in given.items()}
    if not np.isfinite(list(weights.values())).all():
        raise ValueError("a weight that is no finite number")
    return weights
