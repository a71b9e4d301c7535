"""Mip pyramids: each texture also at half its size, at a quarter, ... down to one pixel.

A pixel that shows much of a texture shows its mean (Williams 1983, "Pyramidal parametrics").
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simreal_sim.rendering.texture_size import LEVELS


def mip_pyramid(textures: NDArray[np.uint8], levels: int = LEVELS) -> list[NDArray[np.uint8]]:
    """The `levels` finest levels of textures, uint8 (T, S, S, 3), the textures themselves first."""
    pyramid = [textures]
    for _ in range(levels - 1):
        finer = pyramid[-1]
        count, side = len(finer), finer.shape[1] // 2
        mean = finer.reshape(count, side, 2, side, 2, 3).mean(axis=(2, 4), dtype=np.float32)
        pyramid.append(np.rint(mean).astype(np.uint8))
    return pyramid
