"""What the detector network makes of an image inside, at a price that every image can pay."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_perception.model_files.detector_layer import DetectorLayer
from simreal_perception.model_files.model_card import ModelCard

SIZE_PX = (160, 128)  # width, height of the copy: multiples of the network's coarsest stride


class NetworkFeatures:
    """The features of small copies of images.

    Args:
        card, layer: see `DetectorLayer`.

    Raises:
        ModelError: a detector that has no such layer or cannot be run.
    """

    def __init__(self, card: ModelCard, layer: str) -> None:
        self._layer = DetectorLayer(card, layer)

    def of(self, rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
        """The features of an image, RGB uint8 (H, W, 3), shape (2 C,)."""
        return self._layer.features(cv2.resize(rgb, SIZE_PX, interpolation=cv2.INTER_AREA))
