"""Draws materials: colours, textures, rims and gloss of every face of every primitive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_sim.randomization.layout.layout import (
    BOARD_SLOT,
    FIRST_BLOCK,
    FIRST_DISTRACTOR,
    FIRST_ROBOT,
    FIRST_SHEET,
    FLOOR_SLOT,
    TABLE_SLOT,
    WALL_SLOT,
    Layout,
)
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig
from simreal_sim.rendering.scene import BOX, EMPTY, FACES, Floats, Ints
from simreal_sim.rendering.textures import PICTURES, pick_textures

PLAIN_COLOR, PLAIN_TABLE_COLOR = (0.8, 0.2, 0.2), 0.6
DARK_INK = 0.35  # of the plain colour, where textures are on and colours are off
BLOCKS = slice(FIRST_BLOCK, FIRST_DISTRACTOR)
DULL = np.float32(0.2)  # what a dull surface keeps of its saturation
LARGE = [FLOOR_SLOT, TABLE_SLOT, BOARD_SLOT, WALL_SLOT]  # textured by the metre
FACE_AXES = np.array([[1, 2], [1, 2], [0, 2], [0, 2], [0, 1], [0, 1]])  # of a box's faces
ONE_PICTURE = 0.3  # of the bodies with pictures have the same one on all faces
ONE_STYLE = 0.75  # of them have pictures of one kind
FLAT_FACES = 0.15  # of the faces of textured bodies have no texture
COPIES = 0.3  # of the distractors look like one of their scene's blocks


@dataclass(eq=False)
class Materials:
    """The fields of `SceneBatch` of these names."""

    texture: Ints
    color_low: Floats
    color_high: Floats
    texture_map: Floats
    specular: Floats
    shininess: Floats
    edge_radius: Floats
    edge_tint: Floats


def draw_colors(
    shape: tuple[int, ...], randomization: RandomizationConfig, rng: np.random.Generator
) -> Floats:
    """Linear colours (*shape, 3): any hue; from grey to saturated; from nearly black to white."""
    ranges = randomization.color
    base = rng.random((*shape, 3), dtype=np.float32)
    grey = (base[..., :1] + base[..., 1:2] + base[..., 2:]) / np.float32(3.0)
    base -= grey
    base *= ranges.saturation.draw((*shape, 1), rng).astype(np.float32)
    base += grey
    np.clip(base, 0.0, 1.0, out=base)
    base *= ranges.brightness.draw((*shape, 1), rng).astype(np.float32)
    # Pure paints (red, yellow, white, ...) are what toy blocks come in.
    pure = ranges.pure.draw(shape, rng)
    number = int(pure.sum())
    paint = rng.integers(0, 2, size=(number, 3)) * rng.uniform(0.6, 1.0, size=(number, 1))
    base[pure] = paint + 0.04
    return np.clip(base, 0.01, 1.0, out=base)


def draw_materials(
    layout: Layout, texture_count: int, randomization: RandomizationConfig, rng: np.random.Generator
) -> Materials:
    """Draw the materials of B scenes; `texture_count` is the size of the pool they refer to."""
    size = layout.shape.shape
    present = layout.shape != EMPTY
    low, high = np.zeros((2, *size, FACES, 3), dtype=np.float32)
    texture = np.zeros((*size, FACES), dtype=np.int32)
    maps = np.zeros((*size, FACES, 6), dtype=np.float32)
    large = np.isin(np.nonzero(present)[1], LARGE)
    looks = _looks(large, texture_count, randomization, rng)
    low[present], high[present], texture[present], picture = looks
    maps[present] = _texture_maps(
        layout.shape[present], layout.half_size[present], picture, large, randomization, rng
    )
    own = layout.half_size[..., 0]
    one_set = _share_looks((low, high), (texture, maps), own, randomization, rng)
    if randomization.on("color"):
        _blend_with_table(low, high, randomization, rng)
    else:
        high[:] = PLAIN_COLOR
        high[:, [FLOOR_SLOT, *range(TABLE_SLOT, FIRST_BLOCK)]] = PLAIN_TABLE_COLOR
        low[:] = DARK_INK * high

    gloss = randomization.gloss.share.draw(size, rng)
    gloss &= randomization.on("gloss")
    rim = randomization.rim.share.draw(size, rng)
    rim &= randomization.on("rim")
    rim[:, [*LARGE, *range(FIRST_SHEET, FIRST_BLOCK)]] = False
    radius = randomization.rim.radius_edges.draw(size, rng) * layout.edge[:, None]
    # A rim takes at most a third of a thin body.
    radius = np.minimum(radius, layout.half_size.min(axis=-1) / 3)
    tint = randomization.rim.tint.draw(size, rng)
    shininess = randomization.gloss.shininess.draw(size, rng)
    specular = randomization.gloss.specular.draw(size, rng)
    for values in (rim, radius, tint, gloss, shininess, specular):
        values[one_set, BLOCKS] = values[one_set, FIRST_BLOCK, None]
    specular, radius = np.where(gloss, specular, 0.0), np.where(rim, radius, 0.0)
    arrays = (specular, shininess, radius, tint)
    return Materials(texture, low, high, maps, *(a.astype(np.float32) for a in arrays))


def _looks(
    large: NDArray[np.bool_],
    texture_count: int,
    randomization: RandomizationConfig,
    rng: np.random.Generator,
) -> tuple[Floats, Floats, Ints, NDArray[np.bool_]]:
    """Colours (N, 6, 3), textures (N, 6) of N bodies, and which (N,) carry pictures that must fit."""
    ranges = randomization.texture
    count = len(large)
    size = (count, FACES)
    low, high = draw_colors((2, *size), randomization, rng)
    dull = np.flatnonzero(large & randomization.color.dull_large.draw(count, rng))
    for array in (low, high):
        grey = array[dull].mean(axis=-1, keepdims=True)
        array[dull] = grey + DULL * (array[dull] - grey)
    looks = ranges.looks.draw(count, rng)
    is_look = {name: looks == index for index, name in enumerate(ranges.looks.names)}
    pictures = is_look["pictures"]
    texture = pick_textures(size, texture_count, rng)
    # Most have one style on all faces: photographs with a light border, say, or letters.
    style = rng.integers(0, len(PICTURES), size=size)
    style = np.where(rng.uniform(size=(count, 1)) < ONE_STYLE, style[:, :1], style)[pictures]
    texture[pictures] = pick_textures(style.shape, texture_count, rng, np.array(PICTURES)[style])
    # Pictures keep their own colours, more or less bright; others do sometimes.
    natural = ranges.natural.draw(count, rng)
    natural &= is_look["same"] | is_look["textured"]
    natural |= pictures
    low[natural] = 0.02
    high[natural] = rng.uniform(0.4, 0.95, size=(int(natural.sum()), 1, 1))

    alike = np.flatnonzero(is_look["plain"] | is_look["faint"] | is_look["same"])
    for array in (low, high, texture):
        array[alike] = array[alike, :1]
    # One picture all around, as on many toys.
    one = np.flatnonzero(pictures & (rng.uniform(size=count) < ONE_PICTURE))
    texture[one] = texture[one, :1]
    flat = np.repeat((is_look["plain"] | is_look["painted"])[:, None], FACES, axis=1)
    flat |= is_look["textured"][:, None] & (rng.uniform(size=size) < FLAT_FACES)
    if not randomization.on("texture"):
        flat[:] = True
        low, high = low[:, :1].repeat(FACES, axis=1), high[:, :1].repeat(FACES, axis=1)
    texture[flat] = 0
    # Many real textures are faint.
    contrast = rng.uniform(size=count) ** 0.7
    contrast[pictures | natural] = 1.0
    contrast = np.where(is_look["faint"], ranges.faint_contrast.draw(count, rng), contrast)
    low += (high - low) * (1.0 - contrast[:, None, None]).astype(np.float32)
    return low, high, texture, pictures


def _share_looks(
    colors: tuple[Floats, Floats],
    patterns: tuple[Ints, Floats],
    half: NDArray[np.float64],
    randomization: RandomizationConfig,
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """Make the blocks of some scenes a set; some distractors look like their scene's first block.

    Args:
        colors: low and high, (B, P, 6, 3).
        patterns: textures (B, P, 6) and their maps (B, P, 6, 6).
        half: half edges of the blocks, (B, P), metres.

    Returns in which scenes blocks share everything, (B,).
    """
    texture, maps = patterns
    count, slots = texture.shape[:2]
    chance = rng.uniform(size=count)
    sets = randomization.color.one_set.value
    one_set = np.less(chance, sets)
    one_pattern = ~one_set & np.less(chance, sets + randomization.color.one_pattern.value)
    either = np.flatnonzero(one_set | one_pattern)
    texture[either, BLOCKS] = texture[either, FIRST_BLOCK, None]
    # What fits the first block fits blocks of other sizes when it is scaled as they are.
    ratio = half[either, FIRST_BLOCK, None] / half[either, BLOCKS]
    scale = np.ones((*ratio.shape, 1, 6), dtype=np.float32)
    scale[..., [0, 1, 3, 4]] = ratio[..., None, None]
    maps[either, BLOCKS] = maps[either, FIRST_BLOCK, None] * scale
    scene, slot = np.nonzero(rng.uniform(size=(count, slots)) < COPIES)
    distractor = (slot >= FIRST_DISTRACTOR) & (slot < FIRST_ROBOT)
    scene, slot = scene[distractor], slot[distractor]
    for array in colors:
        array[one_set, BLOCKS] = array[one_set, FIRST_BLOCK, None]
        array[scene, slot] = array[scene, FIRST_BLOCK]
    # Maps stay as they fit each body.
    texture[scene, slot] = texture[scene, FIRST_BLOCK]
    return one_set


def _blend_with_table(
    low: Floats, high: Floats, randomization: RandomizationConfig, rng: np.random.Generator
) -> None:
    """In some scenes blocks have nearly the colour of the table they stand on."""
    ranges = randomization.color
    chosen = np.flatnonzero(ranges.like_table.draw(len(low), rng))
    table = (low[chosen, TABLE_SLOT, 5] + high[chosen, TABLE_SLOT, 5]) / 2
    blocks = high[chosen, BLOCKS]
    gain = ranges.table_contrast.draw((*blocks.shape[:2], 1, 1), rng)
    shift = (table[:, None, None] * gain).astype(np.float32) - blocks
    high[chosen, BLOCKS] = np.clip(blocks + shift, 0.01, 1.0)
    low[chosen, BLOCKS] = np.clip(low[chosen, BLOCKS] + shift, 0.01, 1.0)


def _texture_maps(
    shape: Ints,
    half: NDArray[np.float64],
    picture: NDArray[np.bool_],
    large: NDArray[np.bool_],
    randomization: RandomizationConfig,
    rng: np.random.Generator,
) -> Floats:
    """Affine maps (N, 6, 6) from metres on a face of N bodies to texture repetitions.

    Textures are fitted to the face, or of any scale; those of large surfaces are so many a metre.
    """
    ranges = randomization.texture
    size = (len(shape), FACES)
    extent = (2.0 * half[:, FACE_AXES]).astype(np.float32)
    round_body = np.flatnonzero(shape != BOX)
    extent[round_body, :2, 0] = 2 * np.pi * half[round_body, :1]  # all around the side
    extent[round_body, :2, 1] = 2.0 * half[round_body, 2:]
    fitted = (ranges.fitted.draw(size, rng) | picture[:, None]) & ~large[:, None]
    per_m = ranges.repetitions.draw(size, rng) / extent.max(axis=-1)
    per_m[large] = ranges.large_per_m.draw((int(large.sum()), 1), rng)
    scale = np.where(fitted[..., None], 1.0 / extent, per_m[..., None].astype(np.float32))
    turn = rng.random(size, dtype=np.float32)
    turn = np.where(fitted, np.floor(turn * 4) / 4, turn) * np.float32(2 * np.pi)
    shift = np.where(fitted[..., None], np.float32(0.5), rng.random((*size, 2), dtype=np.float32))
    cos, sin = np.cos(turn), np.sin(turn)
    maps = np.empty((*size, 6), dtype=np.float32)
    maps[..., 0], maps[..., 1] = cos * scale[..., 0], -sin * scale[..., 1]
    maps[..., 3], maps[..., 4] = sin * scale[..., 0], cos * scale[..., 1]
    maps[..., 2], maps[..., 5] = shift[..., 0], shift[..., 1]
    return maps
