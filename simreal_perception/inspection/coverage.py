"""Which real photographs lie outside of what training shows, and by what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simreal_perception.inspection.picture_features import BLOCK_FEATURES, FEATURES, known

Array = NDArray[np.float64]

RARE = 0.005  # share of training beyond a value from which on it counts as outside
NEIGHBORS = 5
FAR_SHARE = 0.99  # of training pictures lie nearer to their neighbours than one that is outside
LEAST_TRAINING = 30
# A photograph's label says nothing reliable of these: edges are nominal, and distances go by them.
NOT_ASKED = ("edge_mm", "distance_m")


@dataclass(frozen=True, eq=False)
class Measured:
    """What was measured of a picture.

    Args:
        name: of the picture.
        image: quantities of the image.
        blocks: quantities of each block; empty where nothing is labelled.
        network: features of a network, (F,); None where they were not asked for.
    """

    name: str
    image: Mapping[str, float]
    blocks: Sequence[Mapping[str, float]] = ()
    network: Array | None = None


@dataclass(frozen=True)
class Outside:
    """A photograph beside training.

    Args:
        name: of the photograph.
        reasons: how it lies outside, in words; empty: inside.
        distances: for each set of features, its distance from training in units of the distance that
            `FAR_SHARE` of training pictures stay within.
    """

    name: str
    reasons: tuple[str, ...]
    distances: Mapping[str, float] = field(default_factory=dict)


def coverage(training: Sequence[Measured], photographs: Sequence[Measured]) -> list[Outside]:
    """Hold photographs against training, those farthest outside first; [] with too little training."""
    if len(training) < LEAST_TRAINING:
        return []
    blocks = [dict(block) for one in training for block in one.blocks]
    images = [dict(one.image) for one in training]
    spaces = {"image": _Space(np.array([_row(one.image) for one in training]))}
    if all(one.network is not None for one in (*training, *photographs)):
        spaces["network"] = _Space(np.array([one.network for one in training]), components=16)
    found = []
    for one in photographs:
        reasons = []
        for name in one.image:
            reasons += _beyond(name, [one.image[name]], known(images, name))
        for name in BLOCK_FEATURES:
            if name not in NOT_ASKED:
                values = known([dict(block) for block in one.blocks], name)
                reasons += _beyond(name, values.tolist(), known(blocks, name))
        distances = {"image": spaces["image"].distance(_row(one.image))}
        if "network" in spaces and one.network is not None:
            distances["network"] = spaces["network"].distance(one.network)
        for kind, distance in distances.items():
            if distance > 1:
                what = "the network sees it" if kind == "network" else "as a whole it lies"
                reasons.append(
                    f"{what} {distance:.1f} times as far from training as training allows"
                )
        found.append(Outside(one.name, tuple(reasons), distances))
    return sorted(found, key=lambda one: -max(one.distances.values()) - 10 * bool(one.reasons))


def _beyond(name: str, values: Sequence[float], training: Array) -> list[str]:
    """Words for the values that hardly any of training goes beyond."""
    if len(training) < LEAST_TRAINING:
        return []
    low, high = np.quantile(training, [RARE, 1 - RARE])
    title = FEATURES[name].title.split(",")[0].split(":")[0]
    words = []
    above, below = [v for v in values if v > high], [v for v in values if v < low]
    if above:
        words.append(f"{title} {max(above):.3g}, training shows up to {high:.3g}")
    if below:
        words.append(f"{title} {min(below):.3g}, training shows from {low:.3g}")
    return words


def _row(image: Mapping[str, float]) -> Array:
    return np.array([np.log(v) if FEATURES[k].logarithmic else v for k, v in image.items()])


class _Space:
    """Features of training pictures, scaled; how far from its neighbours something may lie."""

    def __init__(self, rows: Array, components: int = 0) -> None:
        self._mean, self._scale = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)
        scaled = (rows - self._mean) / self._scale
        self._turn = np.eye(rows.shape[1])
        if components:
            _, values, turn = np.linalg.svd(scaled, full_matrices=False)
            kept = min(components, len(values))
            spread = np.maximum(values[:kept] / np.sqrt(len(rows)), 1e-6)
            self._turn = turn[:kept].T / spread
        self._rows = scaled @ self._turn
        own = np.array([self._near(row, skip=1) for row in self._rows])
        self._far = float(np.quantile(own, FAR_SHARE))

    def distance(self, row: Array) -> float:
        """To the neighbours of a row, in units of what training allows."""
        return self._near(((row - self._mean) / self._scale) @ self._turn) / max(self._far, 1e-9)

    def _near(self, row: Array, skip: int = 0) -> float:
        away = np.sort(np.linalg.norm(self._rows - row, axis=1))
        return float(away[skip : skip + NEIGHBORS].mean())
