"""The faces of a primitive as images: texture, its two colours and the worn rim baked together.

Renderers other than the ray caster take one image an object.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_sim.rendering.mip_pyramid import mip_pyramid
from simreal_sim.rendering.ray_textures import mip_level
from simreal_sim.rendering.scene import BOX, CYLINDER, SceneBatch
from simreal_sim.rendering.texture_size import TEXTURE_SIZE

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

GAMMA = 2.2  # images are encoded so that 8 bits serve the dark as well
LEAST_CELL, LARGEST_CELL = 16, 256  # pixels a side of a face's image
ALIGNMENT = 4  # OpenGL takes rows of pixels whose bytes are a multiple of this
TILE_SCALE = 2  # how much finer a tile is than its texture, so that it may be looked up unsmoothed
COLUMNS, ROWS = 3, 2  # cells of an atlas
ENCODING_STEPS = 1 << 14  # of a table from linear to encoded values, fine enough for the dark
INSET = 0.02  # of a cell's pixel: rounding must not reach into the neighbour's


class FaceTexture(Protocol):
    """What a mesh needs to know of the image that is wrapped around it."""

    def place(self, face: int, square: Array) -> Array:
        """Texture coordinates (N, 2), v upwards, of places (N, 2) on a face, -1 to 1."""
        ...


@dataclass(frozen=True, eq=False)
class Tile:
    """The image of one large face that repeats over it.

    Args:
        image: uint8 RGB, encoded with GAMMA.
        extent: half lengths of the face along its two coordinates, metres.
        texture_map: of `scene.py`, for this face, (6,).
    """

    image: NDArray[np.uint8]
    extent: tuple[float, float]
    texture_map: Floats

    def place(self, face: int, square: Array) -> Array:
        """See `FaceTexture`."""
        m = self.texture_map.astype(np.float64)
        a, b = (square * self.extent).T
        return np.stack([m[0] * a + m[1] * b + m[2], 1 - (m[3] * a + m[4] * b + m[5])], axis=-1)


@dataclass(frozen=True, eq=False)
class Atlas:
    """One image with a cell for each face.

    Args:
        image: uint8 RGB, encoded with GAMMA.
        columns, rows: cells; face f lies in cell f % (columns * rows), row by row from above.
    """

    image: NDArray[np.uint8]
    columns: int
    rows: int

    def place(self, face: int, square: Array) -> Array:
        """See `FaceTexture`."""
        row, column = divmod(face % (self.columns * self.rows), self.columns)
        height, width = self.image.shape[0] / self.rows, self.image.shape[1] / self.columns
        inside = 0.5 + 0.5 * square * [1 - 2 * INSET / width, 1 - 2 * INSET / height]
        u = (column + inside[:, 0]) / self.columns
        v = (row + inside[:, 1]) / self.rows
        return np.stack([u, 1.0 - v], axis=-1)


def face_atlas(
    scenes: SceneBatch, scene: int, slot: int, textures: NDArray[np.uint8], pixels: float
) -> Atlas:
    """Bake the faces of one primitive.

    Args:
        pixels: about how long its longest side appears, which is how fine the images are.
    """
    shape = int(scenes.shape[scene, slot])
    half = scenes.half_size[scene, slot].astype(np.float64)
    if shape == BOX:
        columns, rows = COLUMNS, ROWS
        faces = list(range(6))
    elif shape == CYLINDER:
        columns, rows, faces = COLUMNS, ROWS, [0, 4, 5]
    else:
        columns, rows, faces = 1, 1, [0]
    side = ALIGNMENT * int(np.ceil(np.clip(pixels, LEAST_CELL, LARGEST_CELL) / ALIGNMENT))
    image = np.zeros((rows * side, columns * side, 3), dtype=np.uint8)
    for face in faces:
        row, column = divmod(face, columns)
        extent = _extent(shape, face, half)
        cell = _face(scenes, scene, slot, face, textures, extent, side)
        image[row * side : (row + 1) * side, column * side : (column + 1) * side] = cell
    return Atlas(image, columns, rows)


def face_tile(
    scenes: SceneBatch,
    scene: int,
    slot: int,
    face: int,
    textures: NDArray[np.uint8],
    pixel_m: float,
) -> Tile:
    """The repeating image of one face of a box; it shows no worn rim.

    Args:
        pixel_m: how much of it a pixel shows where the camera is nearest, metres.
    """
    half = scenes.half_size[scene, slot].astype(np.float64)
    low, high = _colors(scenes, scene, slot, face)
    index = int(scenes.texture[scene, slot, face])
    side = TEXTURE_SIZE * TILE_SCALE if index > 0 else ALIGNMENT
    steps = (np.arange(side) + 0.5) / side
    texture = _at_level(textures[index], scenes.texture_map[scene, slot, face], pixel_m)
    texel = _texels(texture, np.stack(np.meshgrid(steps, steps), axis=-1))
    linear = low + (high - low) * texel if index > 0 else np.broadcast_to(high, (side, side, 3))
    return Tile(_encoded(linear), _extent(BOX, face, half), scenes.texture_map[scene, slot, face])


def backdrop_colors(
    scenes: SceneBatch, scene: int, textures: NDArray[np.uint8], rays: Array
) -> Floats:
    """Linear colours (N, 3) of what is behind everything, along unit directions (N, 3): a texture
    on a cylinder, as the ray caster has it."""
    place = np.stack([np.arctan2(rays[:, 1], rays[:, 0]) * 0.6, rays[:, 2]], axis=-1)
    texel = _texels(textures[int(scenes.backdrop[scene])], place[None])[0]
    low, high = scenes.backdrop_low[scene], scenes.backdrop_high[scene]
    return np.asarray(low + (high - low) * texel, dtype=np.float32)


def _extent(shape: int, face: int, half: Array) -> tuple[float, float]:
    """Half lengths of a face along its own two coordinates, metres."""
    if shape == BOX:
        first, second = [axis for axis in range(3) if axis != face // 2]
        return float(half[first]), float(half[second])
    if shape == CYLINDER and face >= 4:
        return float(half[0]), float(half[1])
    return float(np.pi * half[0]), float(half[2])


def _face(
    scenes: SceneBatch,
    scene: int,
    slot: int,
    face: int,
    textures: NDArray[np.uint8],
    extent: tuple[float, float],
    side: int,
) -> NDArray[np.uint8]:
    """A face's image, uint8 (side, side, 3): first coordinate to the right, second downwards."""
    steps = ((np.arange(side) + 0.5) / side * 2 - 1).astype(np.float32)
    low, high = _colors(scenes, scene, slot, face)
    index = int(scenes.texture[scene, slot, face])
    if index > 0:
        a, b = np.meshgrid(steps * extent[0], steps * extent[1])
        m = scenes.texture_map[scene, slot, face]
        place = np.stack([m[0] * a + m[1] * b + m[2], m[3] * a + m[4] * b + m[5]], axis=-1)
        texture = _at_level(textures[index], m, 2 * max(extent) / side)
        linear = low + (high - low) * _texels(texture, place)
    else:  # texture 0 is plain
        linear = np.broadcast_to(high, (side, side, 3))
    radius = float(scenes.edge_radius[scene, slot])
    if radius > 0 and int(scenes.shape[scene, slot]) == BOX:
        from_rim = np.minimum(
            extent[1] * (1 - np.abs(steps))[:, None], extent[0] * (1 - np.abs(steps))[None]
        )
        tint = np.where(from_rim < radius, float(scenes.edge_tint[scene, slot]), 1.0)
        linear = linear * tint[..., None]
    return _encoded(linear)


