"""What the sensor of the simulated cell's cameras does to an image.

Training images are sensed by another, with more effects: `simreal_sim/rendering/sensor_effects.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

RgbImage = NDArray[np.uint8]


@dataclass(frozen=True)
class SensorNoise:
    """What the sensor does to the image: blur (pixels), gain, Gaussian noise (of 255)."""

    blur_px: float = 0.5
    gain: float = 1.0
    stddev: float = 0.0
    seed: int = 0


def sense(rgb: RgbImage, noise: SensorNoise, rng: np.random.Generator) -> RgbImage:
    """What the sensor makes of an ideal image: blur, gain, noise."""
    if noise.blur_px > 0:
        rgb = np.asarray(cv2.GaussianBlur(rgb, (0, 0), noise.blur_px), dtype=np.uint8)
    image = rgb.astype(np.float32)
    image *= noise.gain
    if noise.stddev > 0:
        image += noise.stddev * rng.standard_normal(image.shape, dtype=np.float32)
    return np.asarray(np.clip(np.rint(image), 0, 255), dtype=np.uint8)
