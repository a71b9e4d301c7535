"""The outline of a cube in an image, and which of its pixels that makes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera
from simreal_common.geometry import cube_corners

Array = NDArray[np.float64]

NEAREST_M = 1e-3  # a point nearer than this, or behind the camera, has no pixel
SAMPLES = 9  # points on an edge: a lens bends edges
SUBPIXEL_BITS = 4
FARTHEST_PX = 2**17  # what lies farther off the image does not fit into OpenCV's numbers

# Corner i of `cube_corners` differs from corner i ^ (1 << axis) in that axis alone.
_ENDS = [(i, i | 1 << axis) for axis in range(3) for i in range(8) if not i >> axis & 1]


def project_corners(camera: Camera, pose: Array, edge: float) -> Array:
    """Corners of a cube in the order of `cube_corners`, pixels, (8, 2); NaN where one has no pixel.

    Args:
        pose: block -> optical frame, (4, 4).
        edge: metres.
    """
    points = cube_corners(edge) @ pose[:3, :3].T + pose[:3, 3]
    before = points[:, 2] > NEAREST_M
    pixels = np.full((8, 2), np.nan)
    if before.any():
        pixels[before] = camera.project(points[before])
    return pixels


def outline(camera: Camera, pose: Array, edge: float) -> NDArray[np.float32] | None:
    """The cube's outline in the image, a convex polygon, pixels, (N, 2).

    None where a part of the cube is not before the camera, or where it lies too far off the image.
    """
    corners = cube_corners(edge)
    steps = np.linspace(0.0, 1.0, SAMPLES)[:, None]
    on_edges = [(1 - steps) * corners[i] + steps * corners[j] for i, j in _ENDS]
    points = np.concatenate(on_edges) @ pose[:3, :3].T + pose[:3, 3]
    if points[:, 2].min() <= NEAREST_M:
        return None
    pixels = camera.project(points)
    if not (np.abs(pixels) < FARTHEST_PX).all():
        return None
    hull = cv2.convexHull(pixels.astype(np.float32)).reshape(-1, 2)
    return np.asarray(hull, dtype=np.float32)


def fill_outline(polygon: NDArray[np.float32], width: int, height: int) -> NDArray[np.bool_]:
    """The pixels that a convex polygon touches, bool (H, W)."""
    mask = np.zeros((height, width), np.uint8)
    points = np.rint(polygon * 2**SUBPIXEL_BITS).astype(np.int32)
    cv2.fillConvexPoly(mask, points, 1, cv2.LINE_8, SUBPIXEL_BITS)
    return mask.astype(bool)


def centers_within(polygon: NDArray[np.float32], width: int, height: int) -> NDArray[np.bool_]:
    """The pixels whose centres lie within a convex polygon, as a renderer without blur would fill them.

    Args:
        polygon: corners in order, either way round, pixels, (N, 2).

    Returns:
        bool (H, W).
    """
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    starts = polygon.reshape(-1, 2).astype(np.float64)
    sides = np.stack(
        [
            (x2 - x1) * (rows - y1) - (y2 - y1) * (columns - x1)
            for (x1, y1), (x2, y2) in zip(starts, np.roll(starts, -1, axis=0), strict=True)
        ]
    )
    return np.asarray((sides >= 0).all(axis=0) | (sides <= 0).all(axis=0))


def fill_hull(points: Array, width: int, height: int) -> NDArray[np.bool_]:
    """The pixels that the convex hull of points, (N, 2), touches, bool (H, W)."""
    hull = cv2.convexHull(points.astype(np.float32)).reshape(-1, 2)
    return fill_outline(np.asarray(hull, dtype=np.float32), width, height)


def common_shift(away: Array, tolerance: float) -> Array | None:
    """By how much all points lie aside alike, pixels, (2,); None where they do not.

    Args:
        away: from where each should be to where it is, (..., 2).
        tolerance: by which one may differ from the mean.
    """
    flat = away.reshape(-1, 2)
    shift = np.asarray(flat.mean(axis=0), dtype=np.float64)
    return shift if np.linalg.norm(flat - shift, axis=1).max() <= tolerance else None


def area(polygon: NDArray[np.float32]) -> float:
    """Of a polygon, pixels."""
    return float(cv2.contourArea(polygon))
