"""Errors of the pose of a block by its vertices, over all ways in which it looks the same.

MSSD and MSPD: Hodan et al., "BOP Challenge 2020 on 6D Object Localization", section 2.2. ADD-S: Xiang
et al., "PoseCNN", section IV-C (Hinterstoisser et al. call it ADI). The vertices stand for the surface:
MSSD is largest at one of them. Of a round shape the vertices are points of its rims, and turns about
its axis come in steps of five degrees.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera
from simreal_common.geometry import Pose
from simreal_common.shapes.shape import CUBE, Shape

Array = NDArray[np.float64]

BOP_WIDTH = 640  # pixels of the images that BOP's thresholds of MSPD are told for
LEAST_DEPTH_M = 1e-3  # a vertex nearer than this, or behind the camera, has no pixel


@dataclass(frozen=True)
class SymmetricErrors:
    """Errors of one estimate against one block.

    Args:
        mssd: maximum symmetry-aware surface distance, as share of the block's diameter.
        mspd_px: maximum symmetry-aware projection distance, pixels of an image that is 640 wide;
            infinite where a vertex has no pixel.
        add_s_m: mean distance of the true vertices to the nearest estimated one, metres.
    """

    mssd: float
    mspd_px: float
    add_s_m: float


def symmetric_errors(
    estimate: Pose, truth: Pose, edge: float, camera: Camera | None = None, shape: Shape = CUBE
) -> SymmetricErrors:
    """Errors of an estimated pose of a block.

    Args:
        estimate, truth: in the camera's optical frame.
        edge: of the block, metres.
        camera: which took the image; without it MSPD is infinite. Its distortion counts.
        shape: of the block.
    """
    vertices = shape.vertices * edge
    true, estimated = truth.transform_points(vertices), estimate.transform_points(vertices)
    turned = _turned(true, truth, edge, shape)
    away = np.linalg.norm(turned - estimated[None], axis=2)
    nearest = np.linalg.norm(true[:, None] - estimated[None], axis=2).min(axis=1)
    return SymmetricErrors(
        mssd=float(away.max(axis=1).min()) / (diameter(shape) * edge),
        mspd_px=np.inf if camera is None else _mspd_px(estimated, turned, camera),
        add_s_m=float(nearest.mean()),
    )


@lru_cache(maxsize=16)
def diameter(shape: Shape) -> float:
    """The largest distance of two vertices, in edges."""
    if shape.is_cube:
        return float(np.sqrt(3.0))
    apart = shape.vertices[:, None] - shape.vertices[None]
    return float(np.linalg.norm(apart, axis=-1).max())


def _mspd_px(estimated: Array, turned: Array, camera: Camera) -> float:
    if min(estimated[:, 2].min(), turned[..., 2].min()) < LEAST_DEPTH_M:
        return float("inf")
    seen, wanted = camera.project(estimated), camera.project(turned)
    away = np.linalg.norm(wanted - seen[None], axis=2)
    return float(away.max(axis=1).min()) * BOP_WIDTH / camera.width


def _turned(true: Array, truth: Pose, edge: float, shape: Shape) -> Array:
    """The true vertices in every order, or turn, in which the block looks the same, (S, V, 3)."""
    if shape.symmetry.free_axis:
        turns = shape.symmetry.finite()
        model = np.einsum("sij,kj->ski", turns, shape.vertices * edge)
        return np.asarray(truth.transform_points(model))
    return np.asarray(true[_orders(shape)])


@lru_cache(maxsize=16)
def _orders(shape: Shape) -> NDArray[np.int64]:
    """Which vertex comes into the place of each under each rotation of its symmetry, (S, V)."""
    turned = np.einsum("nij,kj->nki", shape.symmetry.rotations, shape.vertices)
    away = np.abs(turned[:, :, None] - shape.vertices).sum(axis=-1)
    orders = np.asarray(away.argmin(axis=2), dtype=np.int64)
    orders.flags.writeable = False
    return orders
