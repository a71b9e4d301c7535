"""What is watched by depth, and how near things may come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError

Array = NDArray[np.float64]

MOST_CELLS = 2_000_000  # of a grid; each is looked at in every frame


@dataclass(frozen=True)
class DepthConfig:
    """Occupied space from depth.

    Args:
        topic: of the depth images, for messages; empty: there are none.
        lower, upper: corners of the tool's workspace, metres, base frame.
        table_m: height of the table top.
        voxel_m: edge of a cell.
        table_margin_m: what rises less above the table is a part of it.
        robot_padding_m: what is seen this near to a link is a part of the robot.
        stop_distance_m: what comes so near to the arm on its way stops it.
        max_age_s: without a newer depth image nothing is begun, and what moves is stopped.
        still_s: what has not moved for so long is planned around, not waited for.

    Raises:
        ConfigurationError: cells so small that there would be too many.
    """

    topic: str = ""
    lower: tuple[float, float, float] = (0.20, -0.45, 0.0)
    upper: tuple[float, float, float] = (0.75, 0.45, 0.80)
    table_m: float = 0.0
    voxel_m: float = 0.02
    table_margin_m: float = 0.015
    robot_padding_m: float = 0.03
    stop_distance_m: float = 0.15
    max_age_s: float = 0.5
    still_s: float = 5.0

    def __post_init__(self) -> None:
        cells = int(np.prod(self.shape, dtype=np.int64))
        if cells > MOST_CELLS:
            raise ConfigurationError(
                f"parameter 'depth.voxel': got {self.voxel_m:g} m, which makes {cells} cells of the "
                f"workspace; wanted at most {MOST_CELLS}: larger ones, or a smaller workspace"
            )

    @property
    def enabled(self) -> bool:
        return bool(self.topic)

    @property
    def corner(self) -> Array:
        """Lower corner of what is watched: the workspace, and so far about it as stops the arm."""
        low = np.array(self.lower) - self.stop_distance_m
        return np.array([low[0], low[1], self.table_m + self.table_margin_m])

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells along x, y, z."""
        size = np.array(self.upper) + self.stop_distance_m - self.corner
        x, y, z = np.maximum(np.ceil(size / self.voxel_m), 1).astype(int).tolist()
        return x, y, z
