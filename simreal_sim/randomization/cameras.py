"""Draws cameras above the table: extrinsics, intrinsics and lens distortion.

One source for whole images, and for the windows and crops that networks learn from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_sim.randomization.layout.layout import (
    FIRST_BLOCK,
    FIRST_CLUTTER,
    FIRST_DISTRACTOR,
    TABLE_SLOT,
)
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig
from simreal_sim.randomization.viewpoints import Array, looking, turned_aside
from simreal_sim.rendering.scene import EMPTY, SceneBatch, ViewBatch

PLAIN_DISTANCE_M, PLAIN_FOV = 0.9, np.radians(60.0)
PLAIN_DIRECTION = (0.7, 0.0, 0.714)
TRIES = 6  # places for a camera, the first that sees its block is taken
CLEARANCE_M = 0.02  # between a camera and the nearest surface
LEAST_HEIGHT_M = 0.02  # of a camera above the table
# Robot parts and distractors may hide the block that a camera was to look at, in this share of tries.
HIDDEN_SHARE = 0.3
UNDISTORT_STEPS = 8  # of Newton's method: to a hundredth of a pixel for the lenses drawn here
LEAST_STRETCH = 0.02  # of a ray's distance from the axis by a lens; where it folds there is none
LENS_SCALES = (1.0, 0.8, 0.6, 0.4, 0.2, 0.0)  # tried for a lens that would fold an image's corners


@dataclass(frozen=True, eq=False)
class Stands:
    """Where N cameras stand from what they look at.

    Attributes:
        away: (N, 3), unit vectors from there to the camera, world frame.
        roll: (N,), about the viewing ray, radians.
    """

    away: Array
    roll: Array


def draw_stands(count: int, randomization: RandomizationConfig, rng: np.random.Generator) -> Stands:
    """Directions and rolls of `count` cameras: a share above the table, the others all around it."""
    overhead, roll = _rolls(count, randomization, rng)
    away = _directions(overhead, randomization, rng)
    if not randomization.on("camera"):
        roll[:] = 0.0
    return Stands(away, roll)


def draw_distances(
    edge: Array, randomization: RandomizationConfig, rng: np.random.Generator
) -> Array:
    """Distances, (N,), metres, of cameras that look at blocks of edges (N,) for training."""
    ranges = randomization.camera
    distance = edge * ranges.distance_edges.draw(len(edge), rng)
    return np.minimum(distance, ranges.farthest_m.draw(len(edge), rng))


def _rolls(
    count: int, randomization: RandomizationConfig, rng: np.random.Generator
) -> tuple[NDArray[np.bool_], Array]:
    """Which of `count` cameras hang above the table, and their rolls, radians."""
    ranges = randomization.camera
    overhead = ranges.overhead.draw(count, rng)
    roll = np.radians(ranges.roll_deg.draw(count, rng))
    any_roll = ranges.any_roll.draw(count, rng) | overhead
    return overhead, np.where(any_roll, rng.uniform(-np.pi, np.pi, size=count), roll)


def _directions(
    overhead: NDArray[np.bool_], randomization: RandomizationConfig, rng: np.random.Generator
) -> Array:
    """Unit vectors (N, 3) towards cameras: even over the half-sphere, or over a cap of it."""
    ranges, count = randomization.camera, len(overhead)
    azimuth = rng.uniform(0, 2 * np.pi, size=count)
    lowest, highest = (
        math.cos(math.radians(angle))
        for angle in (ranges.overhead_deg.high, ranges.overhead_deg.low)
    )
    cap = rng.uniform(lowest, highest, size=count)
    sine = np.where(overhead, cap, ranges.sine_elevation.draw(count, rng))
    flat = np.sqrt(1.0 - sine**2)
    away = np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), sine], axis=-1)
    if not randomization.on("camera"):
        away[:] = PLAIN_DIRECTION
    return away


def draw_views(
    scenes: SceneBatch,
    scene_index: NDArray[np.integer],
    width: int,
    height: int,
    randomization: RandomizationConfig,
    rng: np.random.Generator,
) -> ViewBatch:
    """A camera for each of N scenes, looking at one of its blocks, or past it.

    Args:
        scenes: B scenes.
        scene_index: (N,), which of them a view shows; a scene may come many times.
        width, height: of the images, pixels.
    """
    index = np.asarray(scene_index, dtype=np.int64)
    count = len(index)
    ranges = randomization.camera
    pick = rng.uniform(size=(count, FIRST_DISTRACTOR - FIRST_BLOCK)) + 1e-3
    pick *= scenes.shape[index, FIRST_BLOCK:FIRST_DISTRACTOR] != EMPTY
    target = scenes.position[index, FIRST_BLOCK + pick.argmax(axis=1)].astype(np.float64)
    fov = ranges.fov_deg.draw(count, rng)
    aside = ranges.off_axis.draw((count, 2), rng)
    overhead, roll = _rolls(count, randomization, rng)
    center = np.array([width - 1, height - 1]) / 2
    center = center + ranges.principal_point.draw((count, 2), rng) * width
    fov = np.radians(fov)
    if not randomization.on("camera"):
        fov[:], aside[:], roll[:] = PLAIN_FOV, 0.0, 0.0
        center[:] = np.array([width - 1, height - 1]) / 2
    focal = 0.5 * width / np.tan(fov / 2)
    position = _positions(scenes, index, target, overhead, randomization, rng)
    forward = target - position
    forward /= np.linalg.norm(forward, axis=1, keepdims=True)
    # Where the image's rays go without a lens; the block lies somewhere among them.
    slope = aside * np.array([width, height]) / 2 / focal[:, None]
    rotation = turned_aside(looking(forward, roll), slope)
    # The corner that lies farthest from the optical axis.
    reach = np.maximum(center, [width - 1, height - 1] - center) / focal[:, None]
    distortion = draw_distortion(
        np.hypot(width, height) / 2 / focal, np.hypot(*reach.T), randomization, rng
    )
    return ViewBatch(
        scene=index.astype(np.int32),
        rotation=np.ascontiguousarray(rotation, np.float32),
        position=np.ascontiguousarray(position, np.float32),
        intrinsics=np.column_stack([focal, focal, center]).astype(np.float32),
        distortion=distortion.astype(np.float32),
    )


def draw_distortion(
    corner: Array, reach: Array, randomization: RandomizationConfig, rng: np.random.Generator
) -> Array:
    """Radial coefficients k1, k2 of N lenses, (N, 2).

    The ranges say how far an image's corner is shifted, in shares of its distance from the centre,
    so that a wide lens is not bent until it folds back on itself.

    Args:
        corner: (N,), distance of the corner from the centre at unit focal length.
        reach: (N,), that of the farthest place from the optical axis that must show something.
    """
    ranges = randomization.lens
    count = len(corner)
    bent = ranges.share.draw(count, rng)
    bent &= randomization.on("lens")
    k1 = ranges.corner_shift.draw(count, rng) / corner**2
    k2 = ranges.corner_shift_4.draw(count, rng) / corner**4
    distortion = np.where(bent[:, None], np.column_stack([k1, k2]), 0.0)
    _unfold(distortion, reach)
    return distortion


def undistorted(bent: Array, distortion: Array) -> Array:
    """Where rays go without lenses (N, 2) that bend them to (N, 2), at unit focal length."""
    k1, k2 = distortion.T
    wanted = np.hypot(*bent.T)
    radius = wanted.copy()
    for _ in range(UNDISTORT_STEPS):
        square = radius**2
        off = radius * (1 + square * (k1 + square * k2)) - wanted
        radius -= off / np.maximum(1 + square * (3 * k1 + square * 5 * k2), LEAST_STRETCH)
    return np.asarray(bent * (radius / np.maximum(wanted, 1e-12))[:, None])


def _unfold(distortion: Array, corner: Array) -> None:
    """Weaken, in place, lenses (N, 2) that map no ray at all to an image's corner, (N,)."""
    for lens, radius in zip(distortion, corner, strict=True):
        if lens.any():
            k1, k2 = lens
            lens *= next(s for s in LENS_SCALES if _reaches(s * k1, s * k2, float(radius)))


