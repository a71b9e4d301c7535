"""From what a calibration says (the fields of sensor_msgs/CameraInfo) to the camera of the images."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simreal_common.camera import HOW_TO_CALIBRATE, Camera, one_of
from simreal_common.errors import CalibrationError
from simreal_common.lenses.lens import Lens
from simreal_common.lenses.perspective_lens import PERSPECTIVE
from simreal_common.lenses.registry import LENSES, lens_of
from simreal_common.untrusted_text import shortened

Array = NDArray[np.float64]

NO_DISTORTION = "none"  # a distortion model, too

IDEAL: tuple[Array, Lens] = (np.zeros(0), PERSPECTIVE)  # of rectified images


class Region(NamedTuple):
    """A cut-out of the full image, pixels before binning; of size 0 the whole image."""

    x: int = 0
    y: int = 0
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class CameraCalibration:
    """A calibration as it is written down.

    Args:
        width, height: of the full image, as calibrated, pixels.
        k: intrinsics of the image as it comes, row by row, 9 numbers; all 0 where only `p` is known.
        d: coefficients of the distortion, any number.
        distortion_model: its name; where that is empty, the number of coefficients decides.
        p: projection of the rectified image, row by row, 12 numbers; empty: not known.
        binning: how many pixels across and down became one; 0 and 1 mean none.
        region: of interest, which was cut out.
    """

    width: int
    height: int
    k: ArrayLike
    d: ArrayLike
    distortion_model: str = ""
    p: ArrayLike = ()
    binning: tuple[int, int] = (0, 0)
    region: Region = field(default_factory=Region)

    def camera(self, *, rectified: bool = False) -> Camera:
        """The camera of the images as they come, or of rectified ones.

        Raises:
            CalibrationError: not calibrated, or not as any camera is.
        """
        matrix = _numbers(self.k, (9,), "camera matrix", "9 (3x3)").reshape(3, 3)
        if rectified:
            matrix, distortion, lens = self._projection("rectified images"), *IDEAL
        else:
            distortion, lens = bent_by(self.distortion_model, self.d)
            if not matrix.any() and np.any(self.p):
                if distortion.any():
                    raise CalibrationError(
                        "K is all zero, P and D are not: wanted K for images that are distorted; "
                        "where they are rectified set rectified: true"
                    )
                matrix, distortion, lens = self._projection("K is all zero"), *IDEAL
        return self._cut_and_binned(matrix, distortion, lens)

    def _projection(self, why: str) -> Array:
        """The left 3x3 of P."""
        projection = np.asarray(self.p, dtype=np.float64).reshape(-1)
        if projection.size != 12 or not projection.any():
            raise CalibrationError(
                f"{why}: wanted the projection matrix P, 12 numbers (3x4), got "
                f"{'zeros' if projection.size == 12 else projection.size}; {HOW_TO_CALIBRATE}"
            )
        return projection.reshape(3, 4)[:, :3]

    def _cut_and_binned(self, matrix: Array, distortion: Array, lens: Lens) -> Camera:
        """What is left of the camera of the full image by region of interest and binning."""
        region = self.region if any(self.region) else Region(0, 0, self.width, self.height)
        x, y, width, height = region
        if (
            not (x >= 0 and y >= 0 and width > 0 and height > 0)
            or x + width > self.width
            or y + height > self.height
        ):
            raise CalibrationError(
                f"a region of interest of {width}x{height} at {x}, {y} in an image of {self.width}x"
                f"{self.height}: wanted one inside it; width and height of a camera_info are those of "
                "the full image"
            )
        across, down = (max(count, 1) for count in self.binning)
        if across > width or down > height:
            raise CalibrationError(
                f"binning of {across}x{down} pixels in an image of {width}x{height}: wanted less"
            )
        # The middle of the first pixel of many is not that of the first of those it is made of.
        move = np.array(
            [
                [1 / across, 0, -(x + (across - 1) / 2) / across],
                [0, 1 / down, -(y + (down - 1) / 2) / down],
                [0, 0, 1],
            ]
        )
        # Where nothing is cut and binned, the numbers stay as they are.
        moved = matrix if (across, down, x, y) == (1, 1, 0, 0) else move @ matrix
        return Camera(width // across, height // down, moved, distortion, lens)


def bent_by(model: str, coefficients: ArrayLike) -> tuple[Array, Lens]:
    """Coefficients as `Camera` takes them, and of which lens they are.

    Raises:
        CalibrationError: a model that is not known, or a number of coefficients that it has not.
    """
    values = np.asarray(coefficients, dtype=np.float64).reshape(-1)
    name = model.strip().lower().replace(" ", "_")
    if name == NO_DISTORTION and values.any():
        raise CalibrationError(
            f"distortion model '{model}' with coefficients {shortened(str(values.tolist()))}: wanted "
            "none, or the name of their model; where images are rectified set rectified: true"
        )
    lens = PERSPECTIVE if name in ("", NO_DISTORTION) else lens_of(name)
    if lens is None:
        known = ", ".join((*(name for lens in LENSES for name in lens.models), NO_DISTORTION))
        raise CalibrationError(
            f"distortion model '{shortened(model)}': wanted one of {known}; calibrate the camera "
            "with one of these"
        )
    return _of_a_size(values, lens, model), lens


def _of_a_size(values: Array, lens: Lens, model: str) -> Array:
    """The coefficients without zeros that are too many at their end."""
    if (
        not values.any()
    ):  # drivers fill D with any number of zeros, or leave it empty: an ideal lens
        return np.zeros(lens.counts[0])
    sizes = tuple(count for count in lens.counts if count)
    if values.size in sizes:
        return values
    for size in sizes:
        if size < values.size and not values[size:].any():
            return values[:size]
    raise CalibrationError(
        f"{values.size} coefficients for distortion model '{shortened(model)}': wanted {one_of(sizes)}"
    )


def _numbers(values: ArrayLike, sizes: tuple[int, ...], what: str, wanted: str) -> Array:
    numbers = np.asarray(values, dtype=np.float64).reshape(-1)
    if numbers.size not in sizes:
        raise CalibrationError(f"{what} of {numbers.size} numbers: wanted {wanted}")
    return numbers
