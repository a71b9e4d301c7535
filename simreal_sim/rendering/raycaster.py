"""A batched ray caster, compiled by numba; needs no GL and no GPU, and uses one where it is told to.

Draws what `scene.py` describes: textured boxes, ellipsoids, cylinders, cones and convex solids,
several lights with shadows, highlights, rounded rims. Views are independent and seeded one by one,
so the result does not depend on the number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numba import parallel_chunksize
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError
from simreal_common.shapes.shape import Shape
from simreal_sim.rendering.mip_pyramid import mip_pyramid
from simreal_sim.rendering.ray_functions import (
    FIRST_AXIS,
    GEOMETRY,
    HALF,
    OFFSET,
    POSITION,
    RADIUS,
    SECOND_AXIS,
    SOLID_COLUMNS,
)
from simreal_sim.rendering.ray_textures import PYRAMID
from simreal_sim.rendering.raycaster_cpu import render_all
from simreal_sim.rendering.reflections import add_reflections
from simreal_sim.rendering.scene import Floats, Ints, SceneBatch, ViewBatch

DEVICES = ("cpu", "cuda")
NOISE_SIZE = 1 << 14  # a power of two; random numbers for soft shadows and subpixels


@dataclass(frozen=True, eq=False)
class Rendering:
    """What was drawn of N views of height H and width W.

    Attributes:
        color: float32 (N, H, W, 3), linear intensities.
        instance: int32 (N, H, W), index of the primitive a pixel shows, -1 for the backdrop.
        seen: int32 (N, P), pixels in which a primitive is visible.
        covered: int32 (N, P), pixels it would be visible in if nothing stood before it;
            counted for blocks only.
    """

    color: Floats
    instance: Ints
    seen: Ints
    covered: Ints


def render(
    scenes: SceneBatch,
    views: ViewBatch,
    textures: NDArray[np.uint8],
    width: int,
    height: int,
    rng: np.random.Generator,
    device: str = "cpu",
) -> Rendering:
    """Draw N views of a batch of scenes at `width` x `height` pixels, reflections with them.

    Args:
        textures: the pool, uint8 (T, 128, 128, 3).
        rng: draws one number a view, for soft shadows.
        device: "cpu", or "cuda" for the first NVIDIA GPU.

    Raises:
        ConfigurationError: an unknown device, or no GPU there.
    """
    if device not in DEVICES:
        raise ConfigurationError(f"no device is called '{device}'; wanted {' or '.join(DEVICES)}")
    offsets = rng.integers(0, NOISE_SIZE, size=views.size, dtype=np.int64)
    solid, pixels = _solid(scenes.block), _one_number_a_pixel(textures)

    def draw(scenes: SceneBatch, views: ViewBatch, offsets: NDArray[np.int64]) -> Rendering:
        packed = _pack(scenes)
        if device == "cuda":
            from simreal_sim.rendering.raycaster_cuda import render_on_gpu

            return Rendering(
                *render_on_gpu(views, packed, solid, pixels, noise_table(), offsets, width, height)
            )
        return _render_on_cpu(views, packed, solid, pixels, offsets, width, height)

    drawn = draw(scenes, views, offsets)
    add_reflections(drawn, scenes, views, lambda s, v: draw(s, v, offsets[: v.size]).color)
    return drawn


def _render_on_cpu(
    views: ViewBatch,
    packed: tuple[Floats, Floats, Floats, Floats],
    solid: Floats,
    pixels: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    width: int,
    height: int,
) -> Rendering:
    count, primitives = views.size, packed[0].shape[1]
    color = np.empty((count, height, width, 3), dtype=np.float32)
    instance = np.empty((count, height, width), dtype=np.int32)
    seen = np.zeros((count, primitives), dtype=np.int32)
    covered = np.zeros((count, primitives), dtype=np.int32)
    # Views take unlike long: handed out one by one they keep all cores busy to the end.
    with parallel_chunksize(1):
        render_all(
            views.scene, views.rotation, views.position, views.intrinsics, views.distortion, *packed,
            solid, pixels, noise_table(), offsets, color, instance, seen, covered,
        )  # fmt: skip
    return Rendering(color, instance, seen, covered)


@lru_cache(maxsize=1)
def noise_table() -> Floats:
    """Uniform numbers in [0, 1) that all views share, each from a place of its own."""
    return np.random.default_rng(0).uniform(size=NOISE_SIZE).astype(np.float32)


_packed_textures: list[tuple[NDArray[np.uint8], NDArray[np.uint32]]] = []


def _one_number_a_pixel(textures: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """The pool as one number a pixel, flat, of which one look-up fetches all channels.

    Of each texture the levels of its mip pyramid follow one another, the finest first.

    The last two pools are remembered: one is the same for all batches of a training, and what looks at
    its progress meanwhile has another.
    """
    for pool, packed in _packed_textures:
        if pool is textures:
            return packed
    packed = np.empty((len(textures), PYRAMID), dtype=np.uint32)
    first = 0
    eight = np.uint32(8)
    for level in mip_pyramid(textures):
        channels = level.reshape(len(level), -1, 3).astype(np.uint32)
        last = first + channels.shape[1]
        packed[:, first:last] = channels[..., 2]
        for channel in (1, 0):
            packed[:, first:last] = (packed[:, first:last] << eight) | channels[..., channel]
        first = last
    packed = packed.reshape(-1)
    _packed_textures[:] = [*_packed_textures[-1:], (textures, packed)]
    return packed


@lru_cache(maxsize=8)
def _solid(block: Shape) -> Floats:
    """The faces of what blocks are, float32 (F, SOLID_COLUMNS); none of what is drawn otherwise."""
    normals, offsets = block.faces
    if block.is_box:
        normals, offsets = normals[:0], offsets[:0]
    table = np.zeros((len(normals), SOLID_COLUMNS), dtype=np.float32)
    up = np.where(np.abs(normals[:, 2:]) > 1.0 - 1e-6, [1.0, 0.0, 0.0], [0.0, 0.0, 1.0])
    first = np.cross(up, normals)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    table[:, :OFFSET] = normals
    table[:, OFFSET] = offsets / block.half_extents[0]
    table[:, FIRST_AXIS:SECOND_AXIS] = first
    table[:, SECOND_AXIS:] = np.cross(normals, first)
    return table


def _pack(scenes: SceneBatch) -> tuple[Floats, Floats, Floats, Floats]:
    """The scenes as four float32 arrays: few arguments and neighbouring numbers are fast."""
    batch, count = scenes.shape.shape
    geometry = np.zeros((batch, count, GEOMETRY), dtype=np.float32)
    geometry[:, :, :9] = scenes.rotation.reshape(batch, count, 9)
    geometry[:, :, POSITION : POSITION + 3] = scenes.position
    geometry[:, :, HALF : HALF + 3] = scenes.half_size
    columns = (
        scenes.bounding_radius, scenes.shape, scenes.is_block, scenes.specular, scenes.shininess,
        scenes.edge_radius, scenes.edge_tint,
    )  # fmt: skip
    for index, column in enumerate(columns):
        geometry[:, :, RADIUS + index] = column
    faces = np.concatenate(
        [
            scenes.texture[..., None].astype(np.float32), scenes.color_low,
            scenes.color_high - scenes.color_low, scenes.texture_map,
        ],
        axis=-1,
    )  # fmt: skip
    lights = np.concatenate(
        [scenes.light_position, scenes.light_color, scenes.light_radius[..., None]], axis=-1
    )
    surroundings = np.concatenate(
        [
            scenes.ambient_down, scenes.ambient_up - scenes.ambient_down, scenes.backdrop_low,
            scenes.backdrop_high - scenes.backdrop_low, scenes.backdrop[:, None],
        ],
        axis=-1,
    )  # fmt: skip
    packed = (geometry, faces.reshape(batch, -1), lights, surroundings)
    first, second, third, fourth = (np.ascontiguousarray(a, dtype=np.float32) for a in packed)
    return first, second, third, fourth
