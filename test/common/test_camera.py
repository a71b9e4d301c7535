"""The camera model against the pinhole formula, OpenCV, and its own inverse."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError
from simreal_common.lenses.equidistant_lens import EQUIDISTANT
from simreal_common.lenses.lens import Lens
from simreal_common.lenses.registry import LENSES

D435 = np.array([[610.0, 0, 321.5], [0, 611.0, 238.2], [0, 0, 1]])
RATIONAL = [0.38, -2.2, 0.0006, -0.0002, 1.4, 0.26, -2.0, 1.33]
DISTORTIONS = {
    "none": [],
    "four": [-0.24, 0.11, -0.003, 0.0001],
    "five": [-0.2378, 0.1111, -0.00313, 0.000116, -0.0331],
    "eight": [0.1, -0.05, 0.001, -0.0005, 0.01, 0.12, -0.03, 0.005],
    "twelve": [*RATIONAL, 0.004, -0.003, 0.002, -0.001],
    "fourteen": [*RATIONAL, 0.004, -0.003, 0.002, -0.001, 0.02, -0.015],
}
WIDE = np.array([[300.0, 0, 318.0], [0, 302.0, 241.0], [0, 0, 1]])
FISHEYES = {
    "ideal": [0.0, 0.0, 0.0, 0.0],
    "wide": [0.05, -0.02, 0.004, -0.001],
    "of a tracking camera": [-0.0078, 0.0413, -0.0391, 0.0067],
}


def test_pinhole_projects_by_the_formula() -> None:
    camera = Camera(640, 480, D435, np.zeros(0))
    pixels = camera.project([[0.1, -0.2, 0.8], [0.0, 0.0, 1.0]])
    expected = [[610 * 0.125 + 321.5, 611 * -0.25 + 238.2], [321.5, 238.2]]
    np.testing.assert_allclose(pixels, expected, atol=1e-9)


@pytest.mark.parametrize("name", DISTORTIONS)
def test_points_are_projected_as_opencv_does(name: str) -> None:
    points = np.random.default_rng(0).normal([0.0, 0.0, 1.0], 0.2, (4, 5, 3))
    zero, coefficients = np.zeros(3), np.array(DISTORTIONS[name])
    flat = points.reshape(-1, 1, 3)
    expected, _ = cv2.projectPoints(
        flat, zero, zero, D435, coefficients if name != "none" else None
    )
    pixels = Camera(640, 480, D435, coefficients).project(points)
    np.testing.assert_allclose(pixels, expected.reshape(4, 5, 2), atol=1e-9)


@pytest.mark.parametrize("name", DISTORTIONS)
@given(u=st.floats(0, 639), v=st.floats(0, 479), depth=st.floats(0.1, 5.0))
def test_normalize_undoes_project(name: str, u: float, v: float, depth: float) -> None:
    camera = Camera(640, 480, D435, np.array(DISTORTIONS[name]))
    ray = camera.normalize([u, v])
    point = np.append(ray, 1.0) * depth
    np.testing.assert_allclose(camera.project(point), [u, v], atol=1e-3)
    np.testing.assert_allclose(camera.project(depth * camera.rays([u, v])), [u, v], atol=1e-3)


@pytest.mark.parametrize("name", FISHEYES)
@given(u=st.floats(0, 639), v=st.floats(0, 479), depth=st.floats(0.1, 5.0))
def test_normalize_undoes_project_of_a_fisheye(name: str, u: float, v: float, depth: float) -> None:
    camera = Camera(640, 480, WIDE, np.array(FISHEYES[name]), EQUIDISTANT)
    np.testing.assert_allclose(camera.project(depth * camera.rays([u, v])), [u, v], atol=1e-6)
    point = np.append(camera.normalize([u, v]), 1.0) * depth
    np.testing.assert_allclose(camera.project(point), [u, v], atol=1e-6)


@pytest.mark.parametrize("name", FISHEYES)
def test_a_fisheye_is_as_opencv_has_it(name: str) -> None:
    coefficients = np.array(FISHEYES[name])
    camera = Camera(640, 480, WIDE, coefficients, EQUIDISTANT)
    points = np.random.default_rng(0).uniform([-1, -1, 0.3], [1, 1, 2], (50, 3))
    zero = np.zeros(3)
    expected, _ = cv2.fisheye.projectPoints(points[:, None], zero, zero, WIDE, coefficients)
    np.testing.assert_allclose(camera.project(points), expected[:, 0], atol=1e-6)
    back = cv2.fisheye.undistortPoints(expected, WIDE, coefficients)
    np.testing.assert_allclose(camera.normalize(expected), back, atol=1e-6)


def test_a_fisheye_sees_what_is_beside_it() -> None:
    matrix = np.array([[150.0, 0, 320], [0, 150.0, 240], [0, 0, 1]])
    camera = Camera(640, 480, matrix, np.zeros(4), EQUIDISTANT)
    np.testing.assert_allclose(camera.project([2.0, 0, 0]), [320 + 75 * np.pi, 240])
    np.testing.assert_allclose(camera.rays([320 + 80 * np.pi, 240.0])[2], np.cos(np.pi * 8 / 15))
    assert camera.normalize([320 + 80 * np.pi, 240.0])[0] > 500


@pytest.mark.parametrize("model", LENSES)
def test_where_a_pinhole_camera_with_the_same_centre_sees_things(model: Lens) -> None:
    lens = FISHEYES["wide"] if model == EQUIDISTANT else DISTORTIONS["fourteen"]
    camera = Camera(640, 480, WIDE if model == EQUIDISTANT else D435, np.array(lens), model)
    matrix = np.array([[90.0, 0, 31.5], [0, 90.0, 31.5], [0, 0, 1]])
    turn = Rotation.from_euler("yx", [0.2, -0.1]).as_matrix()
    pixels = camera.seen_from(turn, matrix, 64)
    rays = camera.rays(pixels) @ turn
    seen = rays @ matrix.T
    v, u = np.mgrid[0:64, 0:64]
    np.testing.assert_allclose(seen[..., 0] / seen[..., 2], u, atol=1e-2)
    np.testing.assert_allclose(seen[..., 1] / seen[..., 2], v, atol=1e-2)


def test_shapes_are_kept() -> None:
    camera = Camera(640, 480, D435, np.array(DISTORTIONS["five"]))
    assert camera.project(np.full((2, 3, 3), 1.0)).shape == (2, 3, 2)
    assert camera.normalize(np.full((2, 3, 2), 100.0)).shape == (2, 3, 2)


def test_field_of_view() -> None:
    camera = Camera.pinhole(640, 480, np.pi / 2)
    assert camera.matrix[0, 0] == pytest.approx(320.0)


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


@settings(max_examples=300)
@given(st.lists(st.floats(allow_nan=True), min_size=4, max_size=4), st.floats(70, 600))
def test_a_fisheye_of_any_kind_works_or_is_refused(values: list[float], focal: float) -> None:
    matrix = np.array([[focal, 0, 320], [0, focal, 240], [0, 0, 1]])
    try:
        camera = Camera(640, 480, matrix, np.array(values), EQUIDISTANT)
    except CalibrationError:
        return
    u, v = np.meshgrid(np.linspace(0, 639, 9), np.linspace(0, 479, 9))
    rays = camera.rays(np.stack([u, v], axis=-1))
    np.testing.assert_allclose(np.linalg.norm(rays, axis=-1), 1.0)
    assert np.isfinite(camera.project(rays)).all()


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
