"""Has the image become blurred: out of focus, wet, fogged, or shaken all the time?"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_perception.monitoring.checks.check import Check, WatchedImage
from simreal_perception.monitoring.measures.baseline import Baseline
from simreal_perception.monitoring.measures.check_result import CheckResult
from simreal_perception.monitoring.measures.measurement import Grey
from simreal_perception.monitoring.measures.monitor_config import MonitorConfig
from simreal_perception.monitoring.measures.reference import Reference

LEAST_SHARE = 0.7  # of the sharpness before; as much of it does a change of scene leave
# Of the least sharp image of training: beyond that nobody has seen how the network does.
BEYOND = 0.85
LEAST_EDGES = 8.0  # levels a pixel: with lower edges noise is taken for sharpness
LEAST_SHARPNESS = 0.4  # where the card has no reference
# A blur lowers the gradients everywhere. What comes before the background, an arm say, changes them in
# some cells alone: as long as so many of those with texture have kept theirs nothing is blurred.
CELLS = (8, 6)  # columns, rows
TEXTURE = 1.0  # levels a pixel, root mean square of the gradients in a cell
KEPT, KEPT_CELLS = 0.8, 0.12  # of the gradients before; of the cells


class FocusCheck(Check):
    """Compares the height of fine edges, to that of coarse ones, with before and with training."""

    name = "focus"
    remedy = "focus the lens and lock it, clean it, or hold the camera still"

    def __init__(self, reference: Reference | None, config: MonitorConfig) -> None:
        self._least = LEAST_SHARPNESS
        if reference is not None:
            self._least = BEYOND * reference.statistics["sharpness"].lowest
        self._before = Baseline(config.learn_s)
        self._cells_before = Baseline(config.learn_s)

    def look(self, image: WatchedImage) -> CheckResult:
        measured = image.measured
        sharpness = measured.statistics["sharpness"]
        if measured.edges < LEAST_EDGES:
            return CheckResult(None, "no edge in the image is high enough")
        values = {"sharpness": sharpness}
        before = self._before.lately
        if image.rests and before is not None:
            usual = float(before[0])
            values["sharpness before"] = usual
            if sharpness < LEAST_SHARE * usual and not self._partly(measured.grey):
                return CheckResult(
                    True,
                    f"blurred: sharpness {sharpness:.2f}, it was {usual:.2f} before; wanted "
                    f"{LEAST_SHARE * usual:.2f} or more",
                    values,
                )
        if sharpness < self._least:
            return CheckResult(
                True,
                f"blurred: sharpness {sharpness:.2f}, wanted {self._least:.2f} or more as in training",
                values,
            )
        return CheckResult(False, "sharp", values)

    def learn(self, image: WatchedImage, time: float) -> None:
        measured = image.measured
        if measured.edges >= LEAST_EDGES:
            self._before.update(np.array([measured.statistics["sharpness"]]), time)
            self._cells_before.update(_gradients(measured.grey), time)

    def _partly(self, grey: Grey) -> bool:
        """Whether a part of the image is as sharp as before, to the right and down."""
        before = self._cells_before.lately
        if before is None:
            return False
        now = _gradients(grey)
        return all(
            bool((share[told] >= KEPT).mean() >= KEPT_CELLS)
            for share, told in zip(now / np.maximum(before, 1e-6), before >= TEXTURE, strict=True)
            if told.any()
        )


def _gradients(grey: Grey) -> NDArray[np.float64]:
    """Root mean square of the gradients in each cell, levels a pixel, to the right and down, (2, C)."""
    squares = [cv2.Sobel(grey, cv2.CV_32F, *way, scale=0.125) ** 2 for way in ((1, 0), (0, 1))]
    means = [cv2.resize(one, CELLS, interpolation=cv2.INTER_AREA).ravel() for one in squares]
    return np.sqrt(np.array(means, dtype=np.float64))
