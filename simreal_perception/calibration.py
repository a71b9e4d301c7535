"""What makes a model's scores probabilities and its covariances true; stands in the model's card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ModelError
from simreal_perception.evaluation import GOOD_SHARE
from simreal_perception.model_card import ModelCard

# Estimates with a lower score are left out where nobody says otherwise. A score promises more than
# that there is a block: that its position is good, too. Recall and precision balance below one half.
MIN_SCORE = 0.3
# Logits of network outputs beyond this say no more: their sigmoids are float32.
LARGEST_LOGIT = 9.0
# Predicted errors are taken from a hundredth of the promised one to a hundred times it.
LARGEST_LOG_SIGMA = float(np.log(100.0))


class Evidence(NamedTuple):
    """What a candidate's score is made of.

    Attributes:
        detection, block: scores of the two networks, 0 to 1.
        sigma: how far off the position is expected to be, see `log_sigma`; of the covariance before
            variance_scale.
        misfit: see `edge_alignment.Alignment`: a box that is nearly a cube fits its edges badly.
        distance, clarity: see `image_edges.Refined`.
    """

    detection: float
    block: float
    sigma: float = 0.0
    misfit: float = 0.0
    distance: float = 0.0
    clarity: float = 0.0

    @property
    def terms(self) -> tuple[float, ...]:
        """What the weights of a `Calibration` multiply, in their order."""
        detection, block = logit(np.array([self.detection, self.block])).tolist()
        return detection, block, self.sigma, self.misfit, self.distance, self.clarity


@dataclass(frozen=True)
class Calibration:
    """Fitted on synthetic scenes that training never drew (`simreal_perception.calibrate`).

    The score of an estimate is the probability that it is of a block and that its error of
    position is at most 10 mm x distance / 0.9 m: the logistic function of the bias and the weighted
    terms of its `Evidence`.

    Args:
        bias, detector_weight, block_weight, sigma_weight, misfit_weight, distance_weight,
            clarity_weight: of the score. A card without a sigma_weight is of a model whose scores
            say only whether there is a block.
        variance_scale: of the covariance: errors of one crop belong together, so a pose is less
            certain than independent measurements would make it.
    """

    bias: float = 0.0
    detector_weight: float = 1.0
    block_weight: float = 1.0
    sigma_weight: float = 0.0
    misfit_weight: float = 0.0
    distance_weight: float = 0.0
    clarity_weight: float = 0.0
    variance_scale: float = 4.0

    @property
    def weights(self) -> tuple[float, ...]:
        """In the order of `Evidence.terms`."""
        return (
            self.detector_weight,
            self.block_weight,
            self.sigma_weight,
            self.misfit_weight,
            self.distance_weight,
            self.clarity_weight,
        )

    @staticmethod
    def of(card: ModelCard) -> Calibration:
        """The calibration that a card states.

        Raises:
            ModelError: it states none, or one that cannot be used.
        """
        values: Any = card.content.get("calibration")
        try:
            if not isinstance(values, Mapping):
                raise TypeError("no mapping")
            return Calibration(**{name: float(value) for name, value in values.items()})
        except (TypeError, ValueError) as error:
            raise ModelError(
                f"card {card.path} has no usable 'calibration' ({error}): wanted "
                f"{', '.join(asdict(Calibration()))} as numbers; `simreal export` writes them"
            ) from error

    def score(self, evidence: Evidence) -> float:
        """Probability that a candidate is a block and as near to it as a score promises."""
        total = self.bias + float(np.dot(self.weights, evidence.terms))
        return float(1.0 / (1.0 + np.exp(-total)))


def log_sigma(covariance: NDArray[np.float64], position: NDArray[np.float64]) -> float:
    """How far off an estimate is expected to be, as the logarithm of a share of what is promised.

    Args:
        covariance: of the position (m) in its first three rows and columns.
        position: in the optical frame, metres, (3,).

    Returns:
        ln(sigma / (10 mm x distance / 0.9 m)), sigma^2 the sum of the three variances.
    """
    sigma = float(np.sqrt(max(float(np.trace(covariance[:3, :3])), 1e-18)))
    promised = GOOD_SHARE * float(np.linalg.norm(position))
    return float(np.clip(np.log(sigma / promised), -LARGEST_LOG_SIGMA, LARGEST_LOG_SIGMA))


def logit(probability: float | np.ndarray) -> np.ndarray:
    """Inverse of the logistic function, cut off at +-LARGEST_LOGIT."""
    edge = 1.0 / (1.0 + np.exp(LARGEST_LOGIT))
    inside = np.clip(probability, edge, 1.0 - edge)
    return np.asarray(np.log(inside / (1.0 - inside)))
