"""Camera files as people have them: read, or named for what they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simreal_common.errors import CalibrationError
from simreal_common.imaging.camera_files import load_camera
from simreal_common.lenses.equidistant_lens import EQUIDISTANT
from simreal_common.lenses.perspective_lens import PERSPECTIVE

FAULTS = Path(__file__).resolve().parents[4] / "shared" / "faults" / "camera"
D435 = np.array([[610.0, 0, 321.5], [0, 611.0, 238.2], [0, 0, 1]])
WHOLE_YAML = """\
image_width: 640
image_height: 480
camera_name: test
camera_matrix: {rows: 3, cols: 3, data: [610.0, 0.0, 321.5, 0.0, 611.0, 238.2, 0.0, 0.0, 1.0]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [-0.2, 0.1, 0.0, 0.0, 0.0]}
"""
ECHO = """\
header:
  stamp:
    sec: 1
    nanosec: 0
  frame_id: camera
height: 480
width: 640
distortion_model: plumb_bob
d:
- -0.2
- 0.1
- 0.0
- 0.0
- 0.0
k: [610.0, 0.0, 325.5, 0.0, 611.0, 244.2, 0.0, 0.0, 1.0]
r: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
p: [600.0, 0.0, 320.0, 0.0, 0.0, 600.0, 240.0, 0.0, 0.0, 0.0, 1.0, 0.0]
binning_x: 0
binning_y: 0
roi:
  x_offset: 4
  y_offset: 6
  height: 470
  width: 630
  do_rectify: false
---
"""
OPENCV = """\
%YAML:1.0
---
calibration_time: "Thu 12 Nov 2026"
image_width: 640
image_height: 480
camera_matrix: !!opencv-matrix
   rows: 3
   cols: 3
   dt: d
   data: [ 610., 0., 3.2150e+02, 0.,
       611., 238.2, 0., 0., 1. ]
distortion_coefficients: !!opencv-nd-matrix
   sizes: [ 5 ]
   dt: d
   data: [ -0.2, 0.1, 0., 0., 0. ]
"""
KALIBR = """\
cam0:
  T_cam_imu:
  - [1.0, 0.0, 0.0, 0.0]
  - [0.0, 0.0, 0.0, 1.0]
  cam_overlaps: []
  camera_model: pinhole
  distortion_coeffs: [-0.0078, 0.0413, -0.0391, 0.0067]
  distortion_model: equidistant
  intrinsics: [380.5, 381.5, 370.0, 241.0]
  resolution: [752, 480]
  rostopic: /cam0/image_raw