def _colors(scenes: SceneBatch, scene: int, slot: int, face: int) -> tuple[Floats, Floats]:
    """What texture values 0 and 1 stand for on a face, (3,) each."""
    return scenes.color_low[scene, slot, face], scenes.color_high[scene, slot, face]


def _encoded(linear: Array | Floats) -> NDArray[np.uint8]:
    table = np.arange(ENCODING_STEPS + 1) / ENCODING_STEPS
    codes = np.rint(table ** (1.0 / GAMMA) * 255.0).astype(np.uint8)
    return codes[np.clip(linear * ENCODING_STEPS + 0.5, 0, ENCODING_STEPS).astype(np.int32)]


def _at_level(texture: NDArray[np.uint8], texture_map: Floats, pixel_m: float) -> NDArray[np.uint8]:
    """The level of a texture's mip pyramid that the ray caster would look up.

    Args:
        texture_map: of `scene.py`, for one face, (6,).
        pixel_m: how much of the face a pixel shows, metres.
    """
    along = np.hypot(texture_map[[0, 1]], texture_map[[3, 4]]).max()
    level = int(mip_level(np.float32(pixel_m * TEXTURE_SIZE * along)))
    return mip_pyramid(texture[None], level + 1)[-1][0]


def _texels(texture: NDArray[np.uint8], place: Array | Floats) -> Floats:
    """Bilinear, repeating look-up at (..., 2): values 0 to 1, (..., 3)."""
    pixels = np.mod(place, 1.0).astype(np.float32) * texture.shape[0] - 0.5
    shape = pixels.shape[:-1]
    rows = pixels.reshape(-1, shape[-1], 2) if len(shape) > 1 else pixels.reshape(1, -1, 2)
    # OpenCV looks up images of less than 2^15 pixels a side.
    out = np.concatenate(
        [
            cv2.remap(texture, np.ascontiguousarray(part), None, cv2.INTER_LINEAR, None,
                      cv2.BORDER_WRAP)
            for part in np.array_split(rows, -(-rows.shape[1] // 32000), axis=1)
        ],
        axis=1,
    )  # fmt: skip
    return np.asarray(out.reshape(*shape, 3) * np.float32(1 / 255), dtype=np.float32)
