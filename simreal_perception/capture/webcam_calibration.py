"""The calibration of webcam_node's images: from a file, or a guess from an angle of view."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError
from simreal_common.imaging.camera_files import load_camera
from simreal_common.resources import named_path

CalibrationOf = Callable[[int, int], Camera]


def calibration_of(file: str, field_of_view: float) -> CalibrationOf:
    """A function that gives the camera of images of a width and a height.

    Args:
        file: a calibration file; empty: an ideal lens of that angle of view.
        field_of_view: angle along the longer side of an image, radians.

    Raises:
        CalibrationError: the file is none.
    """
    if not file:
        return lambda width, height: guessed_camera(width, height, field_of_view)
    camera = load_camera(named_path("camera_file", file))

    def known(width: int, height: int) -> Camera:
        if (width, height) != (camera.width, camera.height):
            raise CalibrationError(
                f"images are {width}x{height}, {file} is for {camera.width}x{camera.height}: "
                "wanted the same size; set width and height, or calibrate at this size"
            )
        return camera

    return known


def guessed_camera(width: int, height: int, field_of_view: float) -> Camera:
    """An ideal camera with square pixels, centred.

    Args:
        width, height: of its images, pixels.
        field_of_view: angle along the longer side, radians.
    """
    focal = 0.5 * max(width, height) / math.tan(0.5 * field_of_view)
    matrix = [[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]]
    return Camera(width, height, np.array(matrix), np.zeros(0))
