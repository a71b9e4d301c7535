"""The calibrated camera: intrinsics, lens distortion, projection; ROS camera_info YAML files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from simreal_common.errors import CalibrationError, MessageError
from simreal_common.untrusted_text import parse_yaml, read_text, shortened

Array = NDArray[np.float64]

# Number of coefficients OpenCV takes for each ROS distortion model.
DISTORTION_MODELS = {"plumb_bob": (4, 5), "rational_polynomial": (8,), "none": (0,)}

HOW_TO_CALIBRATE = (
    "calibrate it (ros2 run camera_calibration cameracalibrator) or give its calibration file"
)

# What a calibrated camera may have; what lies beyond comes of a mistake, and steps that work with it
# would compute for minutes. Focal lengths in longest sides of the image: from an angle of view of
# 157 degrees to one of half a degree.
LARGEST_SIDE_PX = 32_768
LEAST_FOCAL, LARGEST_FOCAL = 0.1, 100.0
LARGEST_ASPECT = 2.0  # of one focal length to the other
LARGEST_SHIFT = 10.0  # of the principal point out of the image, in sides: it may be a cut-out
LARGEST_SKEW = 0.01  # in focal lengths; OpenCV takes none into account
# A lens moves a point to between these shares of its distance from the axis, and can be undone to
# this share of the longest side. It need not hold in the corners, where polynomials go astray.
LEAST_STRETCH, LARGEST_STRETCH = 0.1, 4.0
UNDONE_SHARE = 0.005
LEAST_GOOD_SHARE = 0.5  # of the image
LENS_GRID = 9  # points a side that are looked at


@dataclass(frozen=True, eq=False)
class Camera:
    """A calibrated camera.

    Args:
        width, height: image size, pixels.
        matrix: pinhole intrinsics K, pixels, shape (3, 3).
        distortion: OpenCV coefficients (k1 k2 p1 p2 [k3 [k4 k5 k6]]), shape (0,), (4,), (5,), (8,).

    Raises:
        CalibrationError: sizes, intrinsics or a distortion that no calibrated camera has.
    """

    width: int
    height: int
    matrix: Array
    distortion: Array

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
        if distortion.size not in (0, 4, 5, 8) or not np.isfinite(distortion).all():
            raise CalibrationError(
                f"{distortion.size} distortion coefficients {shortened(str(distortion.tolist()))}: "
                "wanted 0, 4, 5 or 8 finite numbers"
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
            rays = self.normalize(pixels)
            back = self.project(np.concatenate([rays, np.ones((len(rays), 1))], axis=1))
            focal, center = self.matrix[[0, 1], [0, 1]], self.matrix[:2, 2]
            seen = np.linalg.norm((pixels - center) / focal, axis=1)
            stretch = seen / np.linalg.norm(rays, axis=1)
            missed = np.linalg.norm(back - pixels, axis=1)
        good = (
            (missed < UNDONE_SHARE * max(self.width, self.height))
            & (stretch > LEAST_STRETCH)
            & (stretch < LARGEST_STRETCH)
        )
        good |= seen < 1e-6  # on the axis there is nothing to stretch
        if good.mean() < LEAST_GOOD_SHARE:
            raise CalibrationError(
                f"distortion coefficients {self.distortion.tolist()}: no lens bends "
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

        The centre of the top left pixel is (0, 0). Points must lie in front of the camera.
        """
        points = np.asarray(points, dtype=np.float64)
        flat = np.ascontiguousarray(points.reshape(-1, 1, 3))
        zero = np.zeros(3)
        pixels, _ = cv2.projectPoints(flat, zero, zero, self.matrix, self.distortion)
        return np.asarray(pixels, dtype=np.float64).reshape(*points.shape[:-1], 2)

    def normalize(self, pixels: ArrayLike) -> Array:
        """Pixels, shape (..., 2) -> ideal image plane at z = 1, undistorted, same shape."""
        pixels = np.asarray(pixels, dtype=np.float64)
        flat = np.ascontiguousarray(pixels.reshape(-1, 1, 2))
        criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 40, 1e-10)
        # OpenCV 5 folded the variant with a stopping criterion into undistortPoints.
        undistort = getattr(cv2, "undistortPointsIter", cv2.undistortPoints)
        rays = undistort(
            flat, self.matrix, self.distortion, R=np.eye(3), P=np.eye(3), criteria=criteria
        )
        return np.asarray(rays, dtype=np.float64).reshape(pixels.shape)

    @staticmethod
    def from_ros(
        width: int, height: int, k: ArrayLike, d: ArrayLike, distortion_model: str
    ) -> Camera:
        """From the fields of a sensor_msgs/CameraInfo (or its YAML file).

        Raises:
            CalibrationError: not calibrated (K all zero), or a distortion model not known.
        """
        model = distortion_model or "none"
        coefficients = np.asarray(d, dtype=np.float64).reshape(-1)
        if model not in DISTORTION_MODELS:
            raise CalibrationError(
                f"distortion model '{shortened(model)}': wanted one of {', '.join(DISTORTION_MODELS)}; "
                "calibrate the camera with one of these"
            )
        # Drivers of cameras without distortion leave D empty, or fill it with any number of zeros.
        if not coefficients.any():
            coefficients = np.zeros(0)
        elif coefficients.size not in DISTORTION_MODELS[model]:
            raise CalibrationError(
                f"{coefficients.size} coefficients for distortion model '{model}': wanted "
                f"{' or '.join(map(str, DISTORTION_MODELS[model]))}"
            )
        matrix = np.asarray(k, dtype=np.float64).reshape(-1)
        if matrix.size != 9:
            raise CalibrationError(f"camera matrix of {matrix.size} numbers: wanted 9 (3x3)")
        return Camera(int(width), int(height), matrix.reshape(3, 3), coefficients)


