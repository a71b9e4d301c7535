from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from simreal_perception.monitoring.checks.background_tiles import BackgroundTiles, prepared


def grey_of(image: np.ndarray) -> np.ndarray:
    return prepared(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32))


def moved(image: np.ndarray, right: float, down: float) -> np.ndarray:
    way = np.float32([[1, 0, right], [0, 1, down]])
    return cv2.warpAffine(image, way, image.shape[1::-1], borderMode=cv2.BORDER_REFLECT_101)


@pytest.mark.parametrize(("right", "down"), [(0.0, 0.0), (1.0, -0.5), (-1.5, 1.0)])
@pytest.mark.parametrize("gain", [1.0, 0.7])
def test_shifts_are_told_whatever_the_light(
    plain_camera: Any, right: float, down: float, gain: float
) -> None:
    tiles = BackgroundTiles(grey_of(plain_camera.scene))
    image = (gain * moved(plain_camera.scene, right, down)).astype(np.uint8)
    shifts = tiles.shifts(grey_of(image))[tiles.told]
    found = np.isfinite(shifts[:, 0])
    assert found.mean() > 0.8
    # The copy is half as large; what edges do not tell is 0, so the farther ones count.
    assert np.median(shifts[found], axis=0) == pytest.approx([right / 2, down / 2], abs=0.12)


def test_another_picture_is_not_found(plain_camera: Any, another_camera: Any) -> None:
    tiles = BackgroundTiles(grey_of(plain_camera.scene))
    shifts = tiles.shifts(grey_of(another_camera.scene))[tiles.told]
    assert np.isnan(shifts[:, 0]).mean() > 0.8


def test_an_even_wall_tells_no_shift_and_one_edge_tells_it_across_alone() -> None:
    even = np.full((120, 160), 90.0, np.float32)
    assert not BackgroundTiles(even).told.any()
    edge = even.copy()
    edge[:, 80:] = 160.0
    edge = cv2.GaussianBlur(edge, (0, 0), 1.2)
    tiles = BackgroundTiles(edge)
    assert 0 < tiles.told.sum() < len(tiles.told)
    shifts = tiles.shifts(np.roll(edge, (3, 1), axis=(0, 1)))[tiles.told]
    assert shifts[:, 1] == pytest.approx(0.0, abs=1e-3)
    assert np.median(shifts[:, 0]) == pytest.approx(1.0, abs=0.25)


def test_a_square_can_be_learned_anew(plain_camera: Any, another_camera: Any) -> None:
    tiles = BackgroundTiles(grey_of(plain_camera.scene))
    other = grey_of(another_camera.scene)
    tiles.learn(other, np.arange(len(tiles.told)))
    assert np.abs(tiles.shifts(other)[tiles.told]).max() < 1e-3
