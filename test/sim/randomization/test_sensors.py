"""Random sensors are what their ranges say."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("numba", reason="no numba: pip install 'simreal[train]'")

from simreal_common.settings.configuration import from_values
from simreal_sim.randomization.ranges.ranges import Share, Uniform
from simreal_sim.randomization.ranges.sensor_ranges import LIMITS, SensorRanges
from simreal_sim.randomization.sensors import compress, draw_sensors
from simreal_sim.rendering.sensor_effects import expose, plain_sensors
from simreal_sim.rendering.sensor_kernels import FULL_COLOR, MONOCHROME


def light(count: int) -> NDArray[np.float32]:
    """Squares of all colours, (count, 48, 64, 3)."""
    coarse = np.random.default_rng(0).uniform(0.02, 1.0, size=(count, 6, 8, 3))
    return coarse.repeat(8, axis=1).repeat(8, axis=2).astype(np.float32)


def test_jpeg_meets_the_share_that_is_said_and_hardly_hurts_at_high_quality() -> None:
    images = expose(light(40), plain_sensors(40), np.random.default_rng(1))
    for share, quality, least, most in (
        (0.0, Uniform(30, 95), 0, 0),
        (1.0, Uniform(95, 95), 40, 40),
        (0.5, Uniform(30, 30), 10, 30),
    ):
        coded = images.copy()
        ranges = SensorRanges(jpeg_share=Share(share), jpeg_quality=quality)
        compress(coded, np.random.default_rng(0), ranges)
        changed = (coded != images).any(axis=(1, 2, 3))
        assert least <= changed.sum() <= most
        # Colours may spread over two pixels, brightness hardly.
        luma = (coded.astype(float) - images) @ [0.299, 0.587, 0.114]
        assert np.abs(luma).mean() < (2 if quality.low == 95 else 8)


def test_every_field_is_drawn_in_its_range_and_as_often_as_said() -> None:
    count, ranges = 4000, SensorRanges()
    batch = draw_sensors(count, 1.6, np.random.default_rng(0), ranges)
    length = np.hypot(*batch.motion.T)
    for values, drawn, share in (
        (batch.exposure, ranges.exposure, Share(1)),
        (batch.balance, ranges.balance, Share(1)),
        (batch.vignetting, ranges.vignetting, ranges.vignetting_share),
        (length, ranges.motion_length_px, ranges.motion_share),
        (batch.lens_blur, ranges.lens_blur_px, ranges.lens_blur_share),
        (batch.shot_noise, ranges.shot_noise, ranges.shot_noise_share),
        (batch.read_noise, ranges.read_noise, ranges.read_noise_share),
        (batch.gamma, ranges.gamma, Share(1)),
        (batch.saturation, ranges.saturation, Share(1)),
        (batch.contrast, ranges.contrast, Share(1)),
        (batch.sharpening, ranges.sharpening, ranges.sharpening_share),
        (batch.sharpening_radius, ranges.sharpening_radius_px, Share(1)),
        (batch.resample_blur, Uniform(0.0, 1.6), ranges.resample_share),
    ):
        present = values[values > 0]
        assert present.size / values.size == pytest.approx(share.value, abs=0.04)
        # Within the range, and near both its ends.
        reach = 0.05 * (drawn.high - drawn.low)
        assert drawn.low - 1e-5 <= present.min() < drawn.low + reach
        assert drawn.high - 3 * reach < present.max() <= drawn.high + 1e-5
    assert (batch.color_filter == MONOCHROME).mean() == pytest.approx(
        ranges.monochrome_share.value, abs=0.03
    )
    colored = batch.color_filter[batch.color_filter != MONOCHROME]
    assert (colored != FULL_COLOR).mean() == pytest.approx(ranges.bayer_share.value, abs=0.04)
    assert draw_sensors(50, 0.0, np.random.default_rng(0), ranges).resample_blur.max() == 0


@pytest.mark.parametrize("name", LIMITS)
def test_the_widest_ranges_work(name: str) -> None:
    ranges = from_values(SensorRanges, {name: list(LIMITS[name])}, "sensor")
    batch = draw_sensors(8, 1.0, np.random.default_rng(0), ranges)
    images = expose(light(8), batch, np.random.default_rng(1))
    compress(images, np.random.default_rng(0), ranges)
    assert images.shape == (8, 48, 64, 3)
