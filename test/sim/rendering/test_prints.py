"""Pictures of the texture pool: all kinds are drawn, their values are tones, a seed repeats them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from simreal_sim.rendering.prints import FACES, PRINTS
from simreal_sim.rendering.texture_size import TEXTURE_SIZE
from simreal_sim.rendering.textures import (
    BLOCK_FACES,
    GRAINS,
    MATERIALS,
    PATTERNS,
    PRINTED,
    pick_textures,
    texture_pool,
)

Draw = Callable[[np.random.Generator], np.ndarray]


@pytest.mark.parametrize("kind", [*PRINTS, *FACES], ids=lambda kind: kind.__name__.strip("_"))
def test_prints_are_tones_that_vary_and_repeat_with_their_seed(kind: Draw) -> None:
    drawn = [kind(np.random.default_rng(seed)) for seed in range(40)]
    for picture in drawn:
        assert picture.dtype == np.float32
        assert picture.shape in ((TEXTURE_SIZE,) * 2, (TEXTURE_SIZE, TEXTURE_SIZE, 3))
        assert picture.min() >= 0
        assert picture.max() <= 1
    # They show something, and not always the same.
    assert np.median([np.ptp(picture) for picture in drawn]) > 0.1
    assert len({picture.tobytes() for picture in drawn}) > 30
    for seed in (0, 7):
        np.testing.assert_array_equal(kind(np.random.default_rng(seed)), drawn[seed])


def test_a_pool_holds_all_kinds_and_repeats_with_its_seed() -> None:
    assert {*PRINTS, *FACES} <= set(PATTERNS)
    count = 2 * len(PATTERNS)
    pool = texture_pool(count, np.random.default_rng(3))
    assert pool.shape == (count, TEXTURE_SIZE, TEXTURE_SIZE, 3)
    np.testing.assert_array_equal(pool, texture_pool(count, np.random.default_rng(3)))
    assert (pool[0] == 255).all()
    assert len({picture.tobytes() for picture in pool}) == count
    # Each kind stands where `pick_textures` looks for it.
    rng = np.random.default_rng(3)
    for index in range(len(PATTERNS)):
        drawn = PATTERNS[index](rng)
        if index:
            drawn = np.clip(drawn * 255, 0, 255).astype(np.uint8)
            drawn = drawn if drawn.ndim == 3 else drawn[..., None]
            np.testing.assert_array_equal(pool[index], np.broadcast_to(drawn, pool[0].shape))


@pytest.mark.parametrize("kinds", [PRINTED, MATERIALS, GRAINS, BLOCK_FACES])
def test_picked_textures_are_of_the_kind_that_is_asked_for(kinds: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    wanted = rng.choice(kinds, size=500)
    picked = pick_textures((500,), 3 * len(PATTERNS), rng, wanted)
    np.testing.assert_array_equal(picked % len(PATTERNS), wanted)
    assert len(set(picked // len(PATTERNS))) == 3


def test_thin_lines_of_a_grid_may_be_fainter_than_its_strong_ones() -> None:
    tones = []
    grid = PRINTS[0]
    for seed in range(60):
        picture = grid(np.random.default_rng(seed))
        tones.append(len(np.unique(picture)))
    assert set(tones) == {2, 3}  # paper and strong lines; weak lines between them
