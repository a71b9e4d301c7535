"""Orientations of a body as an atlas of overlapping charts.

A cube looks the same in 24 orientations, a cylinder after any turn about its axis. No continuous
rule picks one of them for every view: any network that must name the corners in a fixed order has
views where the order jumps, and there it averages two answers. So the network gets several charts.
Each has an anchor orientation and names a body by the symmetric orientation that is nearest to its
anchor, which is continuous in a ball about the anchor. The balls overlap and cover everything; the
network says which chart holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.shapes.shape import CUBE, Shape
from simreal_common.shapes.symmetry import Symmetry

Array = NDArray[np.float64]

CHARTS = 12  # of a cube: every orientation then lies within 30 degrees of an anchor
# The names of a body jump half of its smallest symmetric turn away from an anchor at the earliest, of a
# cube at 45 degrees; a chart is trained up to this share of that, of a cube 42 degrees.
RADIUS_SHARE = 42.0 / 45.0
# Other bodies get as many charts as leave every orientation this near to an anchor: a share of a
# chart's radius, as for a cube, but no farther than a network can tell from one anchor.
COVER_SHARE, FARTHEST = 0.75, float(np.radians(50.0))
COUNTS = (6, 8, 12, 16, 24, 32, 48, 64, 96)
SAMPLES, ROUNDS, SEED = 4000, 40, 7
FEW_SAMPLES, FEW_ROUNDS = 1500, 15  # where several counts are tried


@dataclass(frozen=True, eq=False)
class Charts:
    """The charts of a shape.

    Attributes:
        anchors: (K, 3, 3).
        radius: up to which a chart is trained, radians.
        symmetry: of the shape.
    """

    anchors: Array
    radius: float
    symmetry: Symmetry

    @property
    def count(self) -> int:
        return len(self.anchors)

    def align(self, rotations: Array) -> tuple[Array, Array]:
        """Angles of orientations (N, 3, 3) to the anchors, (N, K), and their names, (N, K, 3, 3)."""
        return self.symmetry.align(rotations, self.anchors)


@lru_cache(maxsize=16)
def corner_orders(shape: Shape) -> NDArray[np.int64]:
    """For each of the symmetries S of a box the order in which S lists its keypoints, (S, 8).

    Keypoint i of the block named R @ S is keypoint order[i] of the block named R.
    """
    moved = np.einsum("sij,kj->ski", shape.symmetry.rotations, shape.keypoints)
    distance = np.linalg.norm(moved[:, :, None] - shape.keypoints[None, None], axis=-1)
    return np.asarray(distance.argmin(axis=-1))


@lru_cache(maxsize=16)
def charts_of(shape: Shape = CUBE) -> Charts:
    """Anchors spread evenly by Lloyd's method from a fixed seed."""
    symmetry = shape.symmetry
    radius = RADIUS_SHARE * symmetry.smallest_turn / 2
    if shape.is_cube:
        return Charts(_spread(symmetry, CHARTS, SAMPLES, ROUNDS), radius, symmetry)
    wanted = min(COVER_SHARE * radius, FARTHEST)
    samples = Rotation.random(FEW_SAMPLES, random_state=np.random.default_rng(SEED + 1)).as_matrix()
    anchors = np.eye(3)[None]
    for count in COUNTS:
        anchors = _spread(symmetry, count, FEW_SAMPLES, FEW_ROUNDS)
        if symmetry.align(samples, anchors)[0].min(axis=1).max() <= wanted:
            break
    return Charts(anchors, radius, symmetry)


def _spread(symmetry: Symmetry, count: int, size: int, rounds: int) -> Array:
    rng = np.random.default_rng(SEED)
    samples = Rotation.random(size, random_state=rng).as_matrix()
    chosen = samples[:count].copy()
    for _ in range(rounds):
        angles, aligned = symmetry.align(samples, chosen)
        owner = angles.argmin(axis=1)
        for chart in range(count):
            members = aligned[owner == chart, chart]
            if len(members):
                chosen[chart] = Rotation.from_matrix(members).mean().as_matrix()
    return chosen
