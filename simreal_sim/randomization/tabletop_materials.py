"""Draws the materials of scenes set up as people do: printed boards, plain paint, wood, faces."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simreal_sim.randomization.layout.layout import (
    BOARD_SLOT,
    FIRST_BLOCK,
    FIRST_DISTRACTOR,
    FIRST_ROBOT,
    FIRST_SHEET,
    TABLE_SLOT,
    Layout,
)
from simreal_sim.randomization.materials import Materials
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig
from simreal_sim.rendering.scene import BOX, EMPTY, FACES, Floats
from simreal_sim.rendering.textures import BLOCK_FACES, GRAINS, MATERIALS, PRINTED, pick_textures

TOP = 5  # face +z
FLAT = 0.2  # a body whose least extent is below this share of the next one lies flat
FITTED = 0.5  # share of sheets and flat objects whose print fills them once
ONE_FACE = 0.3  # share of scenes whose blocks have the same print on all faces
# Mean linear colours of bare wood, light and dark, and how unlike two pieces are.
PALE_WOOD, DARK_WOOD, WOOD_STD = (0.75, 0.55, 0.33), (0.35, 0.2, 0.1), 0.06
PURE_PAINT = 0.6  # share of painted sets in the primary colours that toys come in


def dress_tabletops(
    layout: Layout,
    materials: Materials,
    texture_count: int,
    randomization: RandomizationConfig,
    rng: np.random.Generator,
) -> None:
    """Give the scenes that are set up as people do their grounds and their blocks, in place."""
    if not randomization.on("texture") or not randomization.on("color"):
        return
    scenes = np.flatnonzero(layout.tabletop)
    if len(scenes):
        _dress_grounds(layout, materials, scenes, texture_count, randomization, rng)
        _dress_blocks(layout, materials, scenes, texture_count, randomization, rng)


def _dress_grounds(
    layout: Layout,
    materials: Materials,
    scenes: NDArray[np.int64],
    texture_count: int,
    randomization: RandomizationConfig,
    rng: np.random.Generator,
) -> None:
    """Tables, boards, sheets and whatever lies flat: printed, of some material, or plain."""
    ranges = randomization.tabletop
    scene, slot = np.nonzero(_is_ground(layout, scenes))
    scene = scenes[scene]
    count = len(scene)
    edge = layout.edge[scene]
    kind = ranges.grounds.draw(count, rng)
    printed, material, plain = (
        kind == ranges.grounds.names.index(name) for name in ("printed", "material", "plain")
    )
    pick = np.where(printed, _choose(PRINTED, count, rng), _choose(MATERIALS, count, rng))
    texture = pick_textures((count,), texture_count, rng, pick)
    texture[plain] = 0
    low, high = _ground_colors(count, printed, rng)
    materials.texture[scene, slot] = texture[:, None]
    materials.color_low[scene, slot] = low[:, None]
    materials.color_high[scene, slot] = high[:, None]

    # Prints repeat by so many edges of a block, or fill a sheet once.
    pitch = np.repeat(ranges.print_edges.draw((count, 1), rng), 2, axis=1) * edge[:, None]
    pitch[material] = 1.0 / randomization.texture.large_per_m.draw((int(material.sum()), 1), rng)
    extent = 2 * layout.half_size[scene, slot, :2]
    once = printed & (slot >= FIRST_SHEET) & (rng.uniform(size=count) < FITTED)
    pitch = np.where(once[:, None], extent, pitch)
    maps = np.zeros((count, 6), dtype=np.float32)
    maps[:, 0], maps[:, 4] = 1.0 / pitch[:, 0], 1.0 / pitch[:, 1]
    maps[:, [2, 5]] = np.where(once[:, None], 0.5, rng.uniform(size=(count, 2)))
    materials.texture_map[scene, slot, TOP] = maps


def _is_ground(layout: Layout, scenes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which bodies, (S, P), of these scenes are something that a block could stand on, or lie flat."""
    half = np.sort(layout.half_size[scenes], axis=-1)
    flat = (half[..., 0] < FLAT * half[..., 1]) & (layout.shape[scenes] == BOX)
    flat[:, :FIRST_DISTRACTOR] = flat[:, FIRST_ROBOT:] = False
    flat[:, [TABLE_SLOT, BOARD_SLOT, *range(FIRST_SHEET, FIRST_BLOCK)]] = True
    return np.asarray(flat & (layout.shape[scenes] != EMPTY))


