"""Draws camera sensors, and the JPEG that a share of their images went through."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_sim.randomization.ranges.ranges import Floats64, Share, Uniform
from simreal_sim.randomization.ranges.sensor_ranges import SensorRanges
from simreal_sim.rendering.sensor_effects import SensorBatch
from simreal_sim.rendering.sensor_kernels import BAYER_BGGR, BAYER_RGGB, FULL_COLOR, MONOCHROME


def draw_sensors(
    count: int, resample: float, rng: np.random.Generator, ranges: SensorRanges
) -> SensorBatch:
    """Draw N sensors; `resample` is the largest blur from scaling up, sigma in pixels."""

    def drawn(some_range: Uniform) -> Floats64:
        return some_range.draw(count, rng)

    def some(share: Share, values: Floats64) -> Floats64:
        return np.where(share.draw(count, rng), values, 0.0)

    length = some(ranges.motion_share, drawn(ranges.motion_length_px))
    angle = rng.uniform(0, np.pi, size=count)
    bayer = ranges.bayer_share.draw(count, rng)
    color_filter = np.where(bayer, rng.integers(BAYER_RGGB, BAYER_BGGR + 1, size=count), FULL_COLOR)
    color_filter[ranges.monochrome_share.draw(count, rng)] = MONOCHROME
    values = dict(
        exposure=drawn(ranges.exposure),
        balance=ranges.balance.draw((count, 3), rng),
        vignetting=some(ranges.vignetting_share, drawn(ranges.vignetting)),
        motion=length[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1),
        lens_blur=some(ranges.lens_blur_share, drawn(ranges.lens_blur_px)),
        shot_noise=some(ranges.shot_noise_share, drawn(ranges.shot_noise)),
        read_noise=some(ranges.read_noise_share, drawn(ranges.read_noise)),
        gamma=drawn(ranges.gamma),
        saturation=drawn(ranges.saturation),
        contrast=drawn(ranges.contrast),
        sharpening=some(ranges.sharpening_share, drawn(ranges.sharpening)),
        sharpening_radius=drawn(ranges.sharpening_radius_px),
        resample_blur=some(ranges.resample_share, drawn(Uniform(0.0, max(resample, 0.0)))),
    )
    return SensorBatch(
        color_filter=color_filter.astype(np.int32),
        **{name: np.ascontiguousarray(value, np.float32) for name, value in values.items()},
    )


def compress(images: NDArray[np.uint8], rng: np.random.Generator, ranges: SensorRanges) -> None:
    """Send a share of the images, (N, H, W, 3), through JPEG of random quality, in place."""
    chosen = np.flatnonzero(ranges.jpeg_share.draw(len(images), rng))
    qualities = np.rint(ranges.jpeg_quality.draw(len(chosen), rng))
    for index, quality in zip(chosen, qualities):
        # OpenCV takes the channels for blue, green, red: JPEG spends less on the blue.
        swapped = cv2.cvtColor(images[index], cv2.COLOR_RGB2BGR)
        _, code = cv2.imencode(".jpg", swapped, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
        cv2.cvtColor(cv2.imdecode(code, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB, dst=images[index])
