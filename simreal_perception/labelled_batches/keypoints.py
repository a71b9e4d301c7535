"""Where a block is and how large, from its keypoints in a crop's camera."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_common.shapes.shape import Shape

Array = NDArray[np.float64]


def center_and_edge(points: NDArray[np.floating[Any]], shape: Shape) -> tuple[Array, Array]:
    """Centres (N, 3) and edges (N,), metres, of blocks whose keypoints are at `points`, (N, 8, 3)."""
    center = points.mean(axis=1)
    arm = np.linalg.norm(points[:, 0] - center, axis=-1)
    return center, np.asarray(arm / np.linalg.norm(shape.keypoints[0]))
