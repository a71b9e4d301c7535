"""The calibrated camera: intrinsics, lens distortion, projection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simreal_common.errors import CalibrationError
from simreal_common.lenses.lens import Lens
from simreal_common.lenses.perspective_lens import PERSPECTIVE
from simreal_common.untrusted_text import shortened

Array = NDArray[np.float64]

HOW_TO_CALIBRATE = "calibrate it (simreal calibrate camera) or give its calibration file"

# What a calibrated camera may have; what lies beyond comes of a mistake, and steps that work with it
# would compute for minutes. Focal lengths in longest sides of the image: from an angle of view of
# 157 degrees to one of half a degree.
LARGEST_SIDE_PX = 32_768
LEAST_FOCAL, LARGEST_FOCAL = 0.1, 100.0
LARGEST_ASPECT = 2.5  # of one focal length to the other: rows or columns alone may be binned
LARGEST_SHIFT = 10.0  # of the principal point out of the image, in sides: it may be a cut-out
LARGEST_SKEW = 0.01  # in focal lengths; OpenCV takes none into account
# A lens moves a point to between these shares of its distance from the axis, and can be undone to
# this share of the longest side. It need not hold in the corners, where polynomials go astray.
LEAST_STRETCH, LARGEST_STRETCH = 0.1, 4.0
UNDONE_SHARE = 0.005
LENS_GRID = 9  # points a side that are looked at


@dataclass(frozen=True, eq=False)
class Camera:
    """A calibrated camera.

    Args:
        width, height: image size, pixels.
        matrix: pinhole intrinsics K, pixels, shape (3, 3).
        distortion: coefficients of the lens, shape (N,): of a perspective one those of OpenCV, k1 k2 p1
            p2 [k3 [k4 k5 k6 [s1 s2 s3 s4 [tx ty]]]], or none; of an equidistant one (cv2.fisheye) k1 k2
            k3 k4.
        lens: its model.

    Raises:
        CalibrationError: sizes, intrinsics or a distortion that no calibrated camera has.
    """

    width: int
    height: int
    matrix: Array
    distortion: Array
    lens: Lens = PERSPECTIVE

    def __post_init__(self) -> None:
        matrix = np.array(self.matrix, dtype=np.float64)
        distortion = np.array(self.distortion, dtype=np.float64).reshape(-1)
        if not (0 < self.width <= LARGEST_SIDE_PX and 0 < self.height <= LARGEST_SIDE_PX):
            raise CalibrationError(
                f"image size {self.width}x{self.height} in the calibration: wanted a positive "
                f"width and height, up to {LARGEST_SIDE_PX}; {HOW_TO_CALIBRATE}"
            )
        if matrix.shape != (3, 3):
            raise CalibrationError(f"camera matrix of shape {matrix.shape}: wanted 3x3")
        if not np.isfinite(matrix).all() or matrix[0, 0] <= 0 or matrix[1, 1] <= 0:
            raise CalibrationError(
                f"the camera is not calibrated: focal lengths {matrix[0, 0]:g}, {matrix[1, 1]:g}, "
                f"wanted both above 0; {HOW_TO_CALIBRATE}"
            )
        counts, largest = self.lens.counts, self.lens.largest_coefficient
        if distortion.size not in counts or not np.isfinite(distortion).all():
            raise CalibrationError(
                f"{distortion.size} distortion coefficients {shortened(str(distortion.tolist()))}: "
                f"wanted {one_of(counts)} finite numbers"
            )
        if np.abs(distortion).max(initial=0.0) > largest:
            raise CalibrationError(
                f"coefficients {shortened(str(distortion.tolist()))} of {self.lens.words}: wanted at "
                f"most {largest:g} each; {HOW_TO_CALIBRATE}"
            )
        _check_intrinsics(self.width, self.height, matrix)
        object.__setattr__(self, "matrix", matrix)
        object.__setattr__(self, "distortion", distortion)
        if distortion.any():
            self._check_distortion()

    def _check_distortion(self) -> None:
        """Raise a CalibrationError unless the distortion can be undone in most of the image."""
        u, v = np.meshgrid(
            np.linspace(0, self.width - 1, LENS_GRID), np.linspace(0, self.height - 1, LENS_GRID)
        )
        pixels = np.stack([u, v], axis=-1).reshape(-1, 2)
        with np.errstate(all="ignore"):
            rays = self.rays(pixels)
            missed = np.linalg.norm(self.project(rays) - pixels, axis=1)
            focal, center = self.matrix[[0, 1], [0, 1]], self.matrix[:2, 2]
            seen = np.linalg.norm((pixels - center) / focal, axis=1)
            stretch = seen / self.lens.undistorted(rays)
        good = (
            (missed < UNDONE_SHARE * max(self.width, self.height))
            & (stretch > LEAST_STRETCH)
            & (stretch < LARGEST_STRETCH)
        )
        good |= seen < 1e-6  # on the axis there is nothing to stretch
        if good.mean() < self.lens.least_good_share:
            raise CalibrationError(
                f"distortion coefficients {shortened(str(self.distortion.tolist()))}: no lens bends "
                f"{100 * (1 - good.mean()):.0f} % of its image so; {HOW_TO_CALIBRATE}"
            )

    @staticmethod
    def pinhole(width: int, height: int, horizontal_fov: float) -> Camera:
        """Ideal camera with square pixels, centred; `horizontal_fov` in radians."""
        focal = 0.5 * width / np.tan(0.5 * horizontal_fov)
        matrix = [[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]]
        return Camera(width, height, np.array(matrix), np.zeros(0))

    def project(self, points: ArrayLike) -> Array:
        """Points in the optical frame, metres, shape (..., 3) -> pixels, shape (..., 2).

        The centre of the top left pixel is (0, 0). Points must lie in front of the camera; before a
        fisheye lens they may lie beside it, too.
        """
        points = np.asarray(points, dtype=np.float64)
        return self.lens.project(points, self.matrix, self.distortion)

    def normalize(self, pixels: ArrayLike) -> Array:
        """Pixels, shape (..., 2) -> ideal image plane at z = 1, undistorted, same shape.

        What a fisheye lens sees beside the camera is not on that plane, and is put far out.
        """
        pixels = np.asarray(pixels, dtype=np.float64)
        return self.lens.normalize(pixels, self.matrix, self.distortion)

    def rays(self, pixels: ArrayLike) -> Array:
        """Pixels, shape (..., 2) -> directions of length 1 in the optical frame, shape (..., 3)."""
        pixels = np.asarray(pixels, dtype=np.float64)
        return self.lens.rays(pixels, self.matrix, self.distortion)

    def seen_from(self, rotation: Array, matrix: Array, size: int) -> NDArray[np.float32]:
        """Where in the image the pixels of a pinhole camera with the same centre are.

        Args:
            rotation: that camera's optical frame -> this one's, (3, 3).
            matrix: its intrinsics, (3, 3).
            size: its pixels a side.

        Returns:
            Pixels of this camera, shape (size, size, 2).
        """
        return self.lens.seen_from(rotation, matrix, size, self.matrix, self.distortion)


def one_of(counts: tuple[int, ...]) -> str:
    """Numbers in words: "4, 5 or 8"."""
    *most, last = map(str, counts)
    return f"{', '.join(most)} or {last}" if most else last


def _check_intrinsics(width: int, height: int, matrix: Array) -> None:
    """Raise a CalibrationError unless a camera of that image may have them."""
    fx, fy, (cx, cy) = matrix[0, 0], matrix[1, 1], matrix[:2, 2]
    longest = max(width, height)
    if not all(LEAST_FOCAL * longest <= f <= LARGEST_FOCAL * longest for f in (fx, fy)):
        # Some programs write intrinsics as shares of the image's width and height.
        mend = (
            f"they look normalised: multiply the first row by {width} and the second by {height}"
            if 0 < cx <= 1 and 0 < cy <= 1
            else HOW_TO_CALIBRATE
        )
        raise CalibrationError(
            f"focal lengths {fx:g}, {fy:g} pixels for an image of {width}x{height}, which no lens "
            f"has: wanted from {LEAST_FOCAL * longest:g} to {LARGEST_FOCAL * longest:g}; {mend}"
        )
    if not 1 / LARGEST_ASPECT <= fx / fy <= LARGEST_ASPECT:
        raise CalibrationError(
            f"focal lengths {fx:g}, {fy:g} pixels: wanted alike, at most {LARGEST_ASPECT:g} times "
            f"as long; {HOW_TO_CALIBRATE}"
        )
    if not all(
        -LARGEST_SHIFT * side <= c <= (1 + LARGEST_SHIFT) * side
        for c, side in ((cx, width), (cy, height))
    ):
        raise CalibrationError(
            f"principal point {cx:g}, {cy:g} of an image of {width}x{height}: wanted in the image "
            f"or near it; {HOW_TO_CALIBRATE}"
        )
    if (
        abs(matrix[0, 1]) > LARGEST_SKEW * fx
        or matrix[1, 0] != 0
        or matrix[2].tolist() != [0, 0, 1]
    ):
        raise CalibrationError(
            f"camera matrix {matrix.tolist()}: wanted fx 0 cx, 0 fy cy, 0 0 1; {HOW_TO_CALIBRATE}"
        )
