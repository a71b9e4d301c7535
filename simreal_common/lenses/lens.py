"""A model of lenses, whatever its coefficients: all that a camera asks of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FLATTEST_RAY = 1e-3  # z of a ray of length 1 that `normalize` still keeps


@dataclass(frozen=True)
class Lens(ABC):
    """A model of lenses, entered in `registry.LENSES`; two of the same class are the same.

    Points are in the optical frame, metres, rays there of length 1; pixels have (0, 0) in the middle
    of the first one. `matrix` are the intrinsics K, (3, 3), `coefficients` those of one lens.

    Attributes:
        words: what it is, with an article.
        models: names of its distortion models, as ROS, Kalibr and drivers have them; in lower case and
            with `_`, for a name is looked up so, however its file writes it.
        counts: how many coefficients it may have, the fewest first: of an ideal lens they are that
            many zeros.
        largest_coefficient: that any of them may be; infinite where what it does to rays tells.
        least_good_share: of the image, where its distortion has to be one that a lens can have.
    """

    words: ClassVar[str]
    models: ClassVar[tuple[str, ...]]
    counts: ClassVar[tuple[int, ...]]
    largest_coefficient: ClassVar[float] = np.inf
    least_good_share: ClassVar[float] = 0.5

    @abstractmethod
    def ros_model(self, count: int) -> tuple[str, int]:
        """Name of the distortion model in ROS, and how many coefficients it wants there.

        Args:
            count: of coefficients that there are.
        """

    @abstractmethod
    def project(self, points: Array, matrix: Array, coefficients: Array) -> Array:
        """Points, (..., 3) -> pixels, (..., 2)."""

    @abstractmethod
    def rays(self, pixels: Array, matrix: Array, coefficients: Array) -> Array:
        """Pixels, (..., 2) -> rays, (..., 3)."""

    @abstractmethod
    def undistorted(self, rays: Array) -> Array:
        """Rays, (N, 3) -> how far from the axis an ideal lens shows them, focal lengths, (N,)."""

    @abstractmethod
    def rectified(self, size: tuple[int, int], matrix: Array, coefficients: Array) -> Array:
        """Intrinsics of the rectified image of that width and height, without black rims, (3, 3)."""

    def normalize(self, pixels: Array, matrix: Array, coefficients: Array) -> Array:
        """Pixels, (..., 2) -> plane at z = 1, same shape; what is beside the camera far out."""
        rays = self.rays(pixels, matrix, coefficients)
        return np.asarray(rays[..., :2] / np.maximum(rays[..., 2:], FLATTEST_RAY))

    def seen_from(
        self, rotation: Array, pinhole: Array, size: int, matrix: Array, coefficients: Array
    ) -> NDArray[np.float32]:
        """Pixels of a pinhole camera with the same centre -> pixels, (size, size, 2).

        Args:
            rotation: that camera's optical frame -> this one's, (3, 3).
            pinhole: its intrinsics, (3, 3).
            size: its pixels a side.
        """
        u, v = np.meshgrid(np.arange(size), np.arange(size))
        grid = np.stack([u, v, np.ones_like(u)], axis=-1)
        rays = grid @ np.linalg.inv(pinhole).T @ rotation.T
        return self.project(rays, matrix, coefficients).astype(np.float32)
