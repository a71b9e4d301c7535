"""The edge field of a cube's image: for every place near an edge the way to that edge.

A cube looks the same in 24 orientations, but its visible edges look the same in all of them: the
field has no ambiguity to learn. It is what a pose is aligned to (`edge_alignment.py`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_common.geometry import cube_corners
from simreal_perception.pose_estimation.crop_camera import CROP_SIZE

FIELD_CELLS = 32  # a side
FIELD_STRIDE = CROP_SIZE // FIELD_CELLS  # crop pixels a cell
FIELD_REACH_PX = 5.0  # from an edge; the field means nothing farther off


def cell_centers() -> NDArray[np.float64]:
    """Where the cells of a row or column lie, crop pixels, (FIELD_CELLS,)."""
    return np.asarray((np.arange(FIELD_CELLS) + 0.5) * FIELD_STRIDE - 0.5, dtype=np.float64)


def _edges() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The 12 edges as pairs of corners, and the two faces each lies on (-x, +x, -y, ...)."""
    corners = np.sign(cube_corners(2.0)).astype(int)
    pairs, faces = [], []
    for first in range(8):
        for second in range(first + 1, 8):
            same = corners[first] == corners[second]
            if same.sum() == 2:
                pairs.append((first, second))
                axes = np.flatnonzero(same)
                faces.append([2 * axis + (corners[first, axis] > 0) for axis in axes])
    return np.array(pairs), np.array(faces)


EDGES, EDGE_FACES = _edges()


def face_normals(rotation: NDArray[Any]) -> NDArray[Any]:
    """Outward normals of the faces -x, +x, -y, +y, -z, +z of cubes, (N, 6, 3), from (N, 3, 3)."""
    axes = rotation.transpose(0, 2, 1)
    return np.stack([-axes, axes], axis=2).reshape(len(rotation), 6, 3)
