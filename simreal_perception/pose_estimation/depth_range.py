"""Measures range a second time, in an aligned depth image, at a block's visible faces."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.errors import ImageError
from simreal_common.geometry import Pose
from simreal_common.shapes.shape import CUBE, Shape

Array = NDArray[np.float64]
DepthImage = NDArray[np.floating[Any]]

# Depth cameras mix the depths of both sides at an outline: that share of the block is left out.
INNER_SHARE = 0.8
MOST_PIXELS = 400  # that are looked at; more say no more
LEAST_PIXELS = 12  # a median of fewer is not robust
# Noise of neighbouring pixels belongs together: no more than these count as independent.
INDEPENDENT_PIXELS = 25
# What a depth camera is off by as a whole: stereo and time of flight alike.
BIAS_SHARE, BIAS_M = 0.002, 0.001
# Differences that scatter by more than this are not those of a cube's faces, in edges.
LARGEST_SCATTER = 0.25
# So far, in edges, a measurement may disagree, beyond what the covariance allows (three sigma):
# it is then of what hides the block, or of what lies behind it.
LARGEST_SHIFT = 0.5
PASSES = 2  # the faces that are covered change a little as the block moves
MAD_TO_SIGMA = 1.4826


def check_depth(depth: DepthImage, camera: Camera) -> None:
    """Raise an ImageError unless a depth image has the size that the camera is calibrated for."""
    if depth.shape != (camera.height, camera.width):
        size = "x".join(map(str, reversed(depth.shape)))
        raise ImageError(
            f"the depth image is {size}, the image {camera.width}x{camera.height}: wanted depth "
            "aligned with the image, pixel by pixel; switch alignment on in the camera driver"
        )


def fuse_depth(
    blocks: Sequence[BlockEstimate], depth: DepthImage, camera: Camera
) -> list[BlockEstimate]:
    """Estimates with the range that a depth image gives them, in the same order.

    Args:
        blocks: in the camera's optical frame.
        depth: metres along the optical axis, 0 or not finite where there is none, (H, W).

    Raises:
        ImageError: a depth image of another size.
    """
    check_depth(depth, camera)
    return [_fused(block, depth, camera) for block in blocks]


def measure_range(
    pose: Pose, block_edge: float, depth: DepthImage, camera: Camera, shape: Shape = CUBE
) -> tuple[float, float] | None:
    """How much farther along its ray a block lies than its pose says, and the sigma, metres.

    None where the image does not say: hidden, too few values, or no faces of a cube or cuboid.
    """
    pixels = _covered_pixels(pose, block_edge, camera, shape)
    if len(pixels) < LEAST_PIXELS:
        return None
    measured = depth[pixels[:, 1], pixels[:, 0]].astype(np.float64)
    valued = np.isfinite(measured) & (measured > 0)
    rays = np.concatenate(
        [camera.normalize(pixels.astype(np.float64)), np.ones((len(pixels), 1))], 1
    )
    predicted, normals = _box_depth(pose, block_edge * shape.half_extents, rays)
    toward = pose.position / np.linalg.norm(pose.position)
    slope = normals @ toward
    usable = valued & np.isfinite(predicted) & (slope < -1e-3)
    if usable.sum() < LEAST_PIXELS:
        return None
    # A face that moves by s along the block's ray moves by s (n . ray) / (n . q) along a pixel's q.
    facing = np.einsum("ij,ij->i", normals, rays)[usable]
    shifts = (measured - predicted)[usable] * facing / slope[usable]
    shift = float(np.median(shifts))
    scatter = MAD_TO_SIGMA * float(np.median(np.abs(shifts - shift)))
    if scatter > LARGEST_SCATTER * block_edge:
        return None
    bias = BIAS_M + BIAS_SHARE * float(np.linalg.norm(pose.position))
    return shift, float(np.hypot(scatter / np.sqrt(min(len(shifts), INDEPENDENT_PIXELS)), bias))


def _fused(block: BlockEstimate, depth: DepthImage, camera: Camera) -> BlockEstimate:
    pose, covariance = block.pose, block.covariance
    ray = block.pose.position / np.linalg.norm(block.pose.position)
    lever = covariance[:, :3] @ ray
    variance = float(lever[:3] @ ray)
    gain = np.zeros(6)
    for _ in range(PASSES):
        measured = measure_range(pose, block.edge, depth, camera, block.shape)
        if measured is None:
            return block
        total = float(ray @ (pose.position - block.pose.position)) + measured[0]
        if abs(total) > LARGEST_SHIFT * block.edge + 3.0 * float(np.sqrt(variance)):
            return block
        noise = measured[1] ** 2
        gain = lever / (variance + noise)
        turn = Rotation.from_rotvec(gain[3:] * total)
        pose = Pose(
            block.pose.position + gain[:3] * total,
            (turn * Rotation.from_quat(block.pose.orientation)).as_quat(),
        )
    updated = covariance - np.outer(gain, lever)
    return dataclasses.replace(block, pose=pose, covariance=0.5 * (updated + updated.T))


def _covered_pixels(
    pose: Pose, block_edge: float, camera: Camera, shape: Shape
) -> NDArray[np.intp]:
    """Columns and rows, (N, 2), of pixels well inside a box's outline."""
    corners = pose.transform_points(shape.keypoints * block_edge)
    if corners[:, 2].min() <= 0.1 * block_edge:
        return np.zeros((0, 2), dtype=np.intp)
    outline = camera.project(corners)
    center = outline.mean(axis=0)
    hull = cv2.convexHull((center + INNER_SHARE * (outline - center)).astype(np.float32))[:, 0]
    low = np.clip(np.ceil(hull.min(axis=0)), 0, [camera.width, camera.height]).astype(int)
    high = np.clip(np.floor(hull.max(axis=0)) + 1, 0, [camera.width, camera.height]).astype(int)
    if (high <= low).any():
        return np.zeros((0, 2), dtype=np.intp)
    x, y = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]))
    grid = np.stack([x.ravel(), y.ravel()], axis=1)
    edges = np.roll(hull, -1, axis=0) - hull
    offsets = grid[:, None] - hull[None]
    side = edges[:, 0] * offsets[..., 1] - edges[:, 1] * offsets[..., 0]
    inside = grid[(side >= 0).all(axis=1) | (side <= 0).all(axis=1)]
    return inside[:: max(len(inside) // MOST_PIXELS, 1)]


def _box_depth(pose: Pose, half: Array, rays: Array) -> tuple[Array, Array]:
    """Depth (N,) at which rays (N, 3) with z = 1 meet a box, not a number where they pass, and the
    outward normals (N, 3) of the faces that they meet."""
    rotation = pose.rotation
    direction = rays @ rotation
    start = -rotation.T @ pose.position
    with np.errstate(divide="ignore", invalid="ignore"):
        near = (-np.sign(direction) * half - start) / direction
        far = (np.sign(direction) * half - start) / direction
    near, far = np.nan_to_num(near, nan=-np.inf), np.nan_to_num(far, nan=np.inf)
    axis = near.argmax(axis=1)
    rows = np.arange(len(rays))
    entry = near[rows, axis]
    depth = np.where(entry < far.min(axis=1), entry, np.nan)
    normals = -np.sign(direction[rows, axis])[:, None] * rotation[:, axis].T
    return depth, normals
