"""Image files as people have them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from simreal_perception.video.image_io import read_image


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("grey", [False, True])
def test_bit_depths_are_recognised(tmp_path: Path, bits: int, grey: bool) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    rgb[0, 0] = 255
    stored = rgb[..., 0] if grey else rgb[..., ::-1]
    if bits > 8:
        stored = (stored.astype(np.uint16) * 257) >> (16 - bits)
    cv2.imwrite(str(tmp_path / "image.png"), stored)
    expected = np.repeat(rgb[..., :1], 3, axis=2) if grey else rgb
    np.testing.assert_array_equal(read_image(tmp_path / "image.png"), expected)
