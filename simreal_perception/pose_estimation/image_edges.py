"""Refine poses by the edges of the image itself, at its full resolution.

The network sees a small crop and knows an edge to a quarter of its pixels: near enough to tell
which step of brightness in the image is the edge, and too rough to measure a range by. Here the
brightness is read along lines across the projected edges, and the pose moves to where it changes
most (edge trackers do the same from frame to frame: Harris and Stennett 1990, Drummond and Cipolla
2002). What the network said remains as the prior, so that a pose stays where it was where the image
shows no edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.camera import Camera
from simreal_common.shapes.lines import samples_along, visible_lines
from simreal_common.shapes.shape import CUBE, Shape
from simreal_perception.pose_estimation.crop_camera import MIDDLE_PX, CropCamera
from simreal_perception.pose_estimation.edge_alignment import sample_edges

Array = NDArray[np.float64]

ALONG = (0.06, 0.94)  # first and last of eight places along an edge; twelve measured no better
# Lines across an edge, crop pixels: how far they reach, and where the brightness is read.
REACH_PX, STEP_PX = 2.5, 0.5
SLOPE_STEPS = 2  # a slope is taken over this many steps
WINDOW_PX = 0.5  # sigma, about the projected edge, within which a step of brightness is its own
CONTRAST = 20.0  # slope, grey levels a crop pixel, of an edge that is seen well
SURE_PX = 0.25  # sigma of the place of an edge that is seen well and alone on its line
INNER_SHARE = 0.3  # weight of edges between two visible faces: they are worn and rounded
# Errors of one crop belong together: as a prior the network's information counts so much less.
PRIOR_SHARE = 1.0 / 25.0
# Lines are laid anew in each pass, which holds on to where the one before it came to.
PASSES, ITERATIONS = 2, 3
# A lens blurs light, and a camera makes grey levels of it by a curve: in these the middle of an edge
# lies towards its dark side. What is blurred later, by scaling or JPEG, does not: half-way is best.
LIGHT = (255.0 * (np.arange(256) / 255.0) ** 1.4).astype(np.float32)
WINDOW_GAIN = 2.0  # of an edge as wide as the window, the window shows half of the way there


@dataclass(frozen=True, eq=False)
class Refined:
    """N refined poses, block -> crop's camera.

    Attributes:
        rotation: (N, 3, 3).
        position: (N, 3), metres.
        information: (N, 6, 6), of position (m) and small rotation (rad) in the crop's frame.
        distance: (N,), mean distance of the edges seen from those of the pose, crop pixels.
        edge_contrast: (N,), share of all brightness steps along the lines that is at the edges, mean.
    """

    rotation: Array
    position: Array
    information: Array
    distance: Array
    edge_contrast: Array


def refine_on_image(
    image: NDArray[np.uint8],
    camera: Camera,
    crops: Sequence[CropCamera],
    rotation: Array,
    position: Array,
    block_edge: float,
    information: Array,
    shape: Shape = CUBE,
) -> Refined:
    """Move N poses to the edges that the image shows near them.

    Args:
        image: RGB, uint8, (H, W, 3), as the camera gave it.
        camera: its calibration.
        crops: N crop cameras.
        rotation: (N, 3, 3), position: (N, 3), where to start, block -> crop's camera.
        block_edge: of the blocks, metres.
        information: (N, 6, 6), of these poses, in the crop's frame.
        shape: of the blocks.
    """
    prior = information * PRIOR_SHARE
    for _ in range(PASSES):
        start, across, rows, weight = _lines(
            image, camera, crops, rotation, position, block_edge, shape
        )
        offsets, slope = _slopes(image, start, across)
        refined = _moved(rotation, position, rows, weight, offsets, slope, prior)
        rotation, position = refined.rotation, refined.position
    return refined


def _slopes(image: NDArray[np.uint8], start: Array, across: Array) -> tuple[Array, Array]:
    """Where on lines slopes are taken, crop pixels, (K,), and their squares, (N, M, K)."""
    at = np.arange(-REACH_PX, REACH_PX + 1e-9, STEP_PX)
    places = start[:, :, None] + across[:, :, None] * at[:, None]
    read = cv2.remap(
        image, places.reshape(-1, len(at), 2).astype(np.float32), None,
        cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE,
    ).reshape(*places.shape[:-1], 3)  # fmt: skip
    light = LIGHT[read]
    slope = ((light[:, :, SLOPE_STEPS:] - light[:, :, :-SLOPE_STEPS]) ** 2).sum(axis=-1)
    slope /= (SLOPE_STEPS * STEP_PX) ** 2
    return (at[SLOPE_STEPS:] + at[:-SLOPE_STEPS]) / 2, slope


def _moved(
    rotation: Array,
    position: Array,
    rows: Array,
    weight: Array,
    offsets: Array,
    slope: Array,
    prior: Array,
) -> Refined:
    """Poses moved to where the slopes along the lines across their edges are."""
    total = slope.sum(axis=-1) + 1e-3
    step = np.zeros((len(rotation), 6))
    for _ in range(ITERATIONS):
        # The pose moves so little that the lines stay: an edge moves along them, linearly.
        moved = np.einsum("nsk,nk->ns", rows, step)
        window = np.exp((offsets - moved[..., None]) ** 2 * (-0.5 / WINDOW_PX**2))
        seen = slope * window
        own = seen.sum(axis=-1)
        error = WINDOW_GAIN * ((seen * offsets).sum(axis=-1) / (own + 1e-3) - moved)
        contrast = own / (window.sum(axis=-1) + 1e-9)
        sure = weight * contrast / (contrast + CONTRAST**2) * (own / total) ** 2
        weighted = rows * sure[..., None]
        matrix = weighted.transpose(0, 2, 1) @ rows + prior
        gradient = np.einsum("nsk,ns->nk", weighted, error)
        gradient -= np.einsum("nij,nj->ni", prior, step)
        step = step + np.linalg.solve(matrix, gradient[..., None])[..., 0]
    turned = Rotation.from_rotvec(step[:, 3:]).as_matrix() @ rotation
    used = (weight > 0) / np.maximum((weight > 0).sum(axis=1, keepdims=True), 1)
    return Refined(
        rotation=turned,
        position=position + step[:, :3],
        information=matrix,
        distance=(used * np.abs(error)).sum(axis=1),
        edge_contrast=(used * own / total).sum(axis=1),
    )


def _lines(
    image: NDArray[np.uint8],
    camera: Camera,
    crops: Sequence[CropCamera],
    rotation: Array,
    position: Array,
    block_edge: float,
    shape: Shape,
) -> tuple[Array, Array, Array, Array]:
    """Lines across the visible edges of N blocks, M for each.

    Returns:
        Where a line meets its edge, image pixels, (N, M, 2); one crop pixel along it, image pixels,
        (N, M, 2); by how many crop pixels the edge moves along it as the pose does, (N, M, 6);
        its weight, 1 / crop pixels^2, (N, M).
    """
    count = len(rotation)
    focal = np.array([crop.focal for crop in crops])
    ends, faces = visible_lines(shape, rotation, position, block_edge)
    shares = np.linspace(*ALONG, samples_along(shape))
    pixels, normal, rows = sample_edges(ends, shares, position, focal)

    both = np.stack([pixels, pixels + normal]).reshape(2, count, -1, 2)
    rays = np.ones((*both.shape[:-1], 3))
    rays[..., :2] = (both - MIDDLE_PX) / focal[:, None, None]
    turns = np.stack([crop.rotation for crop in crops])
    start, end = camera.project(rays @ turns.swapaxes(1, 2))
    height, width = image.shape[:2]
    inside = ((start > 0) & (start < [width - 1, height - 1])).all(axis=-1)
    share = np.where(faces == 0, 0.0, np.where(faces == 1, 1.0, INNER_SHARE))
    weight = np.repeat(share, len(shares), axis=1) * inside / SURE_PX**2
    return start, end - start, rows, weight
