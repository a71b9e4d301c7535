"""Errors of the pose of a cube by its vertices, over all ways in which it looks the same.

MSSD and MSPD: Hodan et al., "BOP Challenge 2020 on 6D Object Localization", section 2.2. ADD-S: Xiang
et al., "PoseCNN", section IV-C (Hinterstoisser et al. call it ADI). The vertices stand for the surface:
MSSD is largest at one of them, and a cube has none between.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera
from simreal_common.geometry import Pose, cube_corners, cube_symmetries

Array = NDArray[np.float64]

DIAMETER = float(np.sqrt(3.0))  # of a cube, the largest distance of two vertices, in edges
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
    estimate: Pose, truth: Pose, edge: float, camera: Camera | None = None
) -> SymmetricErrors:
    """Errors of an estimated pose of a cube.

    Args:
        estimate, truth: in the camera's optical frame.
        edge: of the cube, metres.
        camera: which took the image; without it MSPD is infinite. Its distortion counts.
    """
    vertices = cube_corners(edge)
    true, estimated = truth.transform_points(vertices), estimate.transform_points(vertices)
    away = np.linalg.norm(true[_orders()] - estimated[None], axis=2)
    nearest = np.linalg.norm(true[:, None] - estimated[None], axis=2).min(axis=1)
    return SymmetricErrors(
        mssd=float(away.max(axis=1).min()) / (DIAMETER * edge),
        mspd_px=np.inf if camera is None else _mspd_px(estimated, true, camera),
        add_s_m=float(nearest.mean()),
    )


def _mspd_px(estimated: Array, true: Array, camera: Camera) -> float:
    if min(estimated[:, 2].min(), true[:, 2].min()) < LEAST_DEPTH_M:
        return float("inf")
    seen, wanted = camera.project(estimated), camera.project(true)
    away = np.linalg.norm(wanted[_orders()] - seen[None], axis=2)
    return float(away.max(axis=1).min()) * BOP_WIDTH / camera.width


@lru_cache(maxsize=1)
def _orders() -> NDArray[np.int64]:
    """Which vertex comes into the place of each under each of the 24 rotations, (24, 8)."""
    vertices = cube_corners(2.0)
    turned = np.einsum("nij,kj->nki", cube_symmetries(), vertices)
    away = np.abs(turned[:, :, None] - vertices).sum(axis=-1)
    orders = np.asarray(away.argmin(axis=2), dtype=np.int64)
    orders.flags.writeable = False
    return orders
