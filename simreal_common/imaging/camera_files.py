"""Calibration files: ROS camera_info YAML, echoed messages, OpenCV's FileStorage, Kalibr's camchain."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError, MessageError
from simreal_common.imaging.camera_calibration import CameraCalibration, Region
from simreal_common.untrusted_text import parse_yaml, read_text, shortened

KNOWN = (
    "a ROS camera_info YAML (as camera_calibration writes it, or as ros2 topic echo prints it), an "
    "OpenCV FileStorage YAML or a Kalibr camchain"
)
# Names of one thing, without case and underscores: of ROS files, of messages of both generations (k
# and K), of OpenCV's samples and of Kalibr. The first is the one that errors name.
NAMES = {
    "image_width": ("imagewidth", "width"),
    "image_height": ("imageheight", "height"),
    "camera_matrix": ("cameramatrix", "k", "intrinsicmatrix"),
    "distortion_coefficients": (
        "distortioncoefficients", "distcoeffs", "distortioncoeffs", "distcoefs", "d",
    ),
    "distortion_model": ("distortionmodel",),
    "fisheye_model": ("fisheyemodel",),
    "projection_matrix": ("projectionmatrix", "p"),
    "binning_x": ("binningx",),
    "binning_y": ("binningy",),
    "roi": ("roi",),
}  # fmt: skip
NEEDED = ("image_width", "image_height", "camera_matrix", "distortion_coefficients")
# FileStorage begins with a directive that is no YAML, and tags its matrices.
DIRECTIVE = re.compile(r"\A\ufeff?%YAML[^\n]*\n")
MATRIX_TAG = re.compile(r"!!opencv-(nd-)?matrix\b")
SEPARATOR = re.compile(r"^---[ \t]*$", re.MULTILINE)  # after each message that is echoed
INI_SECTION = re.compile(r"^\[(image|externals|camera matrix)\]", re.MULTILINE)
KALIBR_CAMERA = re.compile(r"cam\d+")
KALIBR_SIZES = {"intrinsics": 4, "resolution": 2}


def load_camera(path: str | Path, *, rectified: bool = False) -> Camera:
    """The camera of a calibration file.

    Args:
        rectified: the images are rectified: its projection matrix holds, and no distortion.

    Raises:
        CalibrationError: the file is missing, is no such file, or holds no calibration.
    """
    path = Path(path)
    try:
        text = read_text(path)
    except MessageError as error:
        raise CalibrationError(f"camera file {error}; wanted {KNOWN}") from error
    try:
        return parse_camera(text, rectified=rectified)
    except CalibrationError as error:
        raise CalibrationError(f"{path}: {error}") from error


def parse_camera(text: str, *, rectified: bool = False) -> Camera:
    """The camera of a calibration file's text; see `load_camera`.

    Raises:
        CalibrationError: it is no such text, or holds no calibration.
    """
    try:
        return _calibration(text).camera(rectified=rectified)
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise CalibrationError(f"a value is not a number ({shortened(str(error))})") from error


def _calibration(text: str) -> CameraCalibration:
    """What a file says, of whichever kind it is."""
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        raise CalibrationError(
            "this is XML; wanted YAML: let OpenCV write a name that ends in .yaml"
        )
    if INI_SECTION.search(text):
        raise CalibrationError(
            "this is a camera file in ROS's INI format; wanted YAML: ros2 run "
            "camera_calibration_parsers convert camera.ini camera.yaml"
        )
    plain = MATRIX_TAG.sub("", DIRECTIVE.sub("", text))
    documents = [part for part in SEPARATOR.split(plain) if part.strip()]
    try:
        content = parse_yaml(documents[0] if documents else "")
    except MessageError as error:
        raise CalibrationError(f"{error}; wanted {KNOWN}") from error
    if not isinstance(content, Mapping):
        raise CalibrationError(f"it holds no mapping; wanted {KNOWN}")
    cameras = [name for name in map(str, content) if KALIBR_CAMERA.fullmatch(name)]
    if cameras:
        return _of_kalibr(content, cameras)
    return _of_names(content)


def _of_names(content: Mapping[Any, Any]) -> CameraCalibration:
    short = {str(name).lower().replace("_", ""): value for name, value in content.items()}
    found = {
        name: short[other]
        for name, others in NAMES.items()
        for other in reversed(others)
        if other in short
    }
    missing = [name for name in NEEDED if name not in found]
    if missing:
        raise CalibrationError(f"it lacks {', '.join(missing)}; wanted {KNOWN}")
    roi = found.get("roi") or {}
    if not isinstance(roi, Mapping):
        raise CalibrationError("roi holds no mapping; wanted x_offset, y_offset, width and height")
    model = str(found.get("distortion_model") or "")
    return CameraCalibration(
        width=_whole(found["image_width"]),
        height=_whole(found["image_height"]),
        k=_data(found["camera_matrix"]),
        d=_data(found["distortion_coefficients"]),
        distortion_model="fisheye" if not model and found.get("fisheye_model") else model,
        p=_data(found.get("projection_matrix", ())),
        binning=(_whole(found.get("binning_x", 0)), _whole(found.get("binning_y", 0))),
        region=Region(
            *(_whole(roi.get(name, 0)) for name in ("x_offset", "y_offset", "width", "height"))
        ),
    )


def _of_kalibr(content: Mapping[Any, Any], cameras: list[str]) -> CameraCalibration:
    if len(cameras) != 1:
        raise CalibrationError(
            f"a Kalibr camchain of {len(cameras)} cameras ({shortened(', '.join(cameras))}): wanted "
            "one; leave the others out"
        )
    camera = content[cameras[0]]
    if not isinstance(camera, Mapping):
        raise CalibrationError(f"{cameras[0]} of a Kalibr camchain holds no mapping")
    if camera.get("camera_model") != "pinhole":
        raise CalibrationError(
            f"a Kalibr camchain with camera_model '{shortened(str(camera.get('camera_model')))}': "
            "wanted pinhole; calibrate with pinhole-radtan or pinhole-equi"
        )
    for name, size in KALIBR_SIZES.items():
        if not isinstance(camera.get(name), list) or len(camera[name]) != size:
            raise CalibrationError(f"a Kalibr camchain without {name}, {size} numbers")
    fx, fy, cx, cy = camera["intrinsics"]
    width, height = camera["resolution"]
    return CameraCalibration(
        width=_whole(width),
        height=_whole(height),
        k=_data([fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0]),
        d=_data(camera.get("distortion_coeffs") or ()),
        distortion_model=str(camera.get("distortion_model") or ""),
    )


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise ValueError(f"{shortened(str(value))}, wanted a whole number of pixels")
    return value


def _data(entry: Any) -> NDArray[np.float64]:
    values = entry["data"] if isinstance(entry, Mapping) else entry
    return np.asarray(values, dtype=np.float64).reshape(-1)
