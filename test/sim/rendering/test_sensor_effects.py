"""What a camera does to light, held against slow NumPy and against what the parameters say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

numba = pytest.importorskip("numba", reason="no numba: pip install 'simreal[train]'")

from simreal_sim.randomization.ranges.ranges import Share
from simreal_sim.randomization.ranges.sensor_ranges import SensorRanges
from simreal_sim.randomization.sensors import draw_sensors
from simreal_sim.rendering.sensor_effects import (
    SensorBatch,
    expose,
    plain_sensors,
)
from simreal_sim.rendering.sensor_kernels import (
    BAYER_BGGR,
    BAYER_GBRG,
    BAYER_GRBG,
    BAYER_RGGB,
    FULL_COLOR,
    MONOCHROME,
)

Images = NDArray[np.uint8]
BAYER = {  # the colours of the first two rows: 0 red, 1 green, 2 blue
    BAYER_RGGB: [[0, 1], [1, 2]],
    BAYER_GRBG: [[1, 0], [2, 1]],
    BAYER_GBRG: [[1, 2], [0, 1]],
    BAYER_BGGR: [[2, 1], [1, 0]],
}
LUMA = np.array([0.299, 0.587, 0.114])
ROUNDING = 1  # of 255: two ways to the same number may round to neighbours


def sensors(count: int = 1, **changes: Any) -> SensorBatch:
    """Ideal cameras but for some fields, each the same for all."""
    plain = plain_sensors(count)
    arrays = {
        name: np.broadcast_to(
            np.asarray(value, getattr(plain, name).dtype), getattr(plain, name).shape
        ).copy()
        for name, value in changes.items()
    }
    return replace(plain, **arrays)


def scene(count: int = 1, height: int = 48, width: int = 64, seed: int = 0) -> NDArray[np.float32]:
    """Light with edges, colours and slopes."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0.02, 1.0, size=(count, height // 8, width // 8, 3))
    light = coarse.repeat(8, axis=1).repeat(8, axis=2)
    light *= np.linspace(0.6, 1.0, width)[None, None, :, None]
    return light.astype(np.float32)


def flat(level: float, height: int = 64, width: int = 64) -> NDArray[np.float32]:
    return np.full((1, height, width, 3), level, np.float32)


def show(light: NDArray[np.float32], batch: SensorBatch, seed: int = 1) -> Images:
    return expose(light.copy(), batch, np.random.default_rng(seed))


