"""Squares of the background: is each where it was, shifted by a little, or not to be found?

One step of inverse-compositional Lucas-Kanade (Baker and Matthews, 2004): the shift, gain and
offset that make a square what it was, by least squares. What is solved depends on the square as it
was alone, so that a look at all of them is one product of matrices.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_perception.monitoring.measures.measurement import Grey

SIDE_PX, GRID = 24, (8, 6)  # of the copy; columns and rows of squares, which may overlap
NOISE = 1.0  # levels, of the pixels of the copy
# A shift is told where its sigma, by the gradients, is so small; pixels of the copy.
LEAST_SIGMA_PX = 0.05
# Of the variance of a square, what it may differ by from the shifted one and still be the same.
MOST_RESIDUAL = 0.35
GAINS = (0.3, 3.0)  # of the light; beyond it is something else
TERMS = 4  # right, down, gain, offset


class BackgroundTiles:
    """Remembers the squares of a grey image that have edges.

    Args:
        grey: the image, as `prepared` makes it.

    Attributes:
        told: bool (T,), those whose shift edges tell, at least across them.
    """

    def __init__(self, grey: Grey) -> None:
        rows, columns = grey.shape
        places = [
            (row, column)
            for row in np.linspace(0, max(rows - SIDE_PX, 0), GRID[1]).astype(int).tolist()
            for column in np.linspace(0, max(columns - SIDE_PX, 0), GRID[0]).astype(int).tolist()
            if min(rows, columns) >= SIDE_PX
        ]
        count, pixels = len(places), SIDE_PX * SIDE_PX
        inside = np.arange(SIDE_PX)
        starts = np.array([row * columns + column for row, column in places], dtype=np.int64)
        self._index = starts[:, None] + (inside[:, None] * columns + inside).ravel()
        self._then = np.zeros((count, pixels), np.float32)
        self._columns = np.zeros((count, pixels, TERMS), np.float32)
        self._solve = np.zeros((count, TERMS, pixels), np.float32)
        self.told = np.zeros(count, dtype=bool)
        self.learn(grey, np.arange(count))

    def learn(self, grey: Grey, which: NDArray[np.int64]) -> None:
        """Remember some squares anew, by their numbers."""
        across = cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=0.125).ravel()
        down = cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=0.125).ravel()
        for number in which.tolist():
            index = self._index[number]
            then = grey.ravel()[index]
            gradient = np.column_stack([across[index], down[index]]).astype(np.float64)
            # Where gradients have one direction alone, a shift along the edges is not told: 0.
            tensor, turn = np.linalg.eigh(gradient.T @ gradient)
            kept = turn[:, NOISE / np.sqrt(np.maximum(tensor, 1e-9)) < LEAST_SIGMA_PX]
            columns = np.column_stack(
                [gradient @ (kept @ kept.T), then - then.mean(), np.ones(len(then))]
            )
            self._then[number], self._columns[number] = then, columns
            self._solve[number] = np.linalg.pinv(columns, rcond=1e-6)
            self.told[number] = kept.shape[1] > 0

    def shifts(self, grey: Grey) -> NDArray[np.float64]:
        """Where the squares are in an image of the same size.

        Returns:
            (T, 2), right and down from where they were, pixels of the copy; NaN where a square is not
            to be found; what edges do not tell is 0.
        """
        now = grey.ravel()[self._index]
        difference = now - self._then
        solved = np.matmul(self._solve, difference[..., None])
        left = difference - np.matmul(self._columns, solved)[..., 0]
        solved = solved[..., 0].astype(np.float64)
        residual = np.maximum(left.var(axis=1) - NOISE**2, 0.0)
        residual = residual / np.maximum(now.var(axis=1), NOISE**2)
        gain = 1.0 + solved[:, 2]
        found = (residual <= MOST_RESIDUAL) & (gain > GAINS[0]) & (gain < GAINS[1])
        # The image moves against its gradient; gradients grow with the gain.
        shifts = -solved[:, :2] / np.where(found, gain, 1.0)[:, None]
        shifts[~found] = np.nan
        return np.asarray(shifts)


def prepared(grey: Grey) -> Grey:
    """The copy that squares are cut from: half as large, smoothed, so that larger shifts are told."""
    half = cv2.resize(grey, (grey.shape[1] // 2, grey.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(half, (0, 0), 1.2), dtype=np.float32)
