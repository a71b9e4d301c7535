"""What makes a model's scores probabilities and its covariances true; stands in the model's card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from simreal_common.errors import ModelError
from simreal_perception.model_card import ModelCard

# Logits of network outputs beyond this say no more: their sigmoids are float32.
LARGEST_LOGIT = 9.0


@dataclass(frozen=True)
class Calibration:
    """Fitted on synthetic scenes that training never drew (`simreal_perception.calibrate`).

    The score of an estimate, the probability that it is a block, is the logistic function of
    bias + detector_weight * logit(detector score) + block_weight * logit(pose network's score).

    Args:
        bias, detector_weight, block_weight: of the score.
        variance_scale: of the covariance, see `pose_covariance`.
    """

    bias: float = 0.0
    detector_weight: float = 1.0
    block_weight: float = 1.0
    variance_scale: float = 4.0

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

    def score(self, detection: float, block: float) -> float:
        """Probability that a candidate with these two network scores is a block."""
        total = (
            self.bias
            + self.detector_weight * float(logit(detection))
            + self.block_weight * float(logit(block))
        )
        return float(1.0 / (1.0 + np.exp(-total)))


def logit(probability: float | np.ndarray) -> np.ndarray:
    """Inverse of the logistic function, cut off at +-LARGEST_LOGIT."""
    edge = 1.0 / (1.0 + np.exp(LARGEST_LOGIT))
    inside = np.clip(probability, edge, 1.0 - edge)
    return np.asarray(np.log(inside / (1.0 - inside)))
