"""What perception says about one block; the value that travels as vision_msgs/Detection3D."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_common.geometry import Pose
from simreal_common.shapes.shape import CUBE, Shape

Array = NDArray[np.float64]

BLOCK_EDGE_M = 0.05  # of the task's blocks, where nobody says another

# The colours that a block can be told to have.
COLORS = ("red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink", "brown", "black",
          "grey", "white")  # fmt: skip


@dataclass(frozen=True, eq=False)
class BlockEstimate:
    """One block as seen by a camera.

    Args:
        pose: pose of the block (its centre) in the camera's optical frame. The orientation is one
            of those that look alike: on a cube 24, see `Shape.symmetry`.
        covariance: of position (m) and of a small rotation about the frame's axes (rad), shape
            (6, 6), optical frame.
        score: belief that this is a block, 0 to 1.
        edge: edge of the block, metres, as it was told to the estimator; see `Shape.edge_m`.
        color: one of COLORS; empty where it has none that could be named.
        id: the same for one block from image to image; empty where nothing follows it.
        shape: what it is.
    """

    pose: Pose
    covariance: Array
    score: float
    edge: float
    color: str = ""
    id: str = ""
    shape: Shape = CUBE

    @property
    def extents(self) -> tuple[float, float, float]:
        """Of the box around it, along its own axes, metres."""
        x, y, z = (2 * self.edge * self.shape.half_extents).tolist()
        return x, y, z

    def transformed(self, pose_camera_in_target: Pose) -> BlockEstimate:
        """The same in another frame: pose and covariance turn along."""
        turn = np.kron(np.eye(2), pose_camera_in_target.rotation)
        return dataclasses.replace(
            self,
            pose=pose_camera_in_target @ self.pose,
            covariance=turn @ self.covariance @ turn.T,
        )
