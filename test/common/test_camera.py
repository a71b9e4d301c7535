"""The camera model against the pinhole formula, its own inverse, and files that people give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
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
        (None, "camera file .* cannot be read: No such file"),
        ("a: [", "not YAML"),
        ("hello", "holds no mapping"),
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
    assert len(str(caught.value)) < 600


REAL_LENSES = {
    "a webcam": [0.0536, -0.1562, 0.0012, -0.0008, 0.0973],
    "a wide action camera": [-0.2602, 0.0832, 0.0003, -0.0002, -0.0127],
    "a depth camera of eight": [0.4912, -2.7411, 0.0007, -0.0001, 1.6007, 0.3705, -2.5662, 1.5337],
    "folded in the corners": [-0.45, 0.0, 0.0, 0.0, 0.0],
}


@pytest.mark.parametrize("name", REAL_LENSES)
def test_lenses_that_there_are(name: str) -> None:
    Camera(640, 480, D435, np.array(REAL_LENSES[name]))


@settings(max_examples=300)
@given(st.lists(st.floats(allow_nan=True), min_size=17, max_size=17))
def test_numbers_of_any_kind_make_a_camera_that_works_or_are_refused(values: list[float]) -> None:
    try:
        camera = Camera(640, 480, np.reshape(values[:9], (3, 3)), np.array(values[9:]))
    except CalibrationError:
        return
    assert np.isfinite(camera.normalize([320.0, 240.0])).all()


@given(st.lists(st.floats(-30, 30), min_size=8, max_size=8))
def test_a_distortion_that_is_taken_can_be_undone(values: list[float]) -> None:
    try:
        camera = Camera(640, 480, D435, np.array(values))
    except CalibrationError:
        return
    u, v = np.meshgrid(np.linspace(0, 639, 21), np.linspace(0, 479, 21))
    pixels = np.stack([u, v], axis=-1)
    rays = camera.normalize(pixels)
    back = camera.project(np.concatenate([rays, np.ones((21, 21, 1))], axis=-1))
    assert (np.linalg.norm(back - pixels, axis=-1) < 5.0).mean() > 0.4
