"""The camera model against the pinhole formula, its own inverse, and files that people give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simreal_common.camera import Camera, load_camera
from simreal_common.errors import CalibrationError

D435 = np.array([[610.0, 0, 321.5], [0, 611.0, 238.2], [0, 0, 1]])
DISTORTIONS = {
    "none": [],
    "four": [-0.24, 0.11, -0.003, 0.0001],
    "five": [-0.2378, 0.1111, -0.00313, 0.000116, -0.0331],
    "eight": [0.1, -0.05, 0.001, -0.0005, 0.01, 0.12, -0.03, 0.005],
}
WHOLE_YAML = """\
image_width: 640
image_height: 480
camera_name: test
camera_matrix: {rows: 3, cols: 3, data: [610.0, 0.0, 321.5, 0.0, 611.0, 238.2, 0.0, 0.0, 1.0]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [-0.2, 0.1, 0.0, 0.0, 0.0]}
"""


def test_pinhole_projects_by_the_formula() -> None:
    camera = Camera(640, 480, D435, np.zeros(0))
    pixels = camera.project([[0.1, -0.2, 0.8], [0.0, 0.0, 1.0]])
    expected = [[610 * 0.125 + 321.5, 611 * -0.25 + 238.2], [321.5, 238.2]]
    np.testing.assert_allclose(pixels, expected, atol=1e-9)


@pytest.mark.parametrize("name", DISTORTIONS)
@given(u=st.floats(20, 620), v=st.floats(20, 460), depth=st.floats(0.1, 5.0))
def test_normalize_undoes_project(name: str, u: float, v: float, depth: float) -> None:
    camera = Camera(640, 480, D435, np.array(DISTORTIONS[name]))
    ray = camera.normalize([u, v])
    point = np.append(ray, 1.0) * depth
    np.testing.assert_allclose(camera.project(point), [u, v], atol=1e-3)


def test_shapes_are_kept() -> None:
    camera = Camera(640, 480, D435, np.array(DISTORTIONS["five"]))
    assert camera.project(np.full((2, 3, 3), 1.0)).shape == (2, 3, 2)
    assert camera.normalize(np.full((2, 3, 2), 100.0)).shape == (2, 3, 2)


def test_field_of_view() -> None:
    camera = Camera.pinhole(640, 480, np.pi / 2)
    assert camera.matrix[0, 0] == pytest.approx(320.0)


def test_zero_coefficients_mean_no_distortion_whatever_their_number() -> None:
    camera = Camera.from_ros(640, 480, D435.ravel(), np.zeros(5), "plumb_bob")
    assert camera.distortion.size == 0


def test_uncalibrated_camera_info_is_refused() -> None:
    with pytest.raises(CalibrationError, match="not calibrated.*calibrate it"):
        Camera.from_ros(640, 480, np.zeros(9), np.zeros(0), "")


def test_unknown_distortion_model_lists_the_known_ones() -> None:
    with pytest.raises(CalibrationError, match="'fisheye'.*plumb_bob, rational_polynomial"):
        Camera.from_ros(640, 480, D435.ravel(), [0.1] * 4, "fisheye")


def test_ros_yaml_file(tmp_path: Path) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(WHOLE_YAML)
    camera = load_camera(path)
    assert (camera.width, camera.height) == (640, 480)
    np.testing.assert_allclose(camera.matrix, D435)
    np.testing.assert_allclose(camera.distortion, [-0.2, 0.1, 0, 0, 0])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "cannot read camera file"),
        ("a: [", "is not YAML"),
        ("hello", "holds no mapping"),
        ("image_width: 640", "lacks image_height, camera_matrix, distortion_coefficients"),
        (WHOLE_YAML.replace("640", "wide"), "a value is not a number"),
        (WHOLE_YAML.replace("610.0, 0.0,", "610.0,"), "8 numbers: wanted 9"),
        (WHOLE_YAML.replace("plumb_bob", "magic"), "distortion model 'magic'"),
        (WHOLE_YAML.replace("610.0", "0.0"), "not calibrated"),
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
