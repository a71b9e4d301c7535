"""Detection clusters: the detections of one block, from several pictures, viewpoints and cameras."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simreal_common.block_estimate import BlockEstimate
from simreal_control.world_model.camera_fusion import (
    fuse_positions,
    viewpoint_position,
    yaw_variance,
)

Array = NDArray[np.float64]

# Off the vertical. The sides of a stack are then shortened to half and less.
STEEP_RAD = 0.6


class View(NamedTuple):
    """Tells from where a picture was taken, and in which look.

    Args:
        viewpoint: number of a camera in a place; pictures from there err alike.
        look: number of the arm's posture meanwhile: in another one it may hide other blocks.
        camera_position: metres, base frame; None where nobody knows.
    """

    viewpoint: int = 0
    look: int = 0
    camera_position: tuple[float, float, float] | None = None


@dataclass(eq=False)
class DetectionCluster:
    """Detections of one block, at most one a picture.

    Args:
        members: in the base frame.
        images: numbers of their pictures.
        views: of each member.
    """

    members: list[BlockEstimate] = field(default_factory=list)
    images: set[int] = field(default_factory=set)
    views: list[View] = field(default_factory=list)

    def add(self, estimate: BlockEstimate, image: int, view: View) -> None:
        """Take one more."""
        self.members.append(estimate)
        self.images.add(image)
        self.views.append(view)

    def pictures_of(self, view: View) -> int:
        """How many pictures of a view show the block."""
        return self.views.count(view)

    @property
    def centre(self) -> Array:
        """Of the block, metres, shape (3,)."""
        return self._fused()[0]

    @property
    def covariance(self) -> Array:
        """Of the centre, m^2, shape (3, 3)."""
        return self._fused()[1]

    @property
    def yaw_sigma(self) -> float:
        """Of the block's yaw, radians."""
        variances = [yaw_variance(members) for members in self._by_viewpoint()]
        if len(variances) == 1:
            return float(np.sqrt(variances[0]))
        return float(1.0 / np.sqrt(np.sum(1.0 / np.maximum(variances, 1e-12))))

    @property
    def yaw_weights(self) -> list[float]:
        """Of each member's yaw: the information of its viewpoint, shared by its pictures."""
        by_viewpoint = {
            viewpoint: self._of(viewpoint) for viewpoint in {view.viewpoint for view in self.views}
        }
        if len(by_viewpoint) == 1:
            return [1.0] * len(self.members)
        factors = {
            viewpoint: 1.0 / (len(members) * max(yaw_variance(members), 1e-12))
            for viewpoint, members in by_viewpoint.items()
        }
        return [factors[view.viewpoint] for view in self.views]

    @property
    def score(self) -> float:
        """Mean of the members'."""
        return float(np.mean([member.score for member in self.members]))

    @property
    def color(self) -> str:
        """What most pictures say in which it could be told."""
        named = Counter(member.color for member in self.members if member.color)
        return named.most_common(1)[0][0] if named else ""

    @property
    def seen_from_above(self) -> bool:
        """Whether all cameras look down at it so steeply that it hides what it rests on."""
        return all(_steep(view.camera_position, self.centre) for view in set(self.views))

    def _of(self, viewpoint: int) -> list[BlockEstimate]:
        return [
            member
            for member, view in zip(self.members, self.views, strict=True)
            if view.viewpoint == viewpoint
        ]

    def _by_viewpoint(self) -> list[list[BlockEstimate]]:
        return [self._of(number) for number in sorted({view.viewpoint for view in self.views})]

    def _fused(self) -> tuple[Array, Array]:
        """Centre and covariance."""
        seen = [viewpoint_position(members) for members in self._by_viewpoint()]
        return seen[0] if len(seen) == 1 else fuse_positions(seen)


def clusters_of(
    images: Sequence[Sequence[BlockEstimate]],
    views: Sequence[View],
    edge_m: float,
    gate_sigmas: float,
) -> list[DetectionCluster]:
    """Which detections are of one block.

    Args:
        images: for each picture its estimates in the base frame.
        views: of each picture.
        edge_m: of the blocks; detections farther apart are of several.
        gate_sigmas: so are those apart by more, as their covariances say.
    """
    found = [(estimate, number) for number, image in enumerate(images) for estimate in image]
    found.sort(key=lambda pair: -pair[0].score)
    clusters: list[DetectionCluster] = []
    for estimate, number in found:
        best, best_sigmas = None, gate_sigmas
        for cluster in clusters:
            if number in cluster.images:
                continue
            offset = estimate.pose.position - cluster.centre
            if np.linalg.norm(offset) > edge_m:
                continue
            spread = estimate.covariance[:3, :3] + cluster.covariance
            sigmas = float(np.sqrt(offset @ np.linalg.solve(spread, offset)))
            if sigmas < best_sigmas:
                best, best_sigmas = cluster, sigmas
        if best is None:
            best = DetectionCluster()
            clusters.append(best)
        best.add(estimate, number, views[number])
    return clusters


def _steep(camera_position: tuple[float, float, float] | None, centre: Array) -> bool:
    if camera_position is None:
        return False
    x, y, z = np.array(camera_position) - centre
    return bool(np.hypot(x, y) < np.tan(STEEP_RAD) * z)
