"""What a camera does to light: a batch of drawn sensors turns linear intensities into images.

In the order of light and signal: vignetting, exposure and white balance; motion and lens blur;
colour filter; noise and saturation of the pixels; demosaic; tone curve, contrast, colour
saturation, sharpening; blur from scaling up; 8 bits; JPEG. What moves pixels, and labels with them, is
part of the view: `simreal_sim/randomization/cameras.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numba
import numpy as np
from numpy.typing import NDArray

from simreal_sim.rendering import sensor_kernels as kernels
from simreal_sim.rendering.scene import Floats, Ints
from simreal_sim.rendering.sensor_blurs import CUTOFF
from simreal_sim.rendering.sensor_kernels import BAYER_RGGB, FULL_COLOR

MIDDLE_GREY = 0.5  # of the image's range, after the tone curve: what contrast leaves alone
LEAST_BLUR_PX = 0.25  # a smaller sigma moves less than a thousandth of the light
TONE_NODES = 128  # points that the tone polynomial is fitted in


@dataclass(frozen=True, eq=False)
class SensorBatch:
    """Parameters of N exposures; every array is float32 unless said otherwise.

    Attributes:
        exposure: (N,), mean linear intensity the image is brought to.
        balance: (N, 3), white balance gains.
        vignetting: (N,), loss of light at the corners, 0 to 1.
        motion: (N, 2), the way a point moves during the exposure: right and down, pixels.
        lens_blur: (N,), sigma in pixels, before the noise.
        color_filter: int32 (N,), a colour filter of `sensor_kernels.py`.
        shot_noise, read_noise: (N,), sigma is sqrt(shot^2 * x + read^2) at linear intensity x.
        gamma: (N,), exponent of the tone curve is 1 / gamma; 1 to 3.
        saturation, contrast: (N,), 1 leaves them alone.
        sharpening: (N,), amount of the unsharp mask on the luma.
        sharpening_radius: (N,), its sigma in pixels.
        resample_blur: (N,), sigma in pixels, after all this: the image was scaled up.
    """

    exposure: Floats
    balance: Floats
    vignetting: Floats
    motion: Floats
    lens_blur: Floats
    color_filter: Ints
    shot_noise: Floats
    read_noise: Floats
    gamma: Floats
    saturation: Floats
    contrast: Floats
    sharpening: Floats
    sharpening_radius: Floats
    resample_blur: Floats


def plain_sensors(count: int) -> SensorBatch:
    """N ideal cameras, for images without the randomization group `sensor`."""
    zero, one = np.zeros(count, np.float32), np.ones(count, np.float32)
    return SensorBatch(
        exposure=one * 0.25, balance=np.ones((count, 3), np.float32), vignetting=zero,
        motion=np.zeros((count, 2), np.float32), lens_blur=zero,
        color_filter=np.full(count, FULL_COLOR, np.int32), shot_noise=zero, read_noise=zero,
        gamma=one * 2.2, saturation=one, contrast=one, sharpening=zero, sharpening_radius=one,
        resample_blur=zero,
    )  # fmt: skip


def expose(color: Floats, sensors: SensorBatch, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Turn linear intensities, (N, H, W, 3), not negative, into 8-bit images.

    Noise is seeded image by image, so that the number of threads does not matter. A caller must
    not rely on `color` staying as it was.
    """
    count, height, width = color.shape[:3]
    seeds = rng.integers(1, 2**32, size=count, dtype=np.uint64)
    out = np.empty(color.shape, dtype=np.uint8)
    parameters = _parameters(sensors)
    kernels.expose_all(
        np.ascontiguousarray(color, np.float32), parameters, seeds, _noise_pool(),
        kernels.plane_length(height, width, int(parameters[:, kernels.REACH].max(initial=0))),
        numba.get_num_threads(), out,
    )  # fmt: skip
    return out


def _parameters(sensors: SensorBatch) -> Floats:
    """One row of numbers an image, as the kernels read them."""
    rows = np.zeros((len(sensors.exposure), kernels.COLUMNS), dtype=np.float32)
    rows[:, kernels.EXPOSURE] = sensors.exposure
    rows[:, kernels.BALANCE : kernels.BALANCE + 3] = sensors.balance
    rows[:, kernels.VIGNETTING] = sensors.vignetting
    rows[:, kernels.MOTION : kernels.MOTION + 2] = sensors.motion
    rows[:, kernels.FILTER] = sensors.color_filter
    rows[:, kernels.SHOT_VARIANCE] = sensors.shot_noise**2
    rows[:, kernels.READ_VARIANCE] = sensors.read_noise**2
    rows[:, kernels.SATURATION] = sensors.saturation
    rows[:, kernels.SHARPENING] = sensors.sharpening
    for column, sigma in (
        (kernels.LENS_BLUR, sensors.lens_blur),
        (kernels.MASK_BLUR, np.where(sensors.sharpening > 0, sensors.sharpening_radius, 0.0)),
        (kernels.RESAMPLE_BLUR, sensors.resample_blur),
    ):
        rows[:, column] = np.where(sigma < LEAST_BLUR_PX, 0.0, sigma)
    tone = slice(kernels.TONE, kernels.TONE + kernels.TONE_TERMS)
    rows[:, tone] = _tone_terms(sensors.gamma, sensors.contrast)
    # How far an image's borders are continued, so that no loop over pixels has to ask.
    radius = CUTOFF * rows[:, [kernels.LENS_BLUR, kernels.MASK_BLUR, kernels.RESAMPLE_BLUR]].max(
        axis=1
    )
    smear = np.abs(sensors.motion).max(axis=1) / 2
    mosaic = sensors.color_filter >= BAYER_RGGB
    rows[:, kernels.REACH] = np.ceil(np.maximum(np.maximum(radius, smear), mosaic))
    return rows


def _tone_terms(gamma: Floats, contrast: Floats) -> NDArray[np.float64]:
    """(N, TONE_TERMS), polynomials in the fourth root of the intensity: tone curve and contrast.

    The fourth root takes two square roots, which processors do many at a time, unlike powers; the
    rest of the exponent, 4 / 3 to 4, a polynomial follows to 0.25 of 255 (least squares).
    """
    node, fit = _tone_fit()
    curve = node ** (4 / gamma.astype(np.float64)[:, None])
    return ((curve - MIDDLE_GREY) * contrast[:, None] + MIDDLE_GREY) @ fit.T


@lru_cache(maxsize=1)
def _tone_fit() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fourth roots (TONE_NODES,), dense at both ends, and (TONE_TERMS, TONE_NODES): values there
    to the terms of the polynomial."""
    node = 0.5 - 0.5 * np.cos(np.pi * (np.arange(TONE_NODES) + 0.5) / TONE_NODES)
    powers = node[:, None] ** np.arange(kernels.TONE_TERMS)
    return node, np.linalg.pinv(powers).astype(np.float64)


@lru_cache(maxsize=1)
def _noise_pool() -> Floats:
    """Standard normal numbers that images take their noise from, run by run."""
    pool = np.random.default_rng(0).standard_normal(kernels.POOL_SIZE + kernels.NOISE_RUN)
    return ((pool - pool.mean()) / pool.std()).astype(np.float32)
