"""A camera whose images cost nothing: coloured boxes on a table, an arm that passes, noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest

Image = np.ndarray
Fault = Callable[[Image], Image]


class PlainCamera:
    """Gives images of a scene.

    Args:
        seed: of the scene.
    """

    width, height = 320, 240

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.scene = np.full((self.height, self.width, 3), (150, 140, 130), np.uint8)
        for _ in range(40):
            x, y = rng.integers(0, self.width), rng.integers(0, self.height)
            w, h = rng.integers(8, 40, size=2)
            color = rng.integers(40, 210, size=3).tolist()
            box = cv2.boxPoints(((float(x), float(y)), (float(w), float(h)), rng.uniform(0, 90)))
            cv2.fillConvexPoly(self.scene, box.astype(np.int32), color, cv2.LINE_AA)
        self._noise = (2.5 * rng.standard_normal((8, *self.scene.shape))).astype(np.int8)

    def image(self, index: int, fault: Fault | None = None) -> Image:
        """The image of a number: an arm passes, a lamp flickers."""
        image = self.scene.copy()
        x = int(self.width * (0.5 + 0.4 * np.sin(index / 9.0)))
        cv2.line(image, (x, 0), (x + 20, 150), (90, 90, 95), 18, cv2.LINE_AA)
        image = cv2.convertScaleAbs(image, alpha=1.0 + 0.02 * np.sin(index))
        if fault is not None:
            image = fault(image)
        return cv2.add(image, self._noise[index % len(self._noise)], dtype=cv2.CV_8U)

    def images(
        self, rate: float, seconds: float, start: float = 0.0, fault: Fault | None = None
    ) -> Iterator[tuple[float, Image]]:
        """Times and images."""
        for index in range(round(rate * seconds)):
            number = index + round(rate * start)
            yield number / rate, self.image(number, fault)


@pytest.fixture
def plain_camera() -> PlainCamera:
    return PlainCamera()


@pytest.fixture
def another_camera() -> PlainCamera:
    """Of another scene."""
    return PlainCamera(5)
