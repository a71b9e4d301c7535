"""What has changed in an image: blocks that came and went, not the light and not the noise."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from simreal_common.errors import ConfigurationError
from simreal_perception.pose_estimation.detection import Region
from simreal_perception.tracking.change_mask import ChangeMask


def scene(seed: int = 1, size: tuple[int, int] = (480, 640)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(40, 180, (size[0] // 40 + 1, size[1] // 40 + 1, 3)).astype(np.float32)
    return cv2.resize(coarse, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)


def taken(light: np.ndarray, seed: int, gain: float = 1.0, noise: float = 4.0) -> np.ndarray:
    grain = np.random.default_rng(seed).normal(0, noise, light.shape)
    return np.clip(gain * light + grain, 0, 255).astype(np.uint8)


def with_block(light: np.ndarray) -> np.ndarray:
    changed = light.copy()
    changed[200:230, 300:330] = (200, 60, 40)
    return changed


@pytest.mark.parametrize("gain", [0.8, 1.0, 1.25])
@pytest.mark.parametrize("noise", [0.0, 4.0, 10.0])
def test_noise_and_exposure_are_no_change(gain: float, noise: float) -> None:
    mask = ChangeMask()
    mask.looked(taken(scene(), 1, noise=noise))
    for seed in range(2, 12):
        assert mask.regions(taken(scene(), seed, gain, noise)) == []


@pytest.mark.parametrize("gain", [0.8, 1.0, 1.25])
@pytest.mark.parametrize("size", [(480, 640), (471, 633)])
def test_a_block_that_came_is_a_region_until_it_was_looked_at(
    gain: float, size: tuple[int, int]
) -> None:
    light = scene(size=size)
    mask = ChangeMask()
    mask.looked(taken(light, 1))
    now = taken(with_block(light), 2, gain)
    regions = mask.regions(now)
    assert regions is not None and len(regions) == 1
    (region,) = regions
    # Cells that it covers in part may be missing.
    assert region.x0 <= 304 and region.x1 >= 320 and region.y0 <= 208 and region.y1 >= 224
    assert region.area < 80 * 80
    mask.looked(now, regions)
    assert mask.regions(taken(with_block(light), 3, gain)) == []
    assert mask.regions(taken(with_block(light), 4)) == []
    gone = mask.regions(taken(light, 5))
    assert gone is not None and len(gone) == 1


def test_a_block_of_another_colour_but_as_bright_is_a_change() -> None:
    light = np.full((96, 96, 3), 100.0)
    mask = ChangeMask()
    mask.looked(taken(light, 1))
    light[30:60, 30:60] = (150.0, 84.0, 50.0)
    assert mask.regions(taken(light, 2))


def test_two_places_are_two_regions_within_the_image() -> None:
    light = scene(size=(471, 633))
    mask = ChangeMask()
    mask.looked(taken(light, 1))
    changed = with_block(light)
    changed[450:, 610:] = 255.0 - changed[450:, 610:]
    regions = mask.regions(taken(changed, 2))
    assert regions is not None and len(regions) == 2
    assert 610 < max(r.x1 for r in regions) <= 633 and 450 < max(r.y1 for r in regions) <= 471


def test_everything_is_new_at_first_after_a_reset_and_at_another_size() -> None:
    mask = ChangeMask()
    image = taken(scene(), 1)
    assert mask.regions(image) is None
    mask.looked(image)
    assert mask.regions(image) == []
    assert mask.regions(image[:240]) is None
    mask.reset()
    assert mask.regions(image) is None


def test_regions_grow_within_the_image() -> None:
    assert Region(0, 5, 20, 30).grown(16, 64, 32) == Region(0, 0, 36, 32)


def test_cells_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="cell_px 16, copy_px 5"):
        ChangeMask(16, 5)
