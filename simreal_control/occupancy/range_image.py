"""A point cloud as a depth image: seen by a pinhole camera in the place of the sensor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera
from simreal_common.geometry import Pose

Array = NDArray[np.float64]

FOCAL_PX = 200.0  # two centimetres at a metre are four pixels
WIDEST = 1.5  # tangent of half of the widest field of view
ROUNDED = 0.25  # of its bounds: they stay the same from cloud to cloud
NEAREST_M = 0.05


def range_image(points: Array) -> tuple[NDArray[np.float32], Camera, Pose]:
    """Depth of the nearest point in each pixel, metres, 0 where there is none.

    Args:
        points: in a frame that lies in the sensor, metres, shape (n, 3). The camera looks along that
            of its axes which leads most to the points; what lies far beside it is left out.

    Returns:
        The depth image, its camera, and the pose of the camera's optical frame in that of the points.
    """
    turn = _along(points)
    points = points @ turn
    points = points[points[:, 2] > NEAREST_M]
    flat = points[:, :2] / points[:, 2:]
    within = (np.abs(flat) <= WIDEST).all(axis=1)
    points, flat = points[within], flat[within]
    reach = np.abs(flat).max(axis=0) if len(flat) else np.zeros(2)
    half = np.minimum(np.ceil(np.maximum(reach, ROUNDED) / ROUNDED) * ROUNDED, WIDEST)
    width, height = (2 * np.ceil(half * FOCAL_PX).astype(int) + 1).tolist()
    matrix = np.array([[FOCAL_PX, 0, width // 2], [0, FOCAL_PX, height // 2], [0, 0, 1]])
    camera = Camera(width, height, matrix, np.zeros(0))
    depth = np.zeros((height, width), dtype=np.float32)
    if len(points):
        columns, rows = np.rint(camera.project(points)).astype(int).T
        far_first = np.argsort(-points[:, 2])
        depth[rows[far_first], columns[far_first]] = points[far_first, 2]
    return depth, camera, Pose.from_rotation(turn, np.zeros(3))


def _along(points: Array) -> Array:
    """Rotation (3, 3), optical frame -> frame of the points: z along one of its axes."""
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    mean = (points / np.maximum(lengths, 1e-9)).sum(axis=0)
    axis = int(np.abs(mean).argmax())
    sign = -1.0 if mean[axis] < 0 else 1.0
    z = sign * np.eye(3)[axis]
    x = np.eye(3)[(axis + 1) % 3]
    return np.column_stack([x, np.cross(z, x), z])
