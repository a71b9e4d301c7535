"""A block as the target of hand-eye calibration: its corners where the estimator sees them."""

from __future__ import annotations

from collections.abc import Sequence

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.errors import ImageError
from simreal_common.geometry import cube_corners
from simreal_perception.camera_calibration.board_detection import Sight


def block_sight(name: str, blocks: Sequence[BlockEstimate], camera: Camera) -> Sight:
    """The corners of the one block that a picture shows.

    Args:
        name: of the picture.
        blocks: what the estimator found that scores enough.

    Raises:
        ImageError: it shows none, or several: nobody knows which one it is.
    """
    if len(blocks) != 1:
        raise ImageError(
            f"{len(blocks)} blocks were found, wanted one alone in view; put others away"
        )
    points = cube_corners(blocks[0].edge)
    pixels = camera.project(blocks[0].pose.transform_points(points))
    return Sight(name, points, pixels, (camera.width, camera.height))
