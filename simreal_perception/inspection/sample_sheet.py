"""Pictures with their labels drawn in: mask, outline of the pose, corners."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError
from simreal_perception.dataset_export.block_outline import project_corners
from simreal_perception.inspection.label_sources import LabelledPicture
from simreal_perception.video.drawing import EDGES

POSE, CORNER, MASK = (0, 229, 255), (255, 60, 220), (255, 200, 0)
MASK_WEIGHT = 0.25
SUBPIXEL_BITS = 4
FARTHEST_PX = 1e5


def draw_label(picture: LabelledPicture) -> NDArray[np.uint8]:
    """A copy of a picture with what its label says: mask yellow, pose cyan, corners magenta.

    Returns:
        RGB, uint8; without a label, or with one of another size, the image alone.
    """
    assert picture.image is not None
    canvas = np.array(picture.image, order="C")
    record = picture.record
    if picture.mask is not None and picture.mask.shape == canvas.shape[:2]:
        shown = picture.mask > 0
        mixed = canvas[shown] * (1 - MASK_WEIGHT) + np.array(MASK) * MASK_WEIGHT
        canvas[shown] = mixed.astype(np.uint8)
    if record is None:
        return canvas
    try:
        camera = Camera(record.width, record.height, record.matrix, record.distortion)
    except CalibrationError:
        return canvas
    width = max(1, round(max(canvas.shape[:2]) / 400))
    for block in record.blocks:
        corners = project_corners(camera, block.pose, block.edge)
        for start, end in EDGES:
            _line(canvas, corners[start], corners[end], width)
        if block.corners is not None:
            for corner in block.corners:
                if np.isfinite(corner).all() and np.abs(corner).max() < FARTHEST_PX:
                    cv2.circle(
                        canvas, _fixed(corner), 2 * width << SUBPIXEL_BITS, CORNER, -1, cv2.LINE_AA,
                        SUBPIXEL_BITS,
                    )  # fmt: skip
    return canvas


def _line(
    canvas: NDArray[np.uint8], start: NDArray[np.float64], end: NDArray[np.float64], width: int
) -> None:
    both = np.stack([start, end])
    if np.isfinite(both).all() and np.abs(both).max() < FARTHEST_PX:
        cv2.line(canvas, _fixed(start), _fixed(end), POSE, width, cv2.LINE_AA, SUBPIXEL_BITS)


def _fixed(point: NDArray[np.float64]) -> tuple[int, int]:
    x, y = np.rint(point * 2**SUBPIXEL_BITS).astype(int).tolist()
    return int(x), int(y)