def gaussian(image: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Over rows and columns of (H, W, ...), cut at 2.5 sigma, borders repeated."""
    if sigma < 0.25:
        return image
    radius = int(np.ceil(2.5 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    for axis in (0, 1):
        image = ndimage.correlate1d(image, kernel / kernel.sum(), axis=axis, mode="nearest")
    return image


def demosaic(light: NDArray[np.float64], pattern: list[list[int]]) -> NDArray[np.float64]:
    """What a Bayer sensor with bilinear interpolation sees: means over the seen neighbours."""
    height, width = light.shape[:2]
    colour = np.tile(pattern, (height // 2 + 1, width // 2 + 1))[:height, :width]
    kernel = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]])
    out = np.empty_like(light)
    for channel in range(3):
        seen = (colour == channel).astype(np.float64)
        total = ndimage.correlate(light[..., channel] * seen, kernel * 1.0, mode="mirror")
        mean = total / ndimage.correlate(seen, kernel * 1.0, mode="mirror")
        out[..., channel] = np.where(seen > 0, light[..., channel], mean)
    return out


def reference(light: NDArray[np.float32], batch: SensorBatch, n: int) -> NDArray[np.float64]:
    """Image n, 0 to 255, of a sensor without noise and motion."""
    height, width = light.shape[1:3]
    y, x = np.mgrid[:height, :width] + 0.5
    off_axis = ((x - width / 2) ** 2 + (y - height / 2) ** 2) / ((height**2 + width**2) / 4)
    value = light[n].astype(np.float64)
    value *= batch.exposure[n] / value.mean() * batch.balance[n].astype(np.float64)
    value *= (1 - batch.vignetting[n] * off_axis)[..., None]
    if batch.color_filter[n] == MONOCHROME:
        value = np.repeat(value.mean(axis=2, keepdims=True), 3, axis=2)
    value = gaussian(value, batch.lens_blur[n]).clip(0, 1)
    if batch.color_filter[n] in BAYER:
        value = demosaic(value, BAYER[int(batch.color_filter[n])])
    value = (value ** (1 / batch.gamma[n]) - 0.5) * batch.contrast[n] + 0.5
    luma = (value @ LUMA)[..., None]
    detail = luma - gaussian(luma, batch.sharpening_radius[n])
    value = luma + batch.saturation[n] * (value - luma) + batch.sharpening[n] * detail
    return 255 * gaussian(value.clip(0, 1), batch.resample_blur[n])


@pytest.mark.parametrize(("height", "width"), [(48, 64), (24, 40)])
def test_all_but_noise_and_motion_agrees_with_slow_numpy(height: int, width: int) -> None:
    count = 60
    never = Share(0)
    ranges = SensorRanges(
        motion_share=never, shot_noise_share=never, read_noise_share=never, bayer_share=Share(0.6)
    )  # fmt: skip
    batch = draw_sensors(count, 1.6, np.random.default_rng(3), ranges)
    assert set(batch.color_filter) == {FULL_COLOR, MONOCHROME, *BAYER}
    light = scene(count, height, width)
    images = show(light, batch)
    for n in range(count):
        difference = np.abs(images[n] - reference(light, batch, n))
        assert difference.max() < ROUNDING, f"sensor {n}"


def test_an_ideal_camera_only_sets_exposure_and_gamma() -> None:
    light = scene(2)
    expected = 255 * (light * (0.25 / light.mean(axis=(1, 2, 3), keepdims=True))) ** (1 / 2.2)
    image = show(light, plain_sensors(2))
    assert image.dtype == np.uint8
    assert np.abs(image - expected).max() < ROUNDING


def test_the_same_seed_gives_the_same_image_on_any_number_of_threads() -> None:
    light, batch = scene(9), draw_sensors(9, 1.0, np.random.default_rng(0), SensorRanges())
    before = numba.get_num_threads()
    images = []
    for threads in (1, numba.config.NUMBA_NUM_THREADS):
        numba.set_num_threads(threads)
        images.append(show(light, batch))
    numba.set_num_threads(before)
    np.testing.assert_array_equal(images[0], images[1])
    assert (show(light, batch, seed=2) != images[0]).any()


def test_a_image_does_not_depend_on_those_exposed_before_it() -> None:
    # The last image of two batches that differ in all others; one thread draws both of these.
    batches = []
    for seed in (0, 1):
        batch = draw_sensors(9, 1.0, np.random.default_rng(seed), SensorRanges())
        last = draw_sensors(9, 1.0, np.random.default_rng(2), SensorRanges())
        for name, values in vars(batch).items():
            values[-1] = getattr(last, name)[-1]
        light = scene(9, seed=seed)
        light[-1] = scene()[0]
        batches.append(show(light, batch))
    np.testing.assert_array_equal(batches[0][-1], batches[1][-1])
    assert (batches[0][0] != batches[1][0]).any()


@pytest.mark.parametrize("level", [0.05, 0.2, 0.6])
@pytest.mark.parametrize(("shot", "read"), [(0.04, 0.0), (0.0, 0.01), (0.03, 0.008)])
def test_noise_has_the_variance_that_its_parameters_say(
    level: float, shot: float, read: float
) -> None:
    batch = sensors(exposure=level, gamma=1.0, shot_noise=shot, read_noise=read)
    image = show(flat(0.3, 160, 160), batch)[0] / 255
    quantization = 1 / 12 / 255**2
    wanted = shot**2 * level + read**2 + quantization
    assert image.mean() == pytest.approx(level, abs=4e-4)
    # 25,600 pixels a channel: the variance's own standard deviation is 0.5 % for all three.
    assert image.var() == pytest.approx(wanted, rel=0.03)


def test_noise_of_neighbours_and_channels_is_independent() -> None:
    image = show(flat(0.3, 160, 160), sensors(gamma=1.0, shot_noise=0.08))[0].astype(float)
    red, green = image[..., 0] - image[..., 0].mean(), image[..., 1] - image[..., 1].mean()
    pairs = {
        "right": (red[:, 1:], red[:, :-1]),
        "below": (red[1:], red[:-1]),
        "two below": (red[2:], red[:-2]),
        "channel": (red, green),
    }
    for name, (first, second) in pairs.items():
        assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.03, name


def test_a_monochrome_sensor_has_equal_channels_noise_included() -> None:
    image = show(scene(), sensors(color_filter=MONOCHROME, shot_noise=0.03))[0]
    assert (image == image[..., :1]).all()
    assert image.std() > 10


@pytest.mark.parametrize("pattern", BAYER)
def test_a_bayer_sensor_keeps_flat_grey_flat_and_fringes_edges(pattern: int) -> None:
    batch = sensors(color_filter=pattern)
    assert np.ptp(show(flat(0.4), batch)) == 0
    edge = flat(0.02)
    edge[:, :, 32:] = 0.5
    image = show(edge, batch)[0].astype(int)
    fringe = np.ptp(image, axis=2).max(axis=0)
    assert fringe[30:34].max() > 20
    assert fringe[:30].max() == 0 and fringe[34:].max() == 0


@pytest.mark.parametrize("sigma", [0.6, 1.0, 1.8])
def test_a_point_is_blurred_to_the_width_that_sigma_says(sigma: float) -> None:
    # A shallow step, where the rest is linear: its slope is the kernel.
    step = flat(0.4)
    step[:, :, 32:] = 0.6
    for batch in (sensors(gamma=1.0, lens_blur=sigma), sensors(gamma=1.0, resample_blur=sigma)):
        image = show(step, replace(batch, exposure=np.float32([0.5])))[0, :, :, 0].astype(float)
        slope = np.diff(image.mean(axis=0))
        x = np.arange(slope.size)
        mean = (slope * x).sum() / slope.sum()
        spread = np.sqrt((slope * (x - mean) ** 2).sum() / slope.sum())
        assert mean == pytest.approx(31, abs=0.05)
        assert spread == pytest.approx(sigma, rel=0.1)


@pytest.mark.parametrize("motion", [(6, 0), (0, 6), (4, 4), (-4, 4), (5, -2), (1.5, 0.5)])
def test_motion_smears_a_point_along_its_way_and_not_across(motion: tuple[float, float]) -> None:
    dot = flat(0.0, 41, 41)
    dot[0, 20, 20] = 4.0
    # Bright enough to see, too little to saturate: the point holds all light there is.
    exposure = 0.9 / dot[0, ..., 0].size
    image = show(dot, sensors(gamma=1.0, motion=motion, exposure=exposure))[0, ..., 0] / 255
    assert image.sum() == pytest.approx(0.9, abs=0.05)
    y, x = np.mgrid[:41, :41] - 20.0
    weight = image / image.sum()
    length = np.hypot(*motion)
    along, across = (
        (x * motion[0] + y * motion[1]) / length,
        (x * motion[1] - y * motion[0]) / length,
    )
    assert (weight * along).sum() == pytest.approx(0, abs=0.05)
    # A line of length L has variance L^2 / 12; pixels add at most 1/6 to it and across it.
    assert -0.1 < (weight * along**2).sum() - length**2 / 12 < 0.2
    assert (weight * across**2).sum() < 0.25
    assert ((np.abs(along) > length / 2 + 1.5) & (image > 0)).sum() == 0


def test_vignetting_darkens_the_corners_and_not_the_middle() -> None:
    image = show(flat(0.3, 65, 65), sensors(gamma=1.0, exposure=0.6, vignetting=0.5))[0] / 255
    np.testing.assert_allclose(image[32, 32], 0.6, atol=0.005)
    np.testing.assert_allclose(image[[0, 0, -1, -1], [0, -1, 0, -1]], 0.3, atol=0.015)


def test_saturation_and_contrast_leave_grey_and_middle_grey_alone() -> None:
    light = scene()
    plain = show(light, plain_sensors(1))[0].astype(float)
    grey = show(light, sensors(saturation=0.0))[0].astype(float)
    np.testing.assert_allclose(grey, np.repeat((plain @ LUMA)[..., None], 3, axis=2), atol=1.1)
    steep = show(light, sensors(contrast=1.3))[0].astype(float)
    middle = np.abs(plain - 127.5) < 90
    wanted = ((plain - 127.5) * 1.3 + 127.5)[middle]
    np.testing.assert_allclose(steep[middle], wanted, atol=1.5)


def test_sharpening_overshoots_at_edges_only() -> None:
    edge = flat(0.2)
    edge[:, :, 32:] = 0.5
    plain = show(edge, plain_sensors(1))[0].astype(int)
    sharp = show(edge, sensors(sharpening=1.0, sharpening_radius=1.0))[0].astype(int)
    assert (sharp[:, 32] > plain[:, 32] + 5).all() and (sharp[:, 31] < plain[:, 31] - 5).all()
    away = np.r_[0:28, 36:64]
    np.testing.assert_allclose(sharp[:, away], plain[:, away], atol=1)


@pytest.mark.parametrize("shape", [(0, 8, 8), (3, 1, 1), (2, 2, 5), (1, 7, 3)])
def test_any_size_of_image_and_batch_works(shape: tuple[int, int, int]) -> None:
    light = np.full((*shape, 3), 0.3, np.float32)
    batch = draw_sensors(
        shape[0], 1.6, np.random.default_rng(0), SensorRanges(motion_share=Share(1))
    )
    assert show(light, batch).shape == (*shape, 3)


def test_a_black_scene_stays_dark_and_a_bright_one_saturates() -> None:
    assert show(flat(0.0), sensors()).max() == 0
    assert show(flat(0.5), sensors(exposure=4.0)).min() == 255
