"""What a model was trained on, as its card tells: ranges of statistics, features, doubt."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ModelError
from simreal_perception.model_files.model_card import ModelCard
from simreal_perception.monitoring.measures.measurement import STATISTICS

Array = NDArray[np.float64]

KEY = "monitor"  # in the card
QUANTILES = (0.0, 0.01, 0.05, 0.5, 0.95, 0.99, 1.0)
CLIP = 6.0  # sigmas: a single channel that never fires in training would outweigh all others
LEAST_SIGMA = 1e-4


@dataclass(frozen=True)
class Range:
    """Quantiles of a quantity over synthetic scenes, those of `QUANTILES`."""

    quantiles: tuple[float, ...]

    def __post_init__(self) -> None:
        good = len(self.quantiles) == len(QUANTILES) and all(map(math.isfinite, self.quantiles))
        if not good or list(self.quantiles) != sorted(self.quantiles):
            raise ModelError(
                f"got quantiles {list(self.quantiles)}, wanted {len(QUANTILES)} rising numbers"
            )

    @property
    def lowest(self) -> float:
        return self.quantiles[0]

    @property
    def highest(self) -> float:
        return self.quantiles[-1]

    @property
    def spread(self) -> float:
        """From the 5 % to the 95 % quantile."""
        return self.quantiles[-3] - self.quantiles[2]

    @property
    def low(self) -> float:
        """The 1 % quantile."""
        return self.quantiles[1]

    @property
    def high(self) -> float:
        """The 99 % quantile."""
        return self.quantiles[-2]


@dataclass(frozen=True, eq=False)
class FeatureReference:
    """What the network's features are in training.

    Args:
        layer: output of the detector's layer that they are taken from.
        mean, sigma: of each feature, (2 C,).
        distance: quantiles of the root mean square of `standardized`, of synthetic images.
        apart: root mean square of what two different synthetic images differ by, sigmas, the median.
    """

    layer: str
    mean: Array
    sigma: Array
    distance: Range
    apart: float

    def standardized(self, features: Array) -> Array:
        """Features in sigmas from the mean."""
        return np.clip((features - self.mean) / self.sigma, -CLIP, CLIP)


@dataclass(frozen=True, eq=False)
class Reference:
    """What the monitor compares with.

    Args:
        statistics: ranges by the names of `STATISTICS`.
        edges: range of the highest gradients, see `Measurement.edges`.
        features: None where the card has none.
        doubt: range of the share of doubtful estimates in an image.
    """

    statistics: Mapping[str, Range]
    edges: Range
    features: FeatureReference | None
    doubt: Range


def rms(values: Array) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(values))))


def reference_of(card: ModelCard) -> Reference | None:
    """The reference in a card; None where it has none.

    Raises:
        ModelError: one that cannot be used.
    """
    content = card.content.get(KEY)
    if content is None:
        return None
    try:
        return Reference(
            statistics={name: _range(content["statistics"][name]) for name in STATISTICS},
            edges=_range(content["edges"]),
            features=_features(content["features"]),
            doubt=_range(content["doubt"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, ModelError) as error:
        raise ModelError(
            f"model card {card.path}: its '{KEY}' cannot be used ({type(error).__name__}: "
            f"{error}); run `simreal watch-reference {card.path}` again"
        ) from error


def as_text(values: Array) -> str:
    """Numbers for the card, on one line."""
    return " ".join(f"{value:.4g}" for value in values)


def quantiles(values: Sequence[float] | Array) -> list[float]:
    """`QUANTILES` of values, for the card."""
    return [float(f"{value:.5g}") for value in np.quantile(np.asarray(values), QUANTILES)]


def _range(values: Any) -> Range:
    return Range(tuple(float(value) for value in values))


def _features(content: Any) -> FeatureReference:
    mean, sigma = (
        np.array([float(word) for word in content[name].split()]) for name in ("mean", "sigma")
    )
    if not mean.size or mean.shape != sigma.shape or not np.isfinite(mean + sigma).all():
        raise ModelError(f"features: got {mean.size} means and {sigma.size} sigmas")
    apart = float(content["apart"])
    if not 0 < apart < math.inf:
        raise ModelError(f"features: got apart {apart}, wanted a number above 0")
    sigma = np.maximum(sigma, LEAST_SIGMA)
    return FeatureReference(str(content["layer"]), mean, sigma, _range(content["distance"]), apart)
