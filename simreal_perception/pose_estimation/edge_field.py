"""The edge field of a block's image: for every place near an edge the way to that edge.

A cube looks the same in 24 orientations, but its visible edges look the same in all of them: the
field has no ambiguity to learn. Of round blocks rims and silhouettes count as
edges. It is what a pose is aligned to (`edge_alignment.py`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simreal_perception.pose_estimation.crop_camera import CROP_SIZE

FIELD_CELLS = 32  # a side
FIELD_STRIDE = CROP_SIZE // FIELD_CELLS  # crop pixels a cell
FIELD_REACH_PX = 5.0  # from an edge; the field means nothing farther off


def cell_centers() -> NDArray[np.float64]:
    """Where the cells of a row or column lie, crop pixels, (FIELD_CELLS,)."""
    return np.asarray((np.arange(FIELD_CELLS) + 0.5) * FIELD_STRIDE - 0.5, dtype=np.float64)
