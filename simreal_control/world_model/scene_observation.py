"""Scene observation: the blocks of a zone, from a few detection frames of a resting scene."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from simreal_common.settings.obstacles import Obstacle
from simreal_control.robot_interface.task_io import DetectionFrame
from simreal_control.world_model.block_map import DISTINCT_SHARE, Block, BlockMapConfig, fuse
from simreal_control.world_model.detection_clusters import View

Array = NDArray[np.float64]

# What is seen this near to an obstacle is a part of it: a block's centre is farther away.
PART_OF_M = 0.015
# A camera that has moved by less looks from the same viewpoint: its pictures err alike.
SAME_VIEWPOINT_M = 0.02


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


@dataclass(frozen=True)
class Disagreement:
    """Tells of one block that two cameras see apart beyond what their covariances say.

    Args:
        cameras: both.
        apart_m: their centres of the block.
        sigmas: so many standard deviations.
    """

    cameras: tuple[str, str]
    apart_m: float
    sigmas: float

    @property
    def words(self) -> str:
        return (
            f"cameras {self.cameras[0]} and {self.cameras[1]} see one block {1000 * self.apart_m:.0f} "
            f"mm apart, {self.sigmas:.1f} sigmas: is the transform of each right?"
        )


@dataclass(frozen=True, eq=False)
class SceneObservation:
    """Observes one resting scene through a few detection frames, of one camera or several.

    Args:
        detection_frames: one or more.
        zone: where blocks count.
        blocks: how detections become blocks.
    """

    detection_frames: Sequence[DetectionFrame]
    zone: Zone
    blocks: BlockMapConfig

    @property
    def camera_positions(self) -> list[Array]:
        """Of all viewpoints, metres, base frame, shape (3,) each."""
        return [position for _, position in _viewpoints(self.detection_frames)]

    def disagreement(self) -> Disagreement | None:
        """Where two cameras disagree most about a block; None where all agree."""
        cameras = sorted({frame.camera for frame in self.detection_frames})
        if len(cameras) == 1:
            return None
        seen = {
            camera: _fuse([f for f in self.detection_frames if f.camera == camera], self.blocks)
            for camera in cameras
        }
        found = [
            Disagreement((one, other), apart_m, sigmas)
            for one, other in combinations(cameras, 2)
            for apart_m, sigmas in _pairs(seen[one], seen[other], self.blocks.edge_m)
            if sigmas > self.blocks.gate_sigmas
        ]
        return max(found, key=lambda disagreement: disagreement.sigmas, default=None)

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
        found = _fuse(self.detection_frames, config)
        return [block for block in found if not self.zone.taken(block.position)]


def _fuse(frames: Sequence[DetectionFrame], config: BlockMapConfig) -> list[Block]:
    """The blocks, each camera's viewpoints told apart."""
    viewpoints = _viewpoints(frames)
    views = []
    for frame in frames:
        number = _viewpoint(frame, viewpoints)
        x, y, z = viewpoints[number][1].tolist()
        views.append(View(number, frame.look, (x, y, z)))
    return fuse([frame.estimates for frame in frames], config, views)


def _viewpoints(frames: Sequence[DetectionFrame]) -> list[tuple[str, Array]]:
    """The cameras and their places."""
    viewpoints: list[tuple[str, Array]] = []
    for frame in frames:
        if _viewpoint(frame, viewpoints) == len(viewpoints):
            viewpoints.append((frame.camera, np.asarray(frame.camera_position)))
    return viewpoints


def _viewpoint(frame: DetectionFrame, viewpoints: Sequence[tuple[str, Array]]) -> int:
    """Number of a frame's viewpoint among these; their count where it is none of them."""
    for number, (camera, position) in enumerate(viewpoints):
        moved_m = np.linalg.norm(position - frame.camera_position)
        if camera == frame.camera and moved_m < SAME_VIEWPOINT_M:
            return number
    return len(viewpoints)


def _pairs(
    ones: Sequence[Block], others: Sequence[Block], edge_m: float
) -> Iterator[tuple[float, float]]:
    """Distance, and standard deviations of it, of those that must be one: nearer than an edge."""
    for one in ones:
        for other in others:
            offset = one.position - other.position
            apart_m = float(np.linalg.norm(offset))
            if one.level == other.level and apart_m < edge_m:
                spread = one.covariance + other.covariance
                yield apart_m, float(np.sqrt(offset @ np.linalg.solve(spread, offset)))