def _reaches(k1: float, k2: float, corner: float) -> bool:
    """Whether a lens maps some radius to 1.05 times `corner`, and all below it one to one."""
    radius = np.linspace(0.0, 2.5 * corner, 200)
    bent = radius * (1 + k1 * radius**2 + k2 * radius**4)
    falls = np.flatnonzero(np.diff(bent) <= 0)
    end = int(falls[0]) if len(falls) else len(bent) - 1
    return bool(bent[end] > 1.05 * corner)


def inside_something(
    scenes: SceneBatch, index: NDArray[np.int64], points: Array, clearance_m: float
) -> NDArray[np.bool_]:
    """Whether points (N, 3) lie inside, or nearer than `clearance_m` to, the box about a primitive."""
    offset = points[:, None] - scenes.position[index]
    local = np.einsum("npji,npj->npi", scenes.rotation[index], offset)
    within = np.abs(local) < scenes.half_size[index] + clearance_m
    return np.asarray((within.all(axis=-1) & (scenes.shape[index] != EMPTY)).any(axis=1))


def _hidden(
    scenes: SceneBatch, index: NDArray[np.int64], start: Array, end: Array, first: int, last: int
) -> NDArray[np.bool_]:
    """Whether a box of slots first to last - 1 lies between points start and end, (N, 3)."""
    part = np.s_[index, first:last]
    rotation = scenes.rotation[part]
    origin = np.einsum("npji,npj->npi", rotation, start[:, None] - scenes.position[part])
    along = np.einsum("npji,nj->npi", rotation, end - start)
    along = np.where(np.abs(along) < 1e-9, 1e-9, along)
    wide = np.abs(scenes.half_size[part] / along)
    middle = -origin / along
    near, far = (middle - wide).max(axis=-1), (middle + wide).min(axis=-1)
    crossed = (near < far) & (far > 0) & (near < 1)
    return np.asarray((crossed & (scenes.shape[part] != EMPTY)).any(axis=1))


