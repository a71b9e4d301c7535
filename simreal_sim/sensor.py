"""What a camera does to light: exposure, white balance, vignetting, blur, noise, tone, compression."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from simreal_sim.scene import Floats

MAX_BLUR_RADIUS = 5  # pixels; kernels are cut there
JPEG_SHARE = 0.25  # of all pictures go through a JPEG codec


@dataclass(frozen=True, eq=False)
class SensorBatch:
    """Parameters of N exposures; every array is float32.

    Attributes:
        exposure: (N,), mean linear intensity the picture is brought to.
        balance: (N, 3), white balance gains.
        vignetting: (N,), loss of light at the corners, 0 to 1.
        lens_blur: (N,), sigma in pixels, before the noise.
        shot_noise, read_noise: (N,), sigma is sqrt(shot^2 * x + read^2) at linear intensity x.
        gamma: (N,), exponent of the tone curve is 1 / gamma.
        saturation, contrast: (N,), 1 leaves them alone.
        resample_blur: (N,), sigma in pixels, after the noise: the picture was scaled up.
    """

    exposure: Floats
    balance: Floats
    vignetting: Floats
    lens_blur: Floats
    shot_noise: Floats
    read_noise: Floats
    gamma: Floats
    saturation: Floats
    contrast: Floats
    resample_blur: Floats


def draw_sensors(count: int, resample: float, rng: np.random.Generator) -> SensorBatch:
    """Draw N sensors; `resample` is the largest blur from scaling up, pixels."""

    def some(share: float, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(rng.uniform(size=count) < share, values, 0.0)

    uniform, normal = rng.uniform, rng.normal
    values = dict(
        exposure=np.exp(uniform(np.log(0.07), np.log(0.5), size=count)),
        balance=np.exp(normal(0, 0.12, size=(count, 3))),
        vignetting=some(0.3, uniform(0, 0.5, size=count)),
        lens_blur=some(0.6, np.abs(normal(0, 0.6, size=count)).clip(0, 1.8)),
        shot_noise=some(0.7, np.exp(uniform(np.log(0.003), np.log(0.04), size=count))),
        read_noise=some(0.7, np.exp(uniform(np.log(0.0005), np.log(0.012), size=count))),
        gamma=uniform(1.4, 2.6, size=count),
        saturation=np.where(uniform(size=count) < 0.06, 0.0, uniform(0.5, 1.5, size=count)),
        contrast=uniform(0.75, 1.3, size=count),
        resample_blur=some(0.5, uniform(0, max(resample, 1e-6), size=count)),
    )
    return SensorBatch(**{k: np.ascontiguousarray(v, np.float32) for k, v in values.items()})


def plain_sensors(count: int) -> SensorBatch:
    """N ideal cameras, for pictures without the randomization group `sensor`."""
    zero, one = np.zeros(count, np.float32), np.ones(count, np.float32)
    return SensorBatch(
        exposure=one * 0.25, balance=np.ones((count, 3), np.float32), vignetting=zero,
        lens_blur=zero, shot_noise=zero, read_noise=zero, gamma=one * 2.2, saturation=one,
        contrast=one, resample_blur=zero,
    )  # fmt: skip


def expose(color: Floats, sensors: SensorBatch, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Turn linear intensities, (N, H, W, 3), into 8-bit pictures; the input is overwritten."""
    seeds = rng.integers(1, 2**32, size=color.shape[0], dtype=np.uint64)
    out = np.empty(color.shape, dtype=np.uint8)
    _expose_all(
        color, sensors.exposure, sensors.balance, sensors.vignetting, sensors.lens_blur,
        sensors.shot_noise, sensors.read_noise, sensors.gamma, sensors.saturation,
        sensors.contrast, sensors.resample_blur, seeds, out,
    )  # fmt: skip
    return out


def compress(images: NDArray[np.uint8], rng: np.random.Generator) -> None:
    """Send a share of the pictures, (N, H, W, 3), through JPEG of random quality, in place."""
    for index in np.flatnonzero(rng.uniform(size=len(images)) < JPEG_SHARE):
        quality = int(rng.integers(30, 96))
        _, code = cv2.imencode(".jpg", images[index], [cv2.IMWRITE_JPEG_QUALITY, quality])
        images[index] = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR))


