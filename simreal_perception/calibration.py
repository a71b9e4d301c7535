"""What makes a model's scores probabilities and its covariances true; stands in the model's card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

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


@dataclass(frozen=True)
class Calibration:
    """Fitted on synthetic scenes that training never drew (`simreal_perception.calibrate`).

    The score of an estimate is the probability that it is of a block and that its error of
    position is at most 10 mm x distance / 0.9 m: the logistic function of bias + detector_weight *
    logit(detector score) + block_weight * logit(pose network's score) + sigma_weight * log_sigma +
    misfit_weight * misfit: a box that is nearly a cube fits its edges badly.

    Args:
        bias, detector_weight, block_weight, sigma_weight, misfit_weight: of the score. A card
            without a sigma_weight is of a model whose scores say only whether there is a block.
        variance_scale: of the covariance: errors of one crop belong together, so a pose is less
            certain than independent measurements would make it.
    """

    bias: float = 0.0
    detector_weight: float = 1.0
    block_weight: float = 1.0
    variance_scale: float = 4.0
    sigma_weight: float = 0.0
    misfit_weight: float = 0.0

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

    def score(
        self, detection: float, block: float, log_sigma: float = 0.0, misfit: float = 0.0
    ) -> float:
        """Probability that a candidate is a block and as near to it as a score promises.

        Args:
            detection, block: scores of the two networks, 0 to 1.
            log_sigma: see `log_sigma`, of the covariance before variance_scale.
            misfit: see `edge_alignment.Alignment`.
        """
        total = (
            self.bias
            + self.detector_weight * float(logit(detection))
            + self.block_weight * float(logit(block))
            + self.sigma_weight * float(np.clip(log_sigma, -LARGEST_LOG_SIGMA, LARGEST_LOG_SIGMA))
            + self.misfit_weight * misfit
        )
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
