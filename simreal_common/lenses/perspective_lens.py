"""The perspective lens with up to 14 coefficients, as OpenCV has it (Brown and Conrady and on)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.lenses.lens import Lens

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PerspectiveLens(Lens):
    """Straight lines stay straight where it is ideal. Points must lie in front of the camera.

    The coefficients are k1 k2 p1 p2, k3, k4 k5 k6 (rational), s1 s2 s3 s4 (thin prism), tx ty (tilt):
    each model is the one before it with more of them, and none are those of an ideal lens.
    """

    words = "a perspective lens"
    # These names say no more than how many coefficients there are.
    models = ("plumb_bob", "rational_polynomial", "radtan", "brown_conrady", "thin_prism")
    counts = (0, 4, 5, 8, 12, 14)

    def ros_model(self, count: int) -> tuple[str, int]:
        return ("rational_polynomial", count) if count > 5 else ("plumb_bob", 5)

    def project(self, points: Array, matrix: Array, coefficients: Array) -> Array:
        if not coefficients.any():  # OpenCV would take derivatives as well: fifty times as long
            depth = np.where(points[..., 2:] == 0, 1.0, points[..., 2:])
            return points[..., :2] / depth * matrix[[0, 1], [0, 1]] + matrix[:2, 2]
        flat = np.ascontiguousarray(points.reshape(-1, 1, 3))
        zero = np.zeros(3)
        pixels, _ = cv2.projectPoints(flat, zero, zero, matrix, coefficients)
        return np.asarray(pixels, dtype=np.float64).reshape(*points.shape[:-1], 2)

    def rays(self, pixels: Array, matrix: Array, coefficients: Array) -> Array:
        points = self.normalize(pixels, matrix, coefficients)
        ahead = np.concatenate([points, np.ones((*points.shape[:-1], 1))], axis=-1)
        return np.asarray(ahead / np.linalg.norm(ahead, axis=-1, keepdims=True))

    def undistorted(self, rays: Array) -> Array:
        return np.asarray(np.linalg.norm(rays[:, :2], axis=1) / rays[:, 2])

    def rectified(self, size: tuple[int, int], matrix: Array, coefficients: Array) -> Array:
        found, _ = cv2.getOptimalNewCameraMatrix(matrix, coefficients, size, 0.0)
        return np.asarray(found, dtype=np.float64)

    def normalize(self, pixels: Array, matrix: Array, coefficients: Array) -> Array:
        flat = np.ascontiguousarray(pixels.reshape(-1, 1, 2))
        criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 40, 1e-10)
        # OpenCV 5 folded the variant with a stopping criterion into undistortPoints.
        undistort = getattr(cv2, "undistortPointsIter", cv2.undistortPoints)
        rays = undistort(flat, matrix, coefficients, R=np.eye(3), P=np.eye(3), criteria=criteria)
        return np.asarray(rays, dtype=np.float64).reshape(pixels.shape)

    def seen_from(
        self, rotation: Array, pinhole: Array, size: int, matrix: Array, coefficients: Array
    ) -> NDArray[np.float32]:
        pixels, _ = cv2.initUndistortRectifyMap(
            matrix, coefficients, rotation.T, pinhole, (size, size), cv2.CV_32FC2
        )
        return np.asarray(pixels, dtype=np.float32)


PERSPECTIVE = PerspectiveLens()
