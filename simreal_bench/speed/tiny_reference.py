"""What PyBullet's TinyRenderer takes for the views of a batch of scenes."""

from __future__ import annotations

import numpy as np
import pybullet  # noqa: F401  (so that its absence shows here)
from numpy.typing import NDArray

from simreal_sim.rendering.pybullet.tiny_renderer import BulletRenderer
from simreal_sim.rendering.scene import SceneBatch, ViewBatch


def tiny_seconds(
    scenes: SceneBatch, views: ViewBatch, textures: NDArray[np.uint8], width: int, height: int
) -> float:
    """Seconds that drawing the views takes, with shadows; loading the scenes is not counted."""
    with BulletRenderer() as renderer:
        renderer.render(scenes, views, textures, width, height)
        return renderer.drawing_s
