"""Errors of all estimates of an image against all its blocks: what recall by pose is counted from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.geometry import Pose
from simreal_common.shapes.shape import CUBE
from simreal_perception.evaluation.metrics.symmetric_errors import (
    SymmetricErrors,
    diameter,
    symmetric_errors,
)

Array = NDArray[np.float64]

LEAST_VISIBLE = 0.1  # share of an object that an image must show for BOP to ask for it


@dataclass(frozen=True)
class Target:
    """A block of an image.

    Args:
        pose: in the optical frame.
        edge: metres.
        visible: share of it that the image shows; None where nobody knows.
    """

    pose: Pose
    edge: float
    visible: float | None = None


@dataclass(frozen=True, eq=False)
class ImageErrors:
    """Errors of the estimates of an image against the blocks that BOP asks for.

    Attributes:
        scores: of the estimates, largest first, (E,).
        mssd, mspd_px, add_s_m: as in `SymmetricErrors`, (E, T).
        edge: of each block, metres, (T,).
        only_2d: whether poses are right in the image alone: MSPD says something, the others do not.
        diameter: of the blocks, in edges.
    """

    scores: Array
    mssd: Array
    mspd_px: Array
    add_s_m: Array
    edge: Array
    only_2d: bool = False
    diameter: float = diameter(CUBE)

    @staticmethod
    def of(
        estimates: Sequence[BlockEstimate],
        targets: Sequence[Target],
        camera: Camera,
        only_2d: bool = False,
    ) -> ImageErrors:
        """Compare each estimate with each block at the block's own edge.

        A cube twice as large and twice as far away looks the same: the estimate's position grows
        with the edge.
        """
        targets = [t for t in targets if t.visible is None or t.visible >= LEAST_VISIBLE]
        surest = sorted(estimates, key=lambda estimate: -estimate.score)

        def errors(estimate: BlockEstimate, target: Target) -> SymmetricErrors:
            position = target.edge / estimate.edge * estimate.pose.position
            scaled = Pose(position, estimate.pose.orientation)
            return symmetric_errors(scaled, target.pose, target.edge, camera, estimate.shape)

        each = [[errors(estimate, target) for target in targets] for estimate in surest]
        shape = (len(surest), len(targets))
        return ImageErrors(
            np.array([estimate.score for estimate in surest], dtype=np.float64),
            np.array([[e.mssd for e in row] for row in each], dtype=np.float64).reshape(shape),
            np.array([[e.mspd_px for e in row] for row in each], dtype=np.float64).reshape(shape),
            np.array([[e.add_s_m for e in row] for row in each], dtype=np.float64).reshape(shape),
            np.array([target.edge for target in targets], dtype=np.float64),
            only_2d,
            diameter(estimates[0].shape if estimates else CUBE),
        )

    def above(self, score: float) -> ImageErrors:
        """The same image without the estimates below a score."""
        kept = self.scores >= score
        return ImageErrors(
            self.scores[kept],
            self.mssd[kept],
            self.mspd_px[kept],
            self.add_s_m[kept],
            self.edge,
            self.only_2d,
            self.diameter,
        )