def _ground_colors(
    count: int, printed: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """What texture values 0 and 1 stand for on N grounds, (N, 3) each: most are dull and light."""
    light = rng.uniform(0.35, 0.95, size=(count, 1)) + rng.normal(0, 0.03, size=(count, 3))
    colored = rng.uniform(size=count) < 0.35
    light[colored] = rng.uniform(0.03, 0.8, size=(int(colored.sum()), 3))
    dark = light * rng.uniform(0.02, 0.9, size=(count, 1))
    # Ink of another colour than the paper.
    ink = printed & (rng.uniform(size=count) < 0.3)
    dark[ink] = rng.uniform(0.01, 0.6, size=(int(ink.sum()), 3))
    low, high = np.clip(dark, 0.01, 1.0), np.clip(light, 0.01, 1.0)
    return low.astype(np.float32), high.astype(np.float32)


def _dress_blocks(
    layout: Layout,
    materials: Materials,
    scenes: NDArray[np.int64],
    texture_count: int,
    randomization: RandomizationConfig,
    rng: np.random.Generator,
) -> None:
    """Blocks of one kind a scene: painted, of bare wood, or with a print on each face."""
    ranges = randomization.tabletop.looks
    kind = ranges.draw(len(scenes), rng)
    blocks = np.arange(FIRST_BLOCK, FIRST_DISTRACTOR)
    faces = np.arange(FACES)

    painted = scenes[kind == ranges.names.index("paint")]
    at = np.ix_(painted, blocks, faces)
    colors = _paints((len(painted), len(blocks)), rng)[:, :, None]
    thin = rng.uniform(size=(len(painted), 1, 1)) < 0.3  # grain shows through
    grain = pick_textures(thin.shape, texture_count, rng, _choose(GRAINS, thin.shape, rng))
    materials.texture[at] = np.where(thin, grain, 0)
    materials.color_high[at] = colors
    materials.color_low[at] = colors * rng.uniform(0.5, 0.95, size=(len(painted), 1, 1, 1))

    wooden = scenes[kind == ranges.names.index("wood")]
    at = np.ix_(wooden, blocks, faces)
    share = rng.uniform(size=(len(wooden), 1, 1))
    wood = share * np.array(PALE_WOOD) + (1 - share) * np.array(DARK_WOOD)
    wood = wood + rng.normal(0, WOOD_STD, size=(len(wooden), len(blocks), 1))
    wood = np.clip(wood, 0.03, 1.0)[:, :, None]
    size = (len(wooden), len(blocks), FACES)
    materials.texture[at] = pick_textures(size, texture_count, rng, _choose(GRAINS, size, rng))
    materials.color_high[at] = wood
    materials.color_low[at] = wood * rng.uniform(0.45, 0.95, size=(len(wooden), 1, 1, 1))

    marked = scenes[kind == ranges.names.index("faces")]
    at = np.ix_(marked, blocks, faces)
    size = (len(marked), len(blocks), FACES)
    style = np.broadcast_to(_choose(BLOCK_FACES, (len(marked), 1, 1), rng), size)
    texture = pick_textures(size, texture_count, rng, style)
    same = rng.uniform(size=len(marked)) < ONE_FACE
    texture[same] = texture[same][:, :, :1]
    high = rng.uniform(0.4, 0.95, size=(len(marked), 1, 1, 1)) * np.ones((*size, 3))
    colored = rng.uniform(size=len(marked)) < 0.4
    high[colored] = _paints((int(colored.sum()), len(blocks)), rng)[:, :, None]
    low = high * rng.uniform(0.02, 0.5, size=(len(marked), 1, 1, 1))
    materials.texture[at] = texture
    materials.color_high[at], materials.color_low[at] = high, low
    materials.texture_map[at] = _once(layout.half_size[marked][:, blocks], rng)


def _once(half: NDArray[np.float64], rng: np.random.Generator) -> Floats:
    """Maps (S, K, 6, 6) that put a texture once on each face of cubes (S, K, 3), turned at random."""
    count = (*half.shape[:2], FACES)
    angle = rng.integers(0, 4, size=count) * (np.pi / 2)
    scale = 1.0 / (2 * half[:, :, :1])
    maps = np.zeros((*count, 6), dtype=np.float32)
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    maps[..., 0], maps[..., 1], maps[..., 3], maps[..., 4] = cos, -sin, sin, cos
    maps[..., 2] = maps[..., 5] = 0.5
    return maps


def _paints(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float64]:
    """Colours of the blocks of sets (S, K): primary ones, or any; (S, K, 3)."""
    pure = rng.integers(0, 2, size=(*shape, 3)) * rng.uniform(0.35, 1.0, size=(shape[0], 1, 1))
    pure += rng.uniform(0.01, 0.12, size=(*shape, 3))
    free = rng.uniform(0.02, 0.9, size=(*shape, 3))
    take = rng.uniform(size=(shape[0], 1, 1)) < PURE_PAINT
    return np.clip(np.where(take, pure, free), 0.01, 1.0)


def _choose(
    kinds: tuple[int, ...], size: int | tuple[int, ...], rng: np.random.Generator
) -> NDArray[np.int64]:
    return np.array(kinds)[rng.integers(0, len(kinds), size=size)]
