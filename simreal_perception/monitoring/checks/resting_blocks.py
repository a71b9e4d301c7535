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


class RestingBlocks:
    """Remembers the blocks that rest, and counts those of which the network has become less sure.

    Args:
        learn_s: seconds that one must have rested.
    """

    def __init__(self, learn_s: float) -> None:
        self._learn_s = learn_s
        self._places: list[_Place] = []

    def doubted(self, estimates: Sequence[BlockEstimate], time: float) -> tuple[int, int, int]:
        """How many are seen less surely than before, how many are seen at all, and how many rest.

        A block that is not seen has been taken away or is hidden: that is no doubt.
        """
        known = [n for n, place in enumerate(self._places) if self._is_known(place, time)]
        if not known or not estimates:
            return 0, 0, len(known)
        directions, _, values = _told(estimates)
        apart = self._apart(directions)
        doubted = seen = 0
        for index in known:
            there = np.flatnonzero(apart[index] < AT_PLACE)
            if there.size:
                seen += 1
                best = there[np.argmax(values[there, 0])]
                doubted += self._places[index].doubts(values[best])
        return doubted, seen, len(known)

    def learn(self, estimates: Sequence[BlockEstimate], time: float) -> None:
        """Take the estimates of an image that is in order as ones before."""
        if self._places and time < max(place.seen_at for place in self._places):
            self._places = []  # a bag that loops
        self._places = [one for one in self._places if time - one.seen_at < FORGET_S]
        directions, widths, values = _told(estimates)
        for place in self._places:
            place.looks += 1
        order = [n for n in np.argsort(-values[:, 0]).tolist() if values[n, 0] >= LEAST_SCORE]
        fits = self._apart(directions) < SAME_PLACE
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


def _told(estimates: Sequence[BlockEstimate]) -> tuple[Array, Array, Array]:
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