"""


@pytest.mark.parametrize(
    "text",
    [
        WHOLE_YAML,
        OPENCV,
        OPENCV.replace("%YAML:1.0", "%YAML 1.0"),
        OPENCV.replace("camera_matrix", "Camera_Matrix").replace("image_w", "image_W"),
        OPENCV.replace("distortion_coefficients", "distCoeffs").replace("camera_m", "cameraM"),
        WHOLE_YAML.replace("distortion_model: plumb_bob\n", ""),
    ],
)
def test_files_of_one_camera(tmp_path: Path, text: str) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(text)
    camera = load_camera(path)
    assert (camera.width, camera.height, camera.lens) == (640, 480, PERSPECTIVE)
    np.testing.assert_allclose(camera.matrix, D435)
    np.testing.assert_allclose(camera.distortion, [-0.2, 0.1, 0, 0, 0])


OF_ROS_1 = ECHO.replace("\nd:", "\nD:").replace("\nk:", "\nK:").replace("\np:", "\nP:")


@pytest.mark.parametrize("text", [ECHO, ECHO + ECHO, OF_ROS_1])
def test_echoed_messages(tmp_path: Path, text: str) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(text)
    camera = load_camera(path)
    assert (camera.width, camera.height) == (630, 470)  # cut out
    np.testing.assert_allclose(camera.matrix, D435)
    assert load_camera(path, rectified=True).matrix[0, 0] == 600


def test_a_fisheye_of_kalibr(tmp_path: Path) -> None:
    path = tmp_path / "camchain.yaml"
    path.write_text(KALIBR)
    camera = load_camera(path)
    assert (camera.width, camera.height, camera.lens) == (752, 480, EQUIDISTANT)
    np.testing.assert_allclose(camera.matrix, [[380.5, 0, 370], [0, 381.5, 241], [0, 0, 1]])
    np.testing.assert_allclose(camera.distortion, [-0.0078, 0.0413, -0.0391, 0.0067])


def test_a_fisheye_of_opencv(tmp_path: Path) -> None:
    path = tmp_path / "camera.yml"
    path.write_text(
        OPENCV.replace("[ 5 ]", "[ 4 ]").replace("0., 0., 0. ]", "0., 0. ]") + "fisheye_model: 1\n"
    )
    assert load_camera(path).lens == EQUIDISTANT


@pytest.mark.skipif(not FAULTS.is_dir(), reason="the files are not in the repository")
@pytest.mark.parametrize(
    ("name", "coefficients"),
    [
        ("d12.yaml", 12),
        ("d14.yaml", 14),
        ("d14_tail0.yaml", 14),
        ("d5.yaml", 5),
        ("d5_named_rational.yaml", 5),
        ("empty_model.yaml", 5),
        ("opencv.yml", 5),
        ("echo.yaml", 0),
    ],
)
def test_files_of_others(name: str, coefficients: int) -> None:
    camera = load_camera(FAULTS / name)
    assert camera.distortion.size == coefficients
    assert camera.matrix[0, 0] == pytest.approx(612.027267974193)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "camera file .* cannot be read: No such file"),
        ("a: [", "not YAML"),
        ("hello", "holds no mapping; wanted a ROS camera_info YAML .*OpenCV.*Kalibr"),
        ("", "holds no mapping"),
        ("image_width: 640", "lacks image_height, camera_matrix, distortion_coefficients"),
        (WHOLE_YAML.replace("640", "wide"), "a value is not a number"),
        (WHOLE_YAML.replace("610.0, 0.0,", "610.0,"), "8 numbers: wanted 9"),
        (WHOLE_YAML.replace("plumb_bob", "magic"), "distortion model 'magic'"),
        (WHOLE_YAML.replace("610.0", "0.0"), "not calibrated"),
        (WHOLE_YAML.replace("610.0", ".inf"), "wanted a finite one"),
        (WHOLE_YAML.replace("610.0", "1" * 5000), "wanted one of 64 bits"),
        (WHOLE_YAML.replace("610.0", "2020-99-99"), "a value is not a number"),
        (WHOLE_YAML.replace("610.0", "!!python/name:os.system 1"), "got tag"),
        (WHOLE_YAML.replace("[610.0", "&a [*a"), "anchor or alias"),
        (WHOLE_YAML.replace("610.0", "[" * 3000), "nested deeper than"),
        (WHOLE_YAML.replace("640", "640.5"), "wanted a whole number of pixels"),
        (WHOLE_YAML.replace("640", "yes"), "wanted a whole number of pixels"),
        (WHOLE_YAML.replace("640", "100000"), "up to 32768"),
        (WHOLE_YAML + "#" * 100_000, "too large"),
        ('<?xml version="1.0"?>\n<opencv_storage>', "this is XML; wanted YAML"),
        ("# Prosilica\n\n[image]\n\nwidth\n640\n", "INI format; wanted YAML.*convert"),
        (ECHO.replace("  x_offset: 4", "  x_offset: no"), "wanted a whole number"),
        (ECHO[: ECHO.index("  x_offset")].replace("roi:", "roi: 7"), "roi holds no mapping"),
        (KALIBR.replace("pinhole", "omni"), "Kalibr camchain with camera_model 'omni'"),
        (KALIBR + KALIBR.replace("cam0", "cam1"), "camchain of 2 cameras .cam0, cam1.: wanted one"),
        (KALIBR.replace("resolution", "size"), "Kalibr camchain without resolution, 2 numbers"),
        (KALIBR.replace("[752, 480]", "[752, wide]"), "a value is not a number"),
        ("cam0: 7\n", "holds no mapping"),
        (WHOLE_YAML.replace("611.0", "-611.0"), "not calibrated"),
        (WHOLE_YAML.replace("610.0", "0.001"), "focal lengths 0.001, 611 .* wanted from 64 to"),
        (WHOLE_YAML.replace("610.0", "1e300"), "focal lengths 1e.300, 611 .* wanted from 64 to"),
        (WHOLE_YAML.replace("610.0", "64000"), "wanted alike"),
        (WHOLE_YAML.replace("321.5", "1e9"), "principal point 1e.09, 238.2 of an image of 640x480"),
        (WHOLE_YAML.replace("0.0, 0.0, 1.0]", "0.0, 0.0, 7.0]"), "wanted fx 0 cx, 0 fy cy, 0 0 1"),
        (WHOLE_YAML.replace("-0.2, 0.1", "1e30, 1e30"), "no lens bends 100 %"),
        (WHOLE_YAML.replace("-0.2, 0.1", "1000.0, 0.0"), "no lens bends"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, text: str | None, says: str) -> None:
    path = tmp_path / "camera.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(CalibrationError, match=says) as caught:
        load_camera(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 700
