from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from simreal_common.errors import ImageError
from simreal_perception.monitoring.measures.measurement import STATISTICS, measure


def test_all_statistics_are_measured(plain_camera: Any) -> None:
    measured = measure(plain_camera.image(0))
    assert set(measured.statistics) == set(STATISTICS)
    assert np.isfinite(list(measured.statistics.values())).all()
    assert measured.grey.shape == (240, 320) and measured.coarse.shape == (60, 80)


def test_noise_is_told_in_levels(plain_camera: Any) -> None:
    clean = cv2.GaussianBlur(plain_camera.scene, (0, 0), 2.0).astype(np.float64)
    rng = np.random.default_rng(1)
    for sigma in (3.0, 8.0):
        noisy = np.clip(clean + rng.normal(0, sigma, clean.shape), 0, 255).astype(np.uint8)
        assert measure(noisy).statistics["noise"] == pytest.approx(sigma, rel=0.25)


@pytest.mark.parametrize("scale", [1, 3])
def test_blur_is_told_whatever_contrast_and_size(plain_camera: Any, scale: int) -> None:
    sharp = cv2.resize(plain_camera.scene, None, fx=scale, fy=scale)
    blurred = cv2.GaussianBlur(sharp, (0, 0), 2.0 * scale)
    smeared = cv2.blur(sharp, (9 * scale, 1))
    usual = measure(sharp).statistics["sharpness"]
    assert measure((sharp * 0.4).astype(np.uint8)).statistics["sharpness"] == pytest.approx(
        usual, rel=0.1
    )
    for spoilt in (blurred, smeared):
        assert measure(spoilt).statistics["sharpness"] < 0.7 * usual


def test_shares_of_black_and_white() -> None:
    image = np.full((100, 200, 3), 128, np.uint8)
    image[:, :50], image[:, 150:] = 0, 255
    measured = measure(image)
    assert measured.dark == pytest.approx(0.25, abs=0.02)
    assert measured.bright == pytest.approx(0.25, abs=0.02)


def test_an_even_image_can_be_measured() -> None:
    measured = measure(np.full((480, 640, 3), 128, np.uint8))
    assert measured.edges < 1.0 and measured.statistics["contrast"] == 0.0


def test_an_image_that_is_too_small_is_refused() -> None:
    with pytest.raises(ImageError, match="63x480"):
        measure(np.zeros((480, 63, 3), np.uint8))