def _check_intrinsics(width: int, height: int, matrix: Array) -> None:
    """Raise a CalibrationError unless a camera of that image may have them."""
    fx, fy, (cx, cy) = matrix[0, 0], matrix[1, 1], matrix[:2, 2]
    longest = max(width, height)
    if not all(LEAST_FOCAL * longest <= f <= LARGEST_FOCAL * longest for f in (fx, fy)):
        raise CalibrationError(
            f"focal lengths {fx:g}, {fy:g} pixels for an image of {width}x{height}: wanted from "
            f"{LEAST_FOCAL * longest:g} to {LARGEST_FOCAL * longest:g}; {HOW_TO_CALIBRATE}"
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


def load_camera(path: str | Path) -> Camera:
    """Read a ROS camera_info YAML file (as camera_calibration_parsers writes it).

    Raises:
        CalibrationError: the file is missing, is not such a file, or holds no calibration.
    """
    path = Path(path)
    try:
        text = read_text(path)
    except MessageError as error:
        raise CalibrationError(f"camera file {error}; wanted a ROS camera_info YAML") from error
    try:
        content = parse_yaml(text)
    except MessageError as error:
        raise CalibrationError(
            f"{path}: {error}; wanted a ROS camera_info YAML, as camera_calibration writes it"
        ) from error
    if not isinstance(content, Mapping):
        raise CalibrationError(f"{path} holds no mapping; wanted a ROS camera_info YAML")
    needed = ("image_width", "image_height", "camera_matrix", "distortion_coefficients")
    missing = [key for key in needed if key not in content]
    if missing:
        raise CalibrationError(
            f"{path} lacks {', '.join(missing)}; wanted a ROS camera_info YAML with these keys"
        )
    try:
        return Camera.from_ros(
            _side(content["image_width"]),
            _side(content["image_height"]),
            _data(content["camera_matrix"]),
            _data(content["distortion_coefficients"]),
            str(content.get("distortion_model", "plumb_bob")),
        )
    except CalibrationError as error:
        raise CalibrationError(f"{path}: {error}") from error
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise CalibrationError(
            f"{path}: a value is not a number ({shortened(str(error))})"
        ) from error


def _side(value: Any) -> int:
    if type(value) is not int:
        raise ValueError(f"image size {shortened(str(value))}, wanted a whole number of pixels")
    return value


def _data(entry: Any) -> Array:
    values = entry["data"] if isinstance(entry, Mapping) else entry
    return np.asarray(values, dtype=np.float64)