@njit(cache=True, fastmath=True)
def _blur(image, sigma, line):  # type: ignore[no-untyped-def]
    """Separable Gaussian in place; `line` is room for one row or column of three channels."""
    radius = min(int(np.ceil(2.5 * sigma)), MAX_BLUR_RADIUS)
    if sigma < np.float32(0.15):
        return
    kernel = np.empty(2 * radius + 1, dtype=np.float32)
    for i in range(-radius, radius + 1):
        kernel[i + radius] = np.exp(np.float32(-0.5) * np.float32(i * i) / (sigma * sigma))
    kernel /= kernel.sum()
    height, width = image.shape[0], image.shape[1]
    for c in range(3):
        for y in range(height):
            for x in range(width):
                line[x] = image[y, x, c]
            for x in range(width):
                total = np.float32(0.0)
                for i in range(-radius, radius + 1):
                    total += kernel[i + radius] * line[min(max(x + i, 0), width - 1)]
                image[y, x, c] = total
        for x in range(width):
            for y in range(height):
                line[y] = image[y, x, c]
            for y in range(height):
                total = np.float32(0.0)
                for i in range(-radius, radius + 1):
                    total += kernel[i + radius] * line[min(max(y + i, 0), height - 1)]
                image[y, x, c] = total


@njit(cache=True)
def _gauss(state):  # type: ignore[no-untyped-def]
    """(next state, a number that is nearly normal): four uniform 16-bit numbers of one step."""
    state = state + np.uint64(0x9E3779B97F4A7C15)
    z = state
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    total = (z & np.uint64(65535)) + ((z >> np.uint64(16)) & np.uint64(65535))
    total += ((z >> np.uint64(32)) & np.uint64(65535)) + (z >> np.uint64(48))
    # The sum of four has mean 131070 and standard deviation 65536 * sqrt(4 / 12).
    return state, (np.float32(total) - np.float32(131070.0)) * np.float32(1.0 / 37837.0)


@njit(cache=True, fastmath=True, parallel=True)
def _expose_all(  # type: ignore[no-untyped-def]
    images, exposure, balance, vignetting, lens_blur, shot, read, gamma, saturation, contrast,
    resample_blur, seeds, out,
):  # fmt: skip
    one, zero = np.float32(1.0), np.float32(0.0)
    for n in prange(images.shape[0]):
        image = images[n]
        height, width = image.shape[0], image.shape[1]
        line = np.empty(max(height, width), dtype=np.float32)
        state = seeds[n]
        _blur(image, lens_blur[n], line)
        gain = exposure[n] / max(image.mean(), np.float32(1e-3))
        power = one / gamma[n]
        scale = one / np.float32(0.25 * (height * height + width * width))
        for y in range(height):
            for x in range(width):
                u, v = np.float32(x) - np.float32(0.5) * width, np.float32(y) - np.float32(0.5) * height
                light = gain * (one - vignetting[n] * np.float32(u * u + v * v) * scale)
                grey = zero
                for c in range(3):
                    value = image[y, x, c] * light * balance[n, c]
                    state, noise = _gauss(state)
                    variance = shot[n] * shot[n] * max(value, zero) + read[n] * read[n]
                    value += noise * np.sqrt(variance)
                    value = min(max(value, zero), one) ** power
                    image[y, x, c] = value
                    grey += value * np.float32(1.0 / 3.0)
                for c in range(3):
                    value = grey + (image[y, x, c] - grey) * saturation[n]
                    value = (value - np.float32(0.5)) * contrast[n] + np.float32(0.5)
                    image[y, x, c] = min(max(value, zero), one)
        _blur(image, resample_blur[n], line)
        for y in range(height):
            for x in range(width):
                for c in range(3):
                    out[n, y, x, c] = np.uint8(image[y, x, c] * np.float32(255.0) + np.float32(0.5))
