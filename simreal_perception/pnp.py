"""From eight corners in a crop to a pose with its covariance."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.geometry import Pose, cube_corners
from simreal_perception.crop_camera import CropCamera

Array = NDArray[np.float64]

LEAST_SPREAD_PX = 0.15  # a network is never surer of a corner than this


def solve_pose(corners: Array, crop: CropCamera, edge: float) -> Pose | None:
    """Pose of a cube, block -> camera's optical frame, from its corners in a crop.

    Args:
        corners: (8, 2), crop pixels, in the order of `cube_corners`.
        edge: metres.

    Returns:
        The pose of least reprojection error (SQPnP, Terzakis and Lourakis 2020, then
        Levenberg-Marquardt); None where no pose in front of the camera fits.
    """
    model = cube_corners(edge)
    pixels = np.ascontiguousarray(corners, dtype=np.float64)
    try:
        found, turn, shift = cv2.solvePnP(
            model, pixels, crop.matrix, None, flags=cv2.SOLVEPNP_SQPNP
        )
        if not found or not np.isfinite(shift).all() or shift[2] <= edge:
            return None
        turn, shift = cv2.solvePnPRefineLM(model, pixels, crop.matrix, None, turn, shift)
    except cv2.error:
        return None
    if not np.isfinite(turn).all() or not np.isfinite(shift).all() or shift[2] <= edge:
        return None
    rotation, _ = cv2.Rodrigues(turn)
    return Pose.from_rotation(crop.rotation @ rotation, crop.rotation @ shift.reshape(3))


def pose_covariance(
    pose: Pose, crop: CropCamera, edge: float, spread: float, variance_scale: float
) -> Array:
    """Covariance of position (m) and small rotation (rad), (6, 6), in the optical frame.

    Args:
        spread: mean absolute error of a corner's coordinate, crop pixels.
        variance_scale: what the variance of independent corners is multiplied with. Errors of one
            crop's corners belong together (a network misjudges a whole edge), so the pose is
            less certain than eight independent corners would make it.
    """
    arms = cube_corners(edge) @ pose.rotation.T
    points = (arms + pose.position) @ crop.rotation
    x, y, z = points.T
    zero = np.zeros(8)
    # d(pixel) / d(point in the crop's frame), then to the camera's frame.
    to_pixel = crop.focal * np.stack(
        [np.stack([1 / z, zero, -x / z**2], -1), np.stack([zero, 1 / z, -y / z**2], -1)], axis=1
    )
    shift = to_pixel @ crop.rotation.T
    # A small rotation w moves a corner by w x arm.
    skew = np.zeros((8, 3, 3))
    skew[:, 0, 1], skew[:, 0, 2], skew[:, 1, 2] = arms[:, 2], -arms[:, 1], arms[:, 0]
    skew -= skew.transpose(0, 2, 1)
    jacobian = np.concatenate([shift, shift @ skew], axis=2).reshape(16, 6)
    # Of a normal distribution the mean absolute error is sqrt(2 / pi) sigma.
    sigma = max(spread, LEAST_SPREAD_PX) * np.sqrt(np.pi / 2)
    information = jacobian.T @ jacobian / (sigma**2 * variance_scale)
    return np.asarray(np.linalg.inv(information), dtype=np.float64)
