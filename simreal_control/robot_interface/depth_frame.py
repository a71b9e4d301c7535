"""A depth image as a task takes it: metres, a calibrated camera, and where it stood; no ROS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera
from simreal_common.errors import ImageError
from simreal_common.geometry import Pose


@dataclass(frozen=True, eq=False)
class DepthFrame:
    """A depth frame tells how far what a camera sees is.

    Args:
        stamp: when it was taken, seconds.
        depth: along the optical axis, metres, 0 or not finite where there is none, shape (H, W).
        camera: of that size.
        pose_camera_in_base: its optical frame then.

    Raises:
        ImageError: an image of another size than the camera's.
    """

    stamp: float
    depth: NDArray[np.floating[Any]]
    camera: Camera
    pose_camera_in_base: Pose

    def __post_init__(self) -> None:
        if self.depth.shape != (self.camera.height, self.camera.width):
            size = "x".join(map(str, reversed(self.depth.shape)))
            raise ImageError(
                f"the depth image is {size}, its calibration of {self.camera.width}x"
                f"{self.camera.height}: wanted the camera_info of the depth image"
            )
