"""Adds to drawn views what a polished table or board shows of the things that stand on it.

A mirror image is what a camera below the surface would see if everything below were gone: the same
renderer draws it, and Fresnel's equations (Schlick 1994) say how much of it is added where.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from simreal_sim.rendering.scene import EMPTY, Floats, SceneBatch, ViewBatch

if TYPE_CHECKING:
    from simreal_sim.rendering.raycaster import Rendering

LEAST_HEIGHT_M = 5e-4  # what has its centre below is the surface itself, or under it
LEAST_SIGMA_PX = 0.3  # a blur of less is none
DOWN = np.array([1.0, 1.0, -1.0], dtype=np.float32)
FLIPPED = np.array([-1.0, 1.0, 1.0], dtype=np.float32)


def add_reflections(
    drawn: Rendering,
    scenes: SceneBatch,
    views: ViewBatch,
    draw: Callable[[SceneBatch, ViewBatch], Floats],
) -> None:
    """Add reflections to the colours of N views, in place.

    Args:
        draw: colours (M, H, W, 3) of M views of scenes of which nothing reflects.
    """
    reflectance = scenes.reflectance[views.scene]  # (N, P)
    width = drawn.instance.shape[2]
    chosen, shares = [], []
    for n in np.flatnonzero(reflectance.any(axis=1)):
        share = _share(drawn, views, int(n), reflectance[n])
        if share.any():
            chosen.append(n)
            shares.append(share)
    if not chosen:
        return
    index = np.array(chosen)
    mirrored = draw(_above(scenes), _mirrored(views.take(index), width))
    for n, share, image in zip(chosen, shares, mirrored):
        image = np.ascontiguousarray(image[:, ::-1])
        sigma = float(scenes.roughness[views.scene[n]] * views.intrinsics[n, 0])
        if sigma > LEAST_SIGMA_PX:
            image = cv2.GaussianBlur(image, (0, 0), sigma).reshape(image.shape)
        drawn.color[n] += share[..., None] * (image - drawn.color[n])


def _share(drawn: Rendering, views: ViewBatch, n: int, reflectance: Floats) -> Floats:
    """How much of each pixel's light the surface there reflects, (H, W): Schlick's approximation."""
    instance = drawn.instance[n]
    # The backdrop is -1: the last number, which no primitive has.
    at_normal = np.append(reflectance, np.float32(0.0))[instance]
    height, width = instance.shape
    fx, fy, cx, cy = views.intrinsics[n]
    x = (np.arange(width, dtype=np.float32) - cx) / fx
    y = ((np.arange(height, dtype=np.float32) - cy) / fy)[:, None]
    down = views.rotation[n, 2]
    cosine = np.abs(down[0] * x + down[1] * y + down[2]) / np.sqrt(x * x + y * y + 1.0)
    share = at_normal + (1.0 - at_normal) * (1.0 - cosine) ** 5
    return np.where(at_normal > 0.0, share, 0.0).astype(np.float32)


def _above(scenes: SceneBatch) -> SceneBatch:
    """The scenes without the reflecting surface and what is below it; nothing else reflects."""
    below = scenes.position[..., 2] < LEAST_HEIGHT_M
    return replace(
        scenes,
        shape=np.where(below, np.int32(EMPTY), scenes.shape),
        reflectance=np.zeros_like(scenes.reflectance),
    )


def _mirrored(views: ViewBatch, width: int) -> ViewBatch:
    """The views from below z = 0; their images are flipped, left to right."""
    intrinsics = views.intrinsics.copy()
    intrinsics[:, 2] = width - 1 - intrinsics[:, 2]
    return ViewBatch(
        views.scene,
        # A mirror image of a frame is no rotation; with its x axis turned round it is.
        DOWN[:, None] * views.rotation * FLIPPED,
        DOWN * views.position,
        intrinsics,
        views.distortion,
    )