def _positions(
    scenes: SceneBatch,
    index: NDArray[np.int64],
    target: Array,
    overhead: NDArray[np.bool_],
    randomization: RandomizationConfig,
    rng: np.random.Generator,
) -> Array:
    """Camera centres (N, 3) around targets (N, 3): the first of some tries that is free and sees."""
    ranges = randomization.camera
    position = np.empty_like(target)
    left = np.arange(len(index))
    for _ in range(TRIES):
        size = len(left)
        away = _directions(overhead[left], randomization, rng)
        distance = ranges.distance_m.draw(size, rng)
        if not randomization.on("camera"):
            distance[:] = PLAIN_DISTANCE_M
        point = target[left] + away * distance[:, None]
        point[:, 2] = np.maximum(point[:, 2], LEAST_HEIGHT_M)
        position[left] = point
        scene = index[left]
        bad = inside_something(scenes, scene, point, CLEARANCE_M)
        bad |= _hidden(scenes, scene, target[left], point, FIRST_CLUTTER, scenes.shape.shape[1])
        shy = rng.uniform(size=size) > HIDDEN_SHARE
        bad |= shy & _hidden(scenes, scene, target[left], point, FIRST_DISTRACTOR, FIRST_CLUTTER)
        left = left[bad]
        if not len(left) or not randomization.on("camera"):
            break
    # The last resort: straight up until nothing is in the way.
    stuck = left[inside_something(scenes, index[left], position[left], CLEARANCE_M)]
    if len(stuck):
        extent = np.einsum("npij,npj->npi", np.abs(scenes.rotation), scenes.half_size)[..., 2]
        top = scenes.position[..., 2] + extent
        top = np.where(scenes.shape != EMPTY, top, 0.0)[:, TABLE_SLOT:]
        position[stuck, 2] = top[index[stuck]].max(axis=1) + 2 * CLEARANCE_M
    return position
