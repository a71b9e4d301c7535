"""The crop of a block as a virtual pinhole camera of its own.

The pose network never sees the camera's image as it is. For each block a virtual camera with the
same centre is turned towards it and zoomed until the block has a standard size; lens distortion is
undone on the way. What the network learns therefore holds for any calibrated camera, any image
size and any place in the image.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera

Array = NDArray[np.float64]

CROP_SIZE = 64  # pixels a side
MIDDLE_PX = (CROP_SIZE - 1) / 2  # the crop's centre, pixels
# Radius of the block's bounding sphere in the crop, pixels: leaves 40 % around it for context.
CROP_BLOCK_RADIUS = 23.0
# Bounding sphere of a cube of edge 1.
SPHERE_PER_EDGE = float(np.sqrt(3.0) / 2.0)
# A crop finer than the image by more than this is made from the image as it is; coarser ones
# from a smaller copy, so that no pixel is skipped.
SHRINK_FROM = 1.5
LEAST_DEPTH_M = 1e-3  # what lies nearer is projected as if it lay there
# A block so much larger than the image is none; to look at it would take a blur as wide.
LARGEST_RADIUS = 2.0  # in longest sides of the image


@dataclass(frozen=True, eq=False)
class CropCamera:
    """A virtual camera that looks at one block.

    Attributes:
        rotation: crop's optical frame -> camera's optical frame, (3, 3).
        focal: focal length, crop pixels; the principal point is the crop's centre.
    """

    rotation: Array
    focal: float

    @property
    def matrix(self) -> Array:
        """Pinhole intrinsics, (3, 3)."""
        return np.array([[self.focal, 0, MIDDLE_PX], [0, self.focal, MIDDLE_PX], [0, 0, 1.0]])


def crop_focal(angular_radius: float) -> float:
    """Focal length, crop pixels, at which a sphere of that angular radius (rad) fits the crop."""
    return CROP_BLOCK_RADIUS / float(np.tan(angular_radius))


def facing(ray: Array) -> Array:
    """Rotation, (3, 3), of a camera that looks along `ray`, its x axis level with the parent's."""
    x, y, z = (ray / np.linalg.norm(ray)).tolist()
    level = math.hypot(x, z)
    right, down = (z / level, 0.0, -x / level), (-x * y / level, level, -y * z / level)
    return np.array([right, down, (x, y, z)]).T


def crop_cameras(camera: Camera, centers: Array, radii: Array) -> list[CropCamera]:
    """The crop cameras for N blocks.

    Args:
        centers: (N, 2), where they are seen, pixels.
        radii: (N,), of the projections of their bounding spheres, pixels.
    """
    if not len(centers):
        return []
    steps = np.array([[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    rays = camera.rays(centers[:, None] + radii[:, None, None] * steps)
    cosines = np.einsum("nki,ni->nk", rays[:, 1:], rays[:, 0])
    angles = np.arccos(np.clip(cosines, -1.0, 1.0)).mean(axis=1)
    return [
        CropCamera(facing(ray), crop_focal(angle))
        for ray, angle in zip(rays[:, 0], angles.tolist(), strict=True)
    ]


def shrink_blur(step: float) -> float:
    """Blur, image pixels, before every `step`-th pixel of an image is taken."""
    return 0.4 * step


def crop_image(image: NDArray[np.uint8], camera: Camera, crop: CropCamera) -> NDArray[np.uint8]:
    """What the crop camera sees, uint8 (64, 64, 3); black outside of the image."""
    pixels = camera.seen_from(crop.rotation, crop.matrix, CROP_SIZE)
    middle = CROP_SIZE // 2
    step = float(np.linalg.norm(pixels[middle, middle + 1] - pixels[middle, middle]))
    if not step * CROP_BLOCK_RADIUS <= LARGEST_RADIUS * max(image.shape[:2]):
        return np.zeros((CROP_SIZE, CROP_SIZE, 3), np.uint8)
    if step > SHRINK_FROM:
        sigma = shrink_blur(step)
        low = np.floor(pixels.reshape(-1, 2).min(axis=0)).astype(int) - 2
        high = np.ceil(pixels.reshape(-1, 2).max(axis=0)).astype(int) + 3
        x0, y0 = np.clip(low, 0, [image.shape[1] - 1, image.shape[0] - 1])
        x1, y1 = np.clip(high, 1, [image.shape[1], image.shape[0]])
        if x1 > x0 and y1 > y0:
            image = cv2.GaussianBlur(image[y0:y1, x0:x1], (0, 0), sigma)
            pixels = pixels - np.array([x0, y0], dtype=np.float32)
    return np.asarray(cv2.remap(image, pixels, None, cv2.INTER_LINEAR), dtype=np.uint8)


def project_into_crops(
    points: NDArray[np.floating[Any]], focal: NDArray[np.floating[Any]]
) -> NDArray[np.floating[Any]]:
    """Points of N crop cameras' frames in crop pixels, (N, K, 2).

    Args:
        points: (N, K, 3), metres; what lies at the camera or behind it is put just before it.
        focal: (N,), crop pixels.
    """
    flat = points[..., :2] / np.maximum(points[..., 2:], LEAST_DEPTH_M)
    return np.asarray(flat * focal[:, None, None] + MIDDLE_PX)
