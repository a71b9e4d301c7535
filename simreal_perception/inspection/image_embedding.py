"""What the detector network makes of an image inside: features by which images are compared."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_perception.inspection.picture_features import shrunk
from simreal_perception.model_files.detector_layer import DetectorLayer, coarsest_layer
from simreal_perception.model_files.model_card import load_model_card

LONGEST_PX = 480
CELL = 32  # the network wants sides that are multiples of its coarsest stride


class ImageEmbedding:
    """The features of the detector's coarsest layer, of images in their own proportions.

    Args:
        model: as `load_model_card` takes it.
        threads: that compute.

    Raises:
        ModelError: no such model, or a detector without such a layer.
        ModuleNotFoundError: no onnx here, which reads the network's layers.
    """

    def __init__(self, model: str, threads: int = 2) -> None:
        card = load_model_card(model)
        self._layer = DetectorLayer(card, coarsest_layer(card), threads)

    def of(self, rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
        """The features of an image, RGB uint8 (H, W, 3), shape (2 C,)."""
        small = shrunk(rgb, LONGEST_PX)
        height, width = (max(side // CELL, 1) * CELL for side in small.shape[:2])
        return self._layer.features(
            cv2.resize(small, (width, height), interpolation=cv2.INTER_AREA)
        )
