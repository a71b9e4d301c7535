"""Blocks that rest: does the network see each as surely as it did before?

How sure a network is of a block depends on distance, view, neighbours and colour more than on anything
that goes wrong. So each is compared with itself: what a resting camera sees where it has long seen a
block is that block, and its score and its predicted error stay within a few per cent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_common.block_estimate import BlockEstimate
from simreal_perception.monitoring.measures.running_spread import RunningSpread

Array = NDArray[np.float64]

LEAST_SCORE = 0.3  # what scores less is no block that anybody knows
# Of a block's width in the image: so near is it the same place while it is learned, and later.
SAME_PLACE, AT_PLACE = 0.3, 0.5
SEEN_SHARE = 0.6  # of the images, in which a block that rests is seen; an arm hides it now and then
MOST_PLACES = 64
FORGET_S = 30.0  # where nothing was seen for so long no block rests
# Less score than before, more ln of the predicted error; and how many of their own deviations.
LESS_SCORE, MORE_LOG_SIGMA, DEVIATIONS = 0.15, 0.3, 2.5


@dataclass(eq=False)
class _Place:
    """Where a block rests: direction from the camera, width (rad), and what the network said of it."""

    direction: Array
    width: float
    said: RunningSpread
    began: float
    seen_at: float
    looks: int = 1

    def doubts(self, value: Array) -> bool:
        """Whether the network is less sure now, by what it says: score, ln of the error."""
        change, spread = value - self.said.mean, DEVIATIONS * self.said.deviation
        less = -float(change[0]) > max(LESS_SCORE, float(spread[0]))
        return less or float(change[1]) > max(MORE_LOG_SIGMA, float(spread[1]))


@dataclass(frozen=True, eq=False)
class PlacedEstimates:
    """The estimates of an image, and how far each is from where blocks rest.

    Args:
        directions: from the camera, (N, 3).
        widths: rad, (N,).
        values: what the network says: score, ln of the error, (N, 2).
        places: where blocks rested when these were placed, P of them.
        apart: of places and estimates, (P, N), how far they are apart, in widths of the places.
    """

    directions: Array
    widths: Array
    values: Array
    places: Sequence[_Place]
    apart: Array

    @property
    def scores(self) -> list[float]:
        """Of all estimates."""
        return [float(score) for score in self.values[:, 0]]


class RestingBlocks:
    """Remembers the blocks that rest, and counts those of which the network has become less sure.

    Args:
        learn_s: seconds that one must have rested.
    """

    def __init__(self, learn_s: float) -> None:
        self._learn_s = learn_s
        self._places: list[_Place] = []

    def place(self, estimates: Sequence[BlockEstimate]) -> PlacedEstimates:
        """Where the estimates of an image are, to be judged and to be learned from."""
        directions, widths, values = _seen_at(estimates)
        apart = self._apart(directions)
        return PlacedEstimates(directions, widths, values, self._places, apart)

    def doubted(self, placed: PlacedEstimates, time: float) -> tuple[int, int, int]:
        """How many are seen less surely than before, how many are seen at all, and how many rest.

        A block that is not seen has been taken away or is hidden: that is no doubt.
        """
        values, places = placed.values, placed.places
        known = [n for n, place in enumerate(places) if self._is_known(place, time)]
        doubted = seen = 0
        for index in known:
            there = np.flatnonzero(placed.apart[index] < AT_PLACE)
            if there.size:
                seen += 1
                best = there[np.argmax(values[there, 0])]
                doubted += places[index].doubts(values[best])
        return doubted, seen, len(known)

    def learn(self, placed: PlacedEstimates, time: float) -> None:
        """Take the estimates of an image that is in order as ones before."""
        directions, widths, values = placed.directions, placed.widths, placed.values
        loops = any(time < place.seen_at for place in placed.places)  # a bag does
        kept = [
            n
            for n, place in enumerate(placed.places)
            if not loops and time - place.seen_at < FORGET_S
        ]
        self._places = [placed.places[n] for n in kept]
        for place in self._places:
            place.looks += 1
        order = [n for n in np.argsort(-values[:, 0]).tolist() if values[n, 0] >= LEAST_SCORE]
        fits = placed.apart[kept] < SAME_PLACE
        taken: list[int] = []
        for number in order:
            fits[taken, number] = False
            index = int(np.argmax(fits[:, number])) if len(fits) else 0
            if len(fits) and fits[index, number]:
                self._places[index].said.take(values[number])
                self._places[index].seen_at = time
                taken.append(index)
            elif len(self._places) < MOST_PLACES:
                said = RunningSpread(values[number])
                self._places.append(
                    _Place(
                        directions[number], float(widths[number]), said, began=time, seen_at=time
                    )
                )

    def _apart(self, directions: Array) -> Array:
        """Of places and directions, (P, N), how far they are apart, in widths of the places."""
        if not self._places:
            return np.zeros((0, len(directions)))
        places = np.array([place.direction for place in self._places])
        widths = np.array([place.width for place in self._places])
        chord = np.sqrt(np.maximum(2.0 - 2.0 * places @ directions.T, 0.0))
        return np.asarray(chord / widths[:, None])

    def _is_known(self, place: _Place, time: float) -> bool:
        return time - place.began >= self._learn_s and place.said.count >= SEEN_SHARE * place.looks


def _seen_at(estimates: Sequence[BlockEstimate]) -> tuple[Array, Array, Array]:
    """Directions, (N, 3), widths (rad), and what the network says: score, ln of the error, (N, 2)."""
    if not estimates:
        return np.zeros((0, 3)), np.zeros(0), np.zeros((0, 2))
    positions = np.array([one.pose.position for one in estimates])
    distances = np.linalg.norm(positions, axis=1)
    edges = np.array([one.edge for one in estimates])
    variances = np.array([np.diag(one.covariance)[:3].sum() for one in estimates])
    log_sigmas = 0.5 * np.log(np.maximum(variances, 1e-12) / edges**2)
    scores = np.array([one.score for one in estimates])
    return (
        positions / np.maximum(distances, 1e-6)[:, None],
        edges / np.maximum(distances, 1e-6),
        np.column_stack([scores, log_sigmas]),
    )
