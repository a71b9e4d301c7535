"""The edge fields that the pose network is trained for, from the poses of blocks."""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from simreal_common.shapes.lines import shown_lines
from simreal_common.shapes.shape import CUBE, Shape
from simreal_perception.labelled_batches.keypoints import center_and_edge
from simreal_perception.pose_estimation.crop_camera import project_into_crops
from simreal_perception.pose_estimation.edge_field import (
    FIELD_CELLS,
    cell_centers,
)

Floats = NDArray[np.float32]

NO_EDGE_PX = 1e6  # distance where no edge is visible


def edge_fields(
    points: Floats, rotation: Floats, focal: Floats, *, shape: Shape = CUBE
) -> tuple[Floats, Floats]:
    """The fields of N blocks.

    Args:
        points: (N, 8, 3), keypoints in the frame of the crop's camera, metres.
        rotation: (N, 3, 3), block -> crop's camera.
        focal: (N,), of the crop's camera, crop pixels.
        shape: of the blocks.

    Returns:
        Offsets to the nearest visible edge, crop pixels, (N, 2, FIELD_CELLS, FIELD_CELLS), and
        its distance, (N, FIELD_CELLS, FIELD_CELLS). An edge is visible if the block itself does not
        hide it; what stands in front of the block does not count.
    """
    count = len(points)
    center, size = center_and_edge(points, shape)
    arms, faces = shown_lines(shape, rotation, center, size[:, None, None])
    if shape.is_box:  # its corners are the keypoints
        pixels = project_into_crops(points, focal)[:, shape.edge_lines[0]]
    else:
        places = (arms + center[:, None, None]).reshape(count, -1, 3)
        pixels = project_into_crops(places, focal)
    ends = np.ascontiguousarray(pixels.reshape(count, -1, 4), np.float32)
    visible = np.ascontiguousarray(faces > 0)
    # Of a body that the camera is within no edge is visible, and nothing is written.
    offset = np.zeros((count, 2, FIELD_CELLS, FIELD_CELLS), np.float32)
    distance = np.full((count, FIELD_CELLS, FIELD_CELLS), NO_EDGE_PX, np.float32)
    _nearest_edges(ends, visible, cell_centers().astype(np.float32), offset, distance)
    return offset, distance


@njit(cache=True, fastmath=True, error_model="numpy", parallel=True, nogil=True)
def _nearest_edges(ends, visible, centers, offset, distance):  # type: ignore[no-untyped-def]
    one, zero = np.float32(1.0), np.float32(0.0)
    for n in prange(ends.shape[0]):
        cells = centers.shape[0]
        best = np.full((cells, cells), np.float32(1e12))
        for e in range(ends.shape[1]):
            if not visible[n, e]:
                continue
            x0, y0 = ends[n, e, 0], ends[n, e, 1]
            ex, ey = ends[n, e, 2] - x0, ends[n, e, 3] - y0
            scale = one / (ex * ex + ey * ey + np.float32(1e-9))
            for row in range(cells):
                y = y0 - centers[row]
                for column in range(cells):
                    x = x0 - centers[column]
                    along = max(min(-(x * ex + y * ey) * scale, one), zero)
                    dx, dy = x + along * ex, y + along * ey
                    square = dx * dx + dy * dy
                    nearer = square < best[row, column]
                    best[row, column] = square if nearer else best[row, column]
                    offset[n, 0, row, column] = dx if nearer else offset[n, 0, row, column]
                    offset[n, 1, row, column] = dy if nearer else offset[n, 1, row, column]
        for row in range(cells):
            for column in range(cells):
                distance[n, row, column] = math.sqrt(best[row, column])
