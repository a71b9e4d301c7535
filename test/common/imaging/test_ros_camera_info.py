"""Cameras as CameraInfo messages, there and back again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sensor_msgs", reason="no ROS messages: install ROS 2 or embedded_ros2")

from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError
from simreal_common.imaging.ros_camera_info import camera_info_to_camera, camera_to_camera_info
from simreal_common.lenses.equidistant_lens import EQUIDISTANT
from simreal_common.lenses.perspective_lens import PERSPECTIVE

HEADER = Header(frame_id="camera_optical_frame")
MATRIX = np.array([[610.0, 0, 321.5], [0, 611.0, 238.2], [0, 0, 1]])


def info(**changes: Any) -> CameraInfo:
    message = camera_to_camera_info(Camera(640, 480, MATRIX, np.zeros(0)), HEADER)
    for name, value in changes.items():
        setattr(message.roi if hasattr(message.roi, name) else message, name, value)
    return message


@pytest.mark.parametrize(
    ("count", "model"),
    [
        (0, "plumb_bob"),
        (4, "plumb_bob"),
        (5, "plumb_bob"),
        (8, "rational_polynomial"),
        (12, "rational_polynomial"),
        (14, "rational_polynomial"),
        (-4, "equidistant"),
    ],
)
def test_camera_round_trip(count: int, model: str) -> None:
    coefficients = np.linspace(-0.1, 0.1, abs(count))
    camera = Camera(640, 480, MATRIX, coefficients, EQUIDISTANT if count < 0 else PERSPECTIVE)
    message = camera_to_camera_info(camera, HEADER)
    assert message.distortion_model == model
    back = camera_info_to_camera(message)
    assert (back.width, back.height, back.lens) == (640, 480, camera.lens)
    np.testing.assert_allclose(back.matrix, camera.matrix)
    points = np.array([[0.1, 0.1, 1.0], [-0.2, 0.1, 0.7]])
    np.testing.assert_allclose(back.project(points), camera.project(points))
    assert message.p[2] == pytest.approx(321.5)


def test_camera_info_without_calibration() -> None:
    with pytest.raises(CalibrationError, match="not calibrated"):
        camera_info_to_camera(CameraInfo(width=640, height=480))


def test_binning_and_region_are_read() -> None:
    message = info(binning_x=2, binning_y=2, x_offset=100, y_offset=60, width=640, height=480)
    message.roi.width, message.roi.height, message.width, message.height = 400, 300, 640, 480
    camera = camera_info_to_camera(message)
    assert (camera.width, camera.height) == (200, 150)
    np.testing.assert_allclose(
        camera.matrix, [[305, 0, (321.5 - 100.5) / 2], [0, 305.5, (238.2 - 60.5) / 2], [0, 0, 1]]
    )


def test_rectified_images_have_the_projection() -> None:
    message = info(p=[500.0, 0.0, 300.0, -20.0, 0.0, 500.0, 250.0, 0.0, 0.0, 0.0, 1.0, 0.0])
    assert camera_info_to_camera(message, rectified=True).matrix[0, 0] == 500
    assert camera_info_to_camera(message).matrix[0, 0] == 610
