"""The equidistant lens with four coefficients (Kannala and Brandt 2006), as cv2.fisheye has it.

A ray that leaves the axis by theta is seen theta (1 + k1 theta^2 + k2 theta^4 + k3 theta^6 +
k4 theta^8) focal lengths from the principal point. Rays may come from beside or from behind the camera,
which OpenCV's functions do not foresee.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.lenses.lens import Lens

Array = NDArray[np.float64]

ANGLES = np.linspace(0.0, np.pi, 2049)
BISECTIONS = 54  # halve pi to the precision of a double


def largest_angle(coefficients: Array) -> float:
    """Up to which angle (rad) from the axis the lens shows what is farther from it farther out."""
    slopes = np.ones_like(ANGLES)
    for order, coefficient in enumerate(coefficients, start=1):
        slopes = slopes + (2 * order + 1) * coefficient * ANGLES ** (2 * order)
    falling = np.flatnonzero(slopes <= 0)
    return float(ANGLES[falling[0] - 1] if falling.size else np.pi)


def bent(angles: Array, coefficients: Array) -> Array:
    """Angles from the axis (rad), any shape -> where they are seen, focal lengths from it."""
    square = angles**2
    total = np.ones_like(square)
    power = np.ones_like(square)
    for coefficient in coefficients:
        power = power * square
        total = total + coefficient * power
    return angles * total


def unbent(seen: Array, coefficients: Array) -> Array:
    """The inverse of `bent`; what lies farther out than the lens shows anything is at its edge."""
    low = np.zeros_like(seen)
    high = np.full_like(seen, largest_angle(coefficients))
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        beyond = bent(middle, coefficients) > seen
        low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
    return 0.5 * (low + high)


@dataclass(frozen=True)
class EquidistantLens(Lens):
    """A fisheye lens. Points may lie beside or behind the camera: what it does not show is put at its
    edge.
    """

    words = "a fisheye lens"
    models = ("equidistant", "fisheye", "kannala_brandt")
    counts = (4,)
    largest_coefficient = 1e3
    least_good_share = 0.25  # its picture may be a circle in the image

    def ros_model(self, count: int) -> tuple[str, int]:
        return "equidistant", count

    def project(self, points: Array, matrix: Array, coefficients: Array) -> Array:
        away = np.linalg.norm(points[..., :2], axis=-1)
        angle = np.minimum(np.arctan2(away, points[..., 2]), largest_angle(coefficients))
        share = bent(angle, coefficients) / np.maximum(away, 1e-300)
        places = np.asarray(points[..., :2] * share[..., None])
        return np.asarray(places * matrix[[0, 1], [0, 1]] + matrix[:2, 2])

    def rays(self, pixels: Array, matrix: Array, coefficients: Array) -> Array:
        places = (pixels - matrix[:2, 2]) / matrix[[0, 1], [0, 1]]
        seen = np.linalg.norm(places, axis=-1)
        angle = unbent(seen, coefficients)
        share = np.sin(angle) / np.maximum(seen, 1e-300)
        return np.concatenate([places * share[..., None], np.cos(angle)[..., None]], axis=-1)

    def undistorted(self, rays: Array) -> Array:
        return np.arctan2(np.linalg.norm(rays[:, :2], axis=1), rays[:, 2])

    def rectified(self, size: tuple[int, int], matrix: Array, coefficients: Array) -> Array:
        found = cv2.fisheye.estimateNewCameraMatrixForUndistortRectify(
            matrix, coefficients, size, np.eye(3), balance=0.0
        )
        return np.asarray(found, dtype=np.float64)


EQUIDISTANT = EquidistantLens()
