"""Is something before the lens: a cap, a cloth, a hand, a sticker over half of it?"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_perception.monitoring.checks.check import Check, WatchedImage
from simreal_perception.monitoring.measures.check_result import CheckResult
from simreal_perception.monitoring.measures.measurement import Grey
from simreal_perception.monitoring.measures.monitor_config import MonitorConfig
from simreal_perception.monitoring.measures.reference import Reference

CELL_PX = 8  # of the coarse copy: cells of 128 pixels in an image of 640
TEXTURED = 3.0  # levels: a cell whose grey values deviate by more shows something
LOST = 0.35  # of its deviation that a covered cell keeps at most
BEST, KEPT = 0.85, (0.2, 1.0)
MOST_LOST = 0.5  # of the cells that showed something: an arm hides fewer
LEAST_CELLS = 6
# Where something covers a part, so much of what is left is as it was; of a camera that was turned
# nothing is. A cell is as it was whose grey values correlate so much with those before.
LEAST_SAME, LEAST_ALIKE = 0.5, 0.5
LEAST_EDGES = 6.0  # levels a pixel: where the card has no reference
BEYOND = 0.4  # of what all but one in a hundred images of training have


class CoveredLensCheck(Check):
    """Compares what stands out in an image with training, and cell by cell with before."""

    name = "lens"
    remedy = "uncover and clean the lens"

    def __init__(self, reference: Reference | None, config: MonitorConfig) -> None:
        self._least = LEAST_EDGES
        if reference is not None:
            self._least = min(LEAST_EDGES, BEYOND * reference.edges.low)

    def look(self, image: WatchedImage) -> CheckResult:
        measured = image.measured
        values = {"height of edges": measured.edges}
        if measured.edges < self._least:
            return CheckResult(
                True,
                f"covered: nothing stands out in the image (edges of {measured.edges:.1f} levels, "
                f"wanted {self._least:.1f} or more)",
                values,
            )
        before = None if image.past is None else image.past.coarse(measured)
        if before is None:
            return CheckResult(False, "free", values)
        then, now, together = _deviations(before, measured.coarse)
        told = then > TEXTURED
        count = int(told.sum())
        if count < LEAST_CELLS:
            return CheckResult(False, "free", values)
        # Haze takes from all cells alike: what the best of them keep is the contrast of the light.
        kept = float(np.clip(np.quantile(now[told] / then[told], BEST), *KEPT))
        gone = told & (now < LOST * kept * then)
        lost, left = float(gone.sum()) / count, told & ~gone
        alike = together[left] > LEAST_ALIKE * then[left] * now[left]
        values["lost share"] = lost
        if lost > MOST_LOST and (not alike.size or alike.mean() >= LEAST_SAME):
            return CheckResult(
                True,
                f"partly covered: {100 * lost:.0f} % of what stood out in the image is gone, wanted "
                f"less than {100 * MOST_LOST:.0f} %",
                values,
            )
        return CheckResult(False, "free", values)


def _deviations(
    one: Grey, other: Grey
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Standard deviations of two grey images in each cell, and their covariance."""
    rows, columns = (side // CELL_PX for side in one.shape)
    size = (columns, rows)
    part, other_part = (grey[: rows * CELL_PX, : columns * CELL_PX] for grey in (one, other))

    def mean(values: Grey) -> Grey:
        return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), dtype=np.float32)

    means = mean(part), mean(other_part)
    squares = mean(part * part) - means[0] ** 2, mean(other_part * other_part) - means[1] ** 2
    first, second = (np.sqrt(np.maximum(square, 0.0)) for square in squares)
    return first, second, mean(part * other_part) - means[0] * means[1]
