"""Calibrations of images without a driver."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simreal_common.errors import CalibrationError
from simreal_perception.capture.webcam_calibration import calibration_of, guessed_camera


@given(width=st.integers(64, 4000), height=st.integers(64, 4000), angle=st.floats(0.2, 2.4))
def test_a_guess_has_its_angle_along_the_longer_side(width: int, height: int, angle: float) -> None:
    camera = guessed_camera(width, height, angle)
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    half = np.array([width / 2, 0]) if width >= height else np.array([0, height / 2])
    rays = [camera.normalize(middle + sign * half) for sign in (-1, 1)]
    angles = [np.arctan(np.linalg.norm(ray)) for ray in rays]
    assert sum(angles) == pytest.approx(angle, rel=1e-6)
    assert camera.matrix[0, 0] == camera.matrix[1, 1]


def test_a_file_is_for_its_size_alone(tmp_path: Path) -> None:
    file = tmp_path / "camera.yaml"
    file.write_text(
        "image_width: 64\nimage_height: 48\ndistortion_model: plumb_bob\n"
        "camera_matrix: {data: [60, 0, 32, 0, 60, 24, 0, 0, 1]}\n"
        "distortion_coefficients: {data: [0, 0, 0, 0, 0]}\n"
    )
    calibration = calibration_of(str(file), 1.0)
    assert calibration(64, 48).matrix[0, 0] == 60
    with pytest.raises(CalibrationError, match=r"images are 128x96, .* is for 64x48"):
        calibration(128, 96)
    with pytest.raises(CalibrationError, match="missing"):
        calibration_of(str(tmp_path / "missing.yaml"), 1.0)
