"""Textures seen from afar: what falls within one pixel is averaged, and near by nothing is."""

from __future__ import annotations

import numpy as np
import pytest

from simreal_common.camera import Camera
from simreal_common.geometry import Pose, look_at
from simreal_sim.randomization.layout.layout import FIRST_BLOCK, TABLE_SLOT
from simreal_sim.randomization.random_scenes import draw_scenes
from simreal_sim.randomization.ranges.randomization_config import GROUPS, RandomizationConfig
from simreal_sim.rendering.mip_pyramid import mip_pyramid
from simreal_sim.rendering.raycaster import render
from simreal_sim.rendering.scene import EMPTY, ViewBatch
from simreal_sim.rendering.texture_size import LEVELS, TEXTURE_SIZE
from simreal_sim.rendering.textures import texture_pool

WIDTH, HEIGHT = 120, 90
PITCH_M = 0.04  # of the grid on the table: one repetition of its texture
LINE = 2  # texels
TOP = 5
DOWN = np.array([[1.0, 0, 0], [0, -1, 0], [0, 0, -1]])
ROUNDING = 2 / 255  # a level is rounded to whole numbers, once more than the one before


def grid_pool() -> np.ndarray:
    """White, and thin black lines both ways on white."""
    pool = np.full((2, TEXTURE_SIZE, TEXTURE_SIZE, 3), 255, np.uint8)
    pool[1, :LINE] = pool[1, :, :LINE] = 0
    return pool


def seen(pose: Pose, camera: Camera) -> np.ndarray:
    """How light the grid on a table looks, 1 for white: (H, W)."""
    scenes = draw_scenes(1, 2, RandomizationConfig(frozenset(GROUPS)), np.random.default_rng(0))
    scenes.shape[0, FIRST_BLOCK:] = EMPTY
    scenes.half_size[0, TABLE_SLOT, :2] = 50.0
    scenes.color_low[0, TABLE_SLOT], scenes.color_high[0, TABLE_SLOT] = 0.0, 1.0
    scenes.texture_map[0, TABLE_SLOT, TOP] = (1 / PITCH_M, 0, 0, 0, 1 / PITCH_M, 0)
    k = camera.matrix
    view = ViewBatch(
        scene=np.zeros(1, np.int32),
        rotation=pose.rotation[None].astype(np.float32),
        position=pose.position[None].astype(np.float32),
        intrinsics=np.array([[k[0, 0], k[1, 1], k[0, 2], k[1, 2]]], np.float32),
        distortion=np.zeros((1, 2), np.float32),
    )
    tones = []
    for texture in (1, 0):
        scenes.texture[0, TABLE_SLOT] = texture
        drawn = render(scenes, view, grid_pool(), WIDTH, HEIGHT, np.random.default_rng(0))
        assert (drawn.instance == TABLE_SLOT).all()
        tones.append(drawn.color[0, ..., 0])
    return np.asarray(tones[0] / tones[1])


def above(height_m: float, field: float = 0.3) -> tuple[Pose, Camera]:
    return Pose.from_rotation(DOWN, np.array([0.007, 0.003, height_m])), Camera.pinhole(
        WIDTH, HEIGHT, field
    )


GRID_MEAN = 1 - 2 * LINE / TEXTURE_SIZE + (LINE / TEXTURE_SIZE) ** 2


def test_every_level_has_the_mean_of_its_texture_and_half_the_side() -> None:
    pool = texture_pool(60, np.random.default_rng(1))
    pyramid = mip_pyramid(pool)
    assert [level.shape[1] for level in pyramid] == [TEXTURE_SIZE >> n for n in range(LEVELS)]
    assert pyramid[-1].shape == (60, 1, 1, 3)
    np.testing.assert_array_equal(pyramid[0], pool)
    for level in pyramid:
        means = level.mean(axis=(1, 2))
        np.testing.assert_allclose(means, pool.mean(axis=(1, 2)), atol=255 * ROUNDING)
    assert len(mip_pyramid(pool, 3)) == 3


@pytest.mark.parametrize("height_m", [40.0, 90.0])
def test_a_thin_grid_from_afar_is_an_even_grey(height_m: float) -> None:
    grey = seen(*above(height_m))
    assert grey.std() < 0.01
    assert grey.mean() == pytest.approx(GRID_MEAN, abs=ROUNDING)


@pytest.mark.parametrize("height_m", [0.1, 0.5, 1.0, 3.0, 8.0, 20.0])
def test_the_mean_is_kept_at_any_distance(height_m: float) -> None:
    grey = seen(*above(height_m, field=0.8))
    assert grey.mean() == pytest.approx(GRID_MEAN, abs=0.01)


def test_the_mean_is_kept_at_a_slant() -> None:
    pose = look_at([4.0, 1.0, 1.5], [0.0, 0.0, 0.0])
    grey = seen(pose, Camera.pinhole(WIDTH, HEIGHT, 0.15))
    assert grey.mean() == pytest.approx(GRID_MEAN, abs=0.01)
    assert grey.std() < 0.05


def test_near_by_the_texture_itself_is_seen() -> None:
    height_m = 0.1
    pose, camera = above(height_m)
    focal, cx, cy = camera.matrix[0, 0], camera.matrix[0, 2], camera.matrix[1, 2]
    assert height_m / focal * TEXTURE_SIZE / PITCH_M < 1.5  # texels a pixel
    u, v = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    x = pose.position[0] + (u - cx) / focal * height_m
    y = pose.position[1] - (v - cy) / focal * height_m
    texture = grid_pool()[1, ..., 0] / 255.0
    texels = [np.mod(place / PITCH_M, 1.0) * TEXTURE_SIZE - 0.5 for place in (x, y)]
    (column, across), (row, along) = ((np.floor(t).astype(int), t % 1.0) for t in texels)
    expected = np.zeros((HEIGHT, WIDTH))
    for right, below in ((0, 0), (0, 1), (1, 0), (1, 1)):
        share = (across if right else 1 - across) * (along if below else 1 - along)
        expected += share * texture[(row + below) % TEXTURE_SIZE, (column + right) % TEXTURE_SIZE]
    np.testing.assert_allclose(seen(pose, camera), expected, atol=2e-3)
    assert expected.min() < 0.05
