"""Scene observation: the blocks of a zone, from a few detection frames of a resting scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simreal_common.settings.obstacles import Obstacle
from simreal_control.robot_interface.task_io import DetectionFrame
from simreal_control.world_model.block_map import DISTINCT_SHARE, Block, BlockMapConfig, fuse

Array = NDArray[np.float64]

# What is seen this near to an obstacle is a part of it: a block's centre is farther away.
PART_OF_M = 0.015


@dataclass(frozen=True, eq=False)
class Zone:
    """Where blocks count.

    Args:
        lower, upper: corners, seen from above; metres, shape (2,) each.
        obstacles: what stands there and is no block.
    """

    lower: Array
    upper: Array
    obstacles: tuple[Obstacle, ...] = ()

    @property
    def centre(self) -> Array:
        return np.asarray((self.lower + self.upper) / 2.0)

    def holds(self, position: Array) -> bool:
        """Whether a position, shape (2,) or (3,), lies in it."""
        xy = np.asarray(position)[:2]
        return bool((xy >= self.lower).all() and (xy <= self.upper).all())

    def taken(self, position: Array) -> bool:
        """Whether an obstacle is at a position, metres, shape (3,)."""
        return any(obstacle.distance(position) < PART_OF_M for obstacle in self.obstacles)


@dataclass(frozen=True, eq=False)
class SceneObservation:
    """Observes one resting scene through a few detection frames.

    Args:
        detection_frames: one or more.
        zone: where blocks count.
        blocks: how detections become blocks.
    """

    detection_frames: Sequence[DetectionFrame]
    zone: Zone
    blocks: BlockMapConfig

    @property
    def camera_position(self) -> Array:
        """Metres, base frame, shape (3,)."""
        return self.detection_frames[-1].camera_position

    def seen(self) -> list[Block]:
        """The blocks in the zone."""
        return [block for block in self._all(self.blocks) if self.zone.holds(block.position)]

    def low_confidence(self, scene: Sequence[Block]) -> list[Block]:
        """What may be blocks in the zone, of low confidence, away from those of the scene."""
        apart = DISTINCT_SHARE * self.blocks.edge_m
        return [
            block
            for block in self._all(replace(self.blocks, min_score=self.blocks.low_confidence_score))
            if self.zone.holds(block.position)
            and all(np.linalg.norm(block.position - other.position) > apart for other in scene)
        ]

    def outside(self) -> int:
        """How many blocks lie outside of the zone."""
        return sum(not self.zone.holds(block.position) for block in self._all(self.blocks))

    def _all(self, config: BlockMapConfig) -> list[Block]:
        found = fuse([frame.estimates for frame in self.detection_frames], config)
        return [block for block in found if not self.zone.taken(block.position)]
