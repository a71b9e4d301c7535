"""A model of lenses is its class alone: one that nobody has thought of works in a camera."""

from __future__ import annotations

import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError
from simreal_common.lenses.lens import Lens
from simreal_common.lenses.registry import LENSES, lens_of

Array = NDArray[np.float64]
MATRIX = np.array([[250.0, 0, 320], [0, 250.0, 240], [0, 0, 1]])


@dataclass(frozen=True)
class StereographicLens(Lens):
    """A ray that leaves the axis by theta is seen 2 s tan(theta / 2) from it."""

    words = "a stereographic lens"
    models = ("stereographic",)
    counts = (1,)
    largest_coefficient = 10.0

    def ros_model(self, count: int) -> tuple[str, int]:
        return "stereographic", count

    def project(self, points: Array, matrix: Array, coefficients: Array) -> Array:
        away = np.linalg.norm(points, axis=-1, keepdims=True) + points[..., 2:]
        places = 2.0 * coefficients[0] * points[..., :2] / away
        return np.asarray(places * matrix[[0, 1], [0, 1]] + matrix[:2, 2])

    def rays(self, pixels: Array, matrix: Array, coefficients: Array) -> Array:
        places = (pixels - matrix[:2, 2]) / matrix[[0, 1], [0, 1]] / (2.0 * coefficients[0])
        square = np.sum(places**2, axis=-1, keepdims=True)
        return np.concatenate([2.0 * places, 1.0 - square], axis=-1) / (1.0 + square)

    def undistorted(self, rays: Array) -> Array:
        aside = np.linalg.norm(rays[:, :2], axis=1)
        return np.asarray(2.0 * aside / (1.0 + rays[:, 2]))

    def rectified(self, size: tuple[int, int], matrix: Array, coefficients: Array) -> Array:
        return matrix


def test_a_camera_has_a_lens_that_only_its_class_knows() -> None:
    camera = Camera(640, 480, MATRIX, np.array([0.8]), StereographicLens())
    pixels = np.array([[320.0, 240.0], [20.0, 30.0], [610.0, 400.0]])
    np.testing.assert_allclose(camera.project(camera.rays(pixels)), pixels, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(camera.rays(pixels), axis=1), 1.0)
    plane = np.append(camera.normalize(pixels[1]), 1.0)
    np.testing.assert_allclose(camera.project(plane), pixels[1], atol=1e-9)
    pinhole = np.array([[100.0, 0, 15.5], [0, 100, 15.5], [0, 0, 1]])
    seen = camera.seen_from(np.eye(3), pinhole, 32)
    np.testing.assert_allclose(seen[2, 5], camera.project([-0.105, -0.135, 1.0]), atol=1e-4)


def test_what_such_a_lens_cannot_be_is_refused_in_its_words() -> None:
    with pytest.raises(CalibrationError, match="2 distortion coefficients .*: wanted 1 finite"):
        Camera(640, 480, MATRIX, np.ones(2), StereographicLens())
    with pytest.raises(CalibrationError, match=r"of a stereographic lens: wanted at most 10 each"):
        Camera(640, 480, MATRIX, np.array([11.0]), StereographicLens())
    with pytest.raises(CalibrationError, match="no lens bends 100 % of its image so"):
        Camera(640, 480, MATRIX, np.array([5.0]), StereographicLens())


def test_a_name_is_of_one_lens() -> None:
    names = [name for lens in LENSES for name in lens.models]
    assert len(set(names)) == len(names)
    assert [lens_of(name) in LENSES for name in names] == [True] * len(names)
    assert lens_of("magic") is None


@pytest.mark.parametrize("lens", LENSES, ids=lambda lens: lens.words)
def test_a_lens_stays_the_same_in_another_process(lens: Lens) -> None:
    camera = Camera(640, 480, MATRIX, np.zeros(lens.counts[0]), lens)
    assert pickle.loads(pickle.dumps(camera)).lens == lens
    assert sum(other == lens for other in LENSES) == 1
