"""What the images of a camera have been like so far, those that were in order."""

from __future__ import annotations

import cv2
import numpy as np

from simreal_perception.monitoring.measures.baseline import Baseline
from simreal_perception.monitoring.measures.measurement import Grey, Measurement

LEAST_DEVIATION = 0.5  # levels: an image that is more even than that is like no other


class PastImages:
    """Follows the images that were in order: the light of the last one, a small copy of the latest.

    Args:
        learn_s: seconds in which the copy is learned.

    Attributes:
        bright, clipped, brightness: of the last one `Measurement.bright`, `clipped` and mean
            brightness; 0 before there was one.
    """

    def __init__(self, learn_s: float) -> None:
        self._coarse = Baseline(learn_s)
        self.bright = self.clipped = self.brightness = 0.0

    def coarse(self, like: Measurement) -> Grey | None:
        """The usual `Measurement.coarse`; None where none is known, or of images of another size."""
        usual = self._coarse.lately
        if usual is None or usual.shape != like.coarse.shape:
            return None
        return usual.astype(np.float32)

    def likeness(self, measured: Measurement) -> float | None:
        """Correlation of an image with those before, -1 to 1; None where none are known."""
        usual = self.coarse(measured)
        return None if usual is None else correlation(usual, measured.coarse)

    def learn(self, measured: Measurement, time: float) -> None:
        """Take an image that is in order as one before."""
        self.bright, self.clipped = measured.bright, measured.clipped
        self.brightness = measured.statistics["brightness"]
        self._coarse.update(measured.coarse, time)


def correlation(one: Grey, other: Grey) -> float:
    """Of two grey images of a shape, -1 to 1; 0 where one of them is even."""
    if min(float(one.std()), float(other.std())) < LEAST_DEVIATION:
        return 0.0
    return float(cv2.matchTemplate(one, other, cv2.TM_CCOEFF_NORMED)[0, 0])
