"""Chooses the scales of the image pyramid, so that every block has a size the detector knows."""

from __future__ import annotations

from dataclasses import dataclass

from simreal_common.camera import Camera
from simreal_common.errors import ConfigurationError
from simreal_perception.pose_estimation.crop_camera import SPHERE_PER_EDGE

# Radii of blocks' bounding spheres in a copy, pixels: the least at which a block is looked for, and
# the largest at which it is found. Training shows them from 6 to 110.
LEAST_RADIUS_PX, LARGEST_RADIUS_PX = 13.0, 80.0
# What is smaller in the image itself than 20 pixels an edge need not be found.
LEAST_EDGE_PX = 20.0
NEAREST_EDGES = 2.0  # no camera is nearer to a block than so many of its edges
# From copy to copy. They overlap, so that each block is of a middling size in one of them: with copies
# that only join, one block in twenty more was missed on synthetic scenes.
STEP = 0.45
NARROWEST_PX = 64  # a narrower copy shows nothing


@dataclass(frozen=True)
class PyramidLimits:
    """How far blocks are looked for, and what it may cost.

    Args:
        max_distance: of the farthest block from the camera, metres.
        max_width: longest side of a copy that the detector looks at, pixels; time grows with its
            square.

    Raises:
        ConfigurationError: a value that makes no sense.
    """

    max_distance: float = 2.0
    max_width: int = 1280

    def __post_init__(self) -> None:
        if not 0 < self.max_distance < float("inf"):
            raise ConfigurationError(
                f"max_distance is {self.max_distance:g}: wanted metres, more than 0"
            )
        if self.max_width < NARROWEST_PX:
            raise ConfigurationError(
                f"max_width is {self.max_width}: wanted pixels, {NARROWEST_PX} or more"
            )


@dataclass(frozen=True)
class Pyramid:
    """Scales of the copies of an image that are looked at, the finest first.

    Attributes:
        scales: of a copy to the image, at most 1.
        finest: the scale that distance and size of the blocks ask for; where it is larger than the
            first of `scales`, max_width cut it, and far blocks may be missed.
    """

    scales: tuple[float, ...]
    finest: float

    @property
    def cut(self) -> bool:
        """Whether the copies are narrower than small blocks ask for."""
        return self.finest > self.scales[0] * 1.001


def image_pyramid(camera: Camera, block_edge: float, search: PyramidLimits) -> Pyramid:
    """The copies of a camera's images in which blocks of an edge (m) are found at all distances."""
    focal = float((camera.matrix[0, 0] * camera.matrix[1, 1]) ** 0.5)
    smallest = max(focal * block_edge / search.max_distance, LEAST_EDGE_PX) * SPHERE_PER_EDGE
    largest = focal * SPHERE_PER_EDGE / NEAREST_EDGES
    finest = min(LEAST_RADIUS_PX / smallest, 1.0)
    longest = max(camera.width, camera.height)
    scales = [min(finest, search.max_width / longest)]
    while scales[-1] * largest > LARGEST_RADIUS_PX and scales[-1] * STEP * longest > NARROWEST_PX:
        scales.append(scales[-1] * STEP)
    return Pyramid(tuple(scales), finest)
