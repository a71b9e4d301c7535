"""Align poses to the edges that the network sees: Gauss-Newton on the edge field.

The projected edges of the block are sampled; at each sample the field says how far the true edge is
away. Only the part across the edge counts, as for every edge tracker (Harris and Stennett 1990).
The corners that the network named hold the pose where no edge is seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.geometry import cross
from simreal_common.shapes.lines import samples_along, visible_lines
from simreal_common.shapes.shape import CUBE, Shape
from simreal_perception.pose_estimation.crop_camera import MIDDLE_PX
from simreal_perception.pose_estimation.edge_field import (
    FIELD_CELLS,
    FIELD_REACH_PX,
    FIELD_STRIDE,
)

Array = NDArray[np.float64]

ALONG = (0.08, 0.92)  # first and last place along an edge; its ends belong to other edges too
ITERATIONS = 4
# Of a normal distribution the mean absolute error is sqrt(2 / pi) sigma.
SIGMA_PER_MEAN = float(np.sqrt(np.pi / 2))
LEAST_SIGMA_PX = 0.15  # the network is never surer than this
OUTLIER_SIGMA = 2.5  # errors beyond this many sigma lose their weight (Cauchy)
CORNER_SHARE = 0.15  # weight of the corners: their errors belong together
LARGEST_TURN, LARGEST_SHIFT = 0.3, 0.3  # of one iteration, rad and share of the distance


@dataclass(frozen=True, eq=False)
class Alignment:
    """N aligned poses, block -> crop's camera.

    Attributes:
        rotation: (N, 3, 3).
        position: (N, 3), metres.
        information: (N, 6, 6), of position (m) and small rotation (rad) in the crop's frame, as if
            all samples were independent.
        normalized_residual: (N,), weighted mean of the errors that are left, in sigmas.
    """

    rotation: Array
    position: Array
    information: Array
    normalized_residual: Array


def align_to_edges(
    rotation: Array,
    position: Array,
    block_edge: float,
    focal: Array,
    corners: Array,
    predicted_error: Array,
    field: Array,
    shape: Shape = CUBE,
) -> Alignment:
    """Align N poses.

    Args:
        rotation: (N, 3, 3), position: (N, 3), where to start, block -> crop's camera.
        block_edge: of the blocks, metres.
        focal: (N,), of the crop's cameras, crop pixels.
        corners: (N, 8, 2), as the network named them, crop pixels; predicted_error: (N,),
            the network's estimate of their mean error.
        field: (N, 3, 32, 32), offset x, y to the nearest edge and its mean error, crop pixels.
        shape: of the blocks.
    """
    # One read a place: its three values lie together.
    field = np.ascontiguousarray(field.transpose(0, 2, 3, 1), np.float64).reshape(len(field), -1, 3)
    for _ in range(ITERATIONS):
        information, gradient, normalized_residual = _normal_equations(
            rotation, position, shape, block_edge, focal, corners, predicted_error, field
        )
        step = np.linalg.solve(information, gradient[..., None])[..., 0]
        shift, turn = step[:, :3], step[:, 3:]
        reach = LARGEST_SHIFT * np.linalg.norm(position, axis=1, keepdims=True)
        shift *= np.minimum(1.0, reach / (np.linalg.norm(shift, axis=1, keepdims=True) + 1e-12))
        turn *= np.minimum(
            1.0, LARGEST_TURN / (np.linalg.norm(turn, axis=1, keepdims=True) + 1e-12)
        )
        position = position + shift
        rotation = Rotation.from_rotvec(turn).as_matrix() @ rotation
    return Alignment(rotation, position, information, normalized_residual)


def _normal_equations(
    rotation: Array,
    position: Array,
    shape: Shape,
    block_edge: float,
    focal: Array,
    corners: Array,
    predicted_error: Array,
    field: Array,
) -> tuple[Array, Array, Array]:
    """Information (N, 6, 6), gradient (N, 6) and normalized_residual (N,) at poses."""
    count = len(rotation)
    ends, faces = visible_lines(shape, rotation, position, block_edge)  # (N, 9, 2, 3) of a cube
    visible = faces > 0
    shares = np.linspace(*ALONG, samples_along(shape))
    pixels, normal, rows = sample_edges(ends, shares, position, focal)
    offset, mean_error, inside = _look_up(field, pixels)
    error = (normal * offset).sum(axis=-1)
    sigma = np.maximum(mean_error * SIGMA_PER_MEAN, LEAST_SIGMA_PX)
    weight = visible[:, :, None] * inside / sigma**2
    weight = weight / (1.0 + (error / (OUTLIER_SIGMA * sigma)) ** 2)
    weight, error = weight.reshape(count, -1), error.reshape(count, -1)
    weighted = rows * weight[..., None]
    information = weighted.transpose(0, 2, 1) @ rows
    gradient = np.einsum("nki,nk->ni", weighted, error)
    total = weight.sum(axis=1) + 1e-9
    normalized_residual = (weight * np.abs(error) / sigma.reshape(count, -1)).sum(axis=1) / total

    arms = np.einsum("nij,kj->nki", rotation, shape.keypoints * block_edge)
    pixels, scale = project_arms(arms, position, focal)
    error = (corners - pixels).reshape(count, 16)
    both = [moves_along(x, y, pixels, scale, focal) for x, y in ((1.0, 0.0), (0.0, 1.0))]
    rows = with_moments(np.stack(both, axis=2), arms[:, :, None, :]).reshape(count, 16, 6)
    sigma = np.maximum(predicted_error * SIGMA_PER_MEAN, LEAST_SIGMA_PX)[:, None]
    weight = CORNER_SHARE / sigma**2 / (1.0 + (error / (OUTLIER_SIGMA * sigma)) ** 2)
    weighted = rows * weight[..., None]
    information = information + weighted.transpose(0, 2, 1) @ rows
    gradient = gradient + np.einsum("nki,nk->ni", weighted, error)
    return information, gradient, normalized_residual


def sample_edges(
    ends: Array, shares: Array, position: Array, focal: Array
) -> tuple[Array, Array, Array]:
    """Places along projected edges, and how they move across them as the pose does.

    Args:
        ends: (N, E, 2, 3), ends of E edges of each cube, from its centre, in the crop's frame.
        shares: (S,), where along an edge, 0 to 1.
        position: (N, 3), of the centres; focal: (N,).

    Returns:
        Crop pixels (N, E, S, 2); unit normals of the edges (N, E, 1, 2); by how many pixels a place
        moves along its normal, by position (m) and small rotation (rad), (N, E * S, 6).
    """
    along = shares[:, None]
    arms = ends[:, :, None, 0] * (1 - along) + ends[:, :, None, 1] * along
    pixels, scale = project_arms(arms, position, focal)
    end_pixels, _ = project_arms(ends, position, focal)
    direction = end_pixels[:, :, 1] - end_pixels[:, :, 0]
    length = np.sqrt((direction * direction).sum(axis=-1)) + 1e-9
    x, y = -direction[..., 1] / length, direction[..., 0] / length
    normal = np.stack([x, y], axis=-1)[:, :, None]
    slope = moves_along(x[..., None], y[..., None], pixels, scale, focal)
    return pixels, normal, with_moments(slope, arms).reshape(len(ends), -1, 6)


def with_moments(slope: Array, arms: Array) -> Array:
    """Derivatives by position, (..., 3), at points position + arm, and by small rotations: (..., 6).

    The second is arm x slope.
    """
    both = np.empty((*slope.shape[:-1], 6))
    both[..., :3], both[..., 3:] = slope, cross(arms, slope)
    return both


def project_arms(arms: Array, position: Array, focal: Array) -> tuple[Array, Array]:
    """Crop pixels, (N, ..., 2), of points position + arm, and crop pixels a metre there, (N, ...)."""
    shape = (len(position),) + (1,) * (arms.ndim - 2)
    points = arms + position.reshape(*shape, 3)
    scale = focal.reshape(shape) / np.maximum(points[..., 2], 1e-6)
    return points[..., :2] * scale[..., None] + MIDDLE_PX, scale


def moves_along(x: Any, y: Any, pixels: Array, scale: Array, focal: Array) -> Array:
    """By how many crop pixels points move along a direction (x, y) as they move by metres, (..., 3).

    Args:
        pixels, scale: of the points, as `project_arms` gives them; focal: (N,).
    """
    slope = np.empty((*scale.shape, 3))
    slope[..., 0], slope[..., 1] = scale * x, scale * y
    aside = ((pixels[..., 0] - MIDDLE_PX) * x + (pixels[..., 1] - MIDDLE_PX) * y) * scale
    slope[..., 2] = -aside / focal.reshape(-1, *(1,) * (scale.ndim - 1))
    return slope


def _look_up(field: Array, pixels: Array) -> tuple[Array, Array, Array]:
    """The field, (N, cells, 3), at pixels (N, ..., 2), bilinear.

    Returns:
        Offset (N, ..., 2), mean error (N, ...), whether a pixel lies inside (N, ...).
    """
    place = (pixels + 0.5) / FIELD_STRIDE - 0.5
    inside = ((place > -0.5) & (place < FIELD_CELLS - 0.5)).all(axis=-1)
    place = np.clip(place, 0.0, FIELD_CELLS - 1.001)
    cell = place.astype(np.int64)
    fraction = (place - cell)[..., None]
    fx, fy = fraction[..., 0, :], fraction[..., 1, :]
    first = np.arange(len(field)).reshape(-1, *(1,) * (pixels.ndim - 2)) * FIELD_CELLS**2
    first = first + cell[..., 1] * FIELD_CELLS + cell[..., 0]
    values = field.reshape(-1, 3)
    value = (
        values[first] * ((1 - fx) * (1 - fy))
        + values[first + 1] * (fx * (1 - fy))
        + values[first + FIELD_CELLS] * ((1 - fx) * fy)
        + values[first + FIELD_CELLS + 1] * (fx * fy)
    )
    offset = value[..., :2]
    inside &= np.abs(offset).max(axis=-1) < FIELD_REACH_PX
    return offset, value[..., 2], inside
