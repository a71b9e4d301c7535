"""Solves the pose from the eight keypoints, corners of a block or of the box around it (PnP)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.shapes.shape import CUBE, Shape
from simreal_perception.pose_estimation.crop_camera import CropCamera

Array = NDArray[np.float64]


def solve_pose(
    corners: Array, crop: CropCamera, block_edge: float, shape: Shape = CUBE
) -> tuple[Array, Array] | None:
    """Pose of a block, block -> crop's optical frame, from its keypoints in the crop.

    Args:
        corners: (8, 2), crop pixels, in the order of `Shape.keypoints`.
        block_edge: metres.
        shape: of the block.

    Returns:
        Rotation (3, 3) and position (3,), metres, of least reprojection error (SQPnP, Terzakis and
        Lourakis 2020); None where no pose in front of the camera fits.
    """
    model = shape.keypoints * block_edge
    pixels = np.ascontiguousarray(corners, dtype=np.float64)
    try:
        found, turn, shift = cv2.solvePnP(
            model, pixels, crop.matrix, None, flags=cv2.SOLVEPNP_SQPNP
        )
    except cv2.error:
        return None
    if not found or not np.isfinite(turn).all() or not np.isfinite(shift).all():
        return None
    if shift[2] <= block_edge:
        return None
    rotation, _ = cv2.Rodrigues(turn)
    return np.asarray(rotation, dtype=np.float64), np.asarray(shift, dtype=np.float64).reshape(3)
