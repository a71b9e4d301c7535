"""What the networks are given does not depend on how much contrast the light leaves."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from simreal_perception.networks.normalization import normalize_crops, normalize_images


def crops(contrast: float, gray: float = 128.0) -> torch.Tensor:
    """The same two crops of that standard deviation about a gray, uint8 (2, 64, 64, 3)."""
    noise: NDArray[np.float64] = np.random.default_rng(1).normal(0.0, 1.0, (2, 8, 8, 3))
    smooth = np.repeat(np.repeat(noise, 8, axis=1), 8, axis=2)
    values = gray + contrast * smooth / smooth.std()
    return torch.as_tensor(np.clip(np.round(values), 0, 255).astype(np.uint8))


def test_flat_crops_look_as_those_of_enough_contrast() -> None:
    flat, ample = normalize_crops(crops(10.0)), normalize_crops(crops(40.0))
    assert float((flat - ample).abs().mean()) < 0.08


def test_dark_and_bright_flat_crops_are_not_cut_off() -> None:
    dark, bright = normalize_crops(crops(7.0, gray=25.0)), normalize_crops(crops(7.0, gray=230.0))
    assert float((dark - dark.mean()).abs().mean()) > 0.4
    assert float((bright - bright.mean()).abs().mean()) > 0.4


def test_crops_of_enough_contrast_stay_as_they_are() -> None:
    given = crops(50.0)
    assert torch.allclose(normalize_crops(given), normalize_images(given), atol=1e-4)


def test_a_crop_of_one_color_gives_finite_values() -> None:
    black = torch.zeros((1, 64, 64, 3), dtype=torch.uint8)
    assert torch.isfinite(normalize_crops(black)).all()
