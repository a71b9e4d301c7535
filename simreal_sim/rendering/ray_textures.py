"""What a ray sees of a textured surface: mip levels, texels, the colours of faces and backdrop.

Scalar functions as in `ray_functions.py`.
"""

from __future__ import annotations

import math

import numpy as np

from simreal_sim.rendering.ray_functions import MID, ONE, ZERO, compiled, turn
from simreal_sim.rendering.texture_size import LEVELS, TEXTURE_SIZE

BYTE, SIDE = np.float32(1.0 / 255.0), np.float32(TEXTURE_SIZE)
# Pixels of one texture with all levels of its mip pyramid, the finest first.
PYRAMID = sum((TEXTURE_SIZE >> level) ** 2 for level in range(LEVELS))
# Texels a pixel from which the next coarser level is looked up, for the first of them.
COARSER, TWO = np.float32(1.5), np.float32(2.0)
GRAZING = np.float32(0.1)  # cosine; a surface seen flatter is blurred no more than this


@compiled
def _fraction(x):  # type: ignore[no-untyped-def]
    """x less the next lower whole number. (CUDA has no np.floor, math.floor would be an int64.)"""
    rest = x - np.float32(np.int32(x))
    return rest + ONE if rest < ZERO else rest


@compiled
def footprint(distance, pixel, cosine):  # type: ignore[no-untyped-def]
    """How much of a surface a pixel shows, metres across: the mean of both directions.

    Args:
        distance: from the camera, metres.
        pixel: angle of a pixel, radians.
        cosine: of the angle between ray and normal.
    """
    return distance * pixel / math.sqrt(max(abs(cosine), GRAZING))


@compiled
def mip_level(texels):  # type: ignore[no-untyped-def]
    """The level of a mip pyramid at which a pixel shows about one texel; `texels` at the finest."""
    level = np.int32(0)
    limit = COARSER
    for _ in range(LEVELS - 1):
        level += np.int32(1) if texels > limit else np.int32(0)
        limit *= TWO
    return level


@compiled
def texel(textures, index, u, v, level):  # type: ignore[no-untyped-def]
    """Bilinear, repeating look-up, three channels 0 to 1.

    Args:
        textures: uint32, flat, one number a pixel: red + 2^8 green + 2^16 blue; of each texture all
            levels of its mip pyramid.
        level: of the pyramid, 0 the finest.
    """
    size = np.int32(TEXTURE_SIZE) >> level
    # The finer levels before this one: a geometric series.
    start = index * PYRAMID + (TEXTURE_SIZE * TEXTURE_SIZE - size * size) * 4 // 3
    side = np.float32(size)
    u, v = _fraction(u) * side + MID, _fraction(v) * side + MID
    u1, v1 = np.int32(u), np.int32(v)
    fu, fv = u - np.float32(u1), v - np.float32(v1)
    # Sizes are powers of two, so that a mask does the repetition.
    u0, v0 = (u1 - 1) & (size - 1), (v1 - 1) & (size - 1)
    u1, v1 = u1 & (size - 1), v1 & (size - 1)
    row0, row1 = start + v0 * size, start + v1 * size
    t00, t01 = np.int32(textures[row0 + u0]), np.int32(textures[row0 + u1])
    t10, t11 = np.int32(textures[row1 + u0]), np.int32(textures[row1 + u1])
    w11 = fu * fv * BYTE
    w01, w10 = fu * BYTE - w11, fv * BYTE - w11
    w00 = BYTE - w01 - w10 - w11
    red = w00 * np.float32(t00 & 255) + w01 * np.float32(t01 & 255)
    red += w10 * np.float32(t10 & 255) + w11 * np.float32(t11 & 255)
    green = w00 * np.float32((t00 >> 8) & 255) + w01 * np.float32((t01 >> 8) & 255)
    green += w10 * np.float32((t10 >> 8) & 255) + w11 * np.float32((t11 >> 8) & 255)
    blue = w00 * np.float32(t00 >> 16) + w01 * np.float32(t01 >> 16)
    blue += w10 * np.float32(t10 >> 16) + w11 * np.float32(t11 >> 16)
    return red, green, blue


@compiled
def paint(faces, row, a, b, rim, shown, textures):  # type: ignore[no-untyped-def]
    """Colour of a point of a face, before any light; `row` is where the face's numbers start.

    `shown` is what a pixel shows of the face, see `footprint`.
    """
    u = faces[row + 7] * a + faces[row + 8] * b + faces[row + 9]
    v = faces[row + 10] * a + faces[row + 11] * b + faces[row + 12]
    wide = faces[row + 7] * faces[row + 7] + faces[row + 10] * faces[row + 10]
    high = faces[row + 8] * faces[row + 8] + faces[row + 11] * faces[row + 11]
    level = mip_level(shown * SIDE * math.sqrt(max(wide, high)))
    t0, t1, t2 = texel(textures, np.int32(faces[row]), u, v, level)
    red = (faces[row + 1] + faces[row + 4] * t0) * rim
    green = (faces[row + 2] + faces[row + 5] * t1) * rim
    blue = (faces[row + 3] + faces[row + 6] * t2) * rim
    return red, green, blue


@compiled
def backdrop(world, dx, dy, dz, textures):  # type: ignore[no-untyped-def]
    """Colour of a ray that hits nothing: a texture on a cylinder around everything."""
    t0, t1, t2 = texel(textures, np.int32(world[12]), turn(dy, dx), dz, np.int32(0))
    return world[6] + world[9] * t0, world[7] + world[10] * t1, world[8] + world[11] * t2
