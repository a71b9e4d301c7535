"""Single randomized images with all that is true of them, one seed a scene: for data sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera
from simreal_common.geometry import Pose, cube_corners
from simreal_sim.randomization.cameras import draw_views
from simreal_sim.randomization.layout.layout import FIRST_BLOCK, FIRST_DISTRACTOR
from simreal_sim.randomization.random_scenes import draw_scenes
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig
from simreal_sim.randomization.sensor_images import take_images, view_camera, view_pose
from simreal_sim.rendering.raycaster import render
from simreal_sim.rendering.scene import EMPTY
from simreal_sim.rendering.textures import texture_pool

Array = NDArray[np.float64]

TEXTURES = 600
# The pool is the same whatever the seed: a scene's image depends on nothing but its own seed.
TEXTURE_SEED = 0x7E57
SCENE_STREAM = 0x1ABE1  # keeps these scenes apart from those of training and of evaluation
LEAST_DEPTH_M = 0.01  # a corner nearer than this, or behind the camera, has no pixel
DECIMALS_M, DECIMALS_PX = 7, 3


@dataclass(frozen=True, eq=False)
class BlockLabel:
    """What is true of one block of which the image shows at least a part, hidden or not.

    Attributes:
        number: its value in `LabelledImage.instances`, from 1.
        edge: its own, metres.
        pose: block -> optical frame.
        corners: (8, 2), pixels, in the order of `cube_corners`, also where they are hidden or
            outside of the image; NaN where a corner has no pixel.
        visible: share of the pixels, of those inside the image, that nothing hides, 0 to 1.
        box: left, top, right, bottom of the visible pixels, pixel edges (right and bottom are one
            beyond the last pixel); None where nothing of it is seen.
        inside: whether all of its corners are in the image.
    """

    number: int
    edge: float
    pose: Pose
    corners: Array
    visible: float
    box: tuple[int, int, int, int] | None
    inside: bool


@dataclass(frozen=True, eq=False)
class LabelledImage:
    """One image and what is in it.

    Attributes:
        seed: of its scene, view and sensor.
        image: RGB uint8 (H, W, 3), as the camera gave it (not rectified).
        camera: its calibration.
        edge: of the scene's largest blocks, metres.
        blocks: those within the image.
        instances: uint8 (H, W), number of the block that a pixel shows, 0 for anything else.
        pose_world_in_camera: the table's frame in the optical frame; the table's top is its z = 0.
    """

    seed: int
    image: NDArray[np.uint8]
    camera: Camera
    edge: float
    blocks: list[BlockLabel]
    instances: NDArray[np.uint8]
    pose_world_in_camera: Pose

    def as_dict(self) -> dict[str, Any]:
        """The label as plain values, for JSON: metres, pixels, quaternions x y z w."""
        camera = self.camera
        return {
            "seed": self.seed,
            "edge_m": round(self.edge, DECIMALS_M),
            "camera": {
                "width": camera.width,
                "height": camera.height,
                "matrix": camera.matrix.tolist(),
                "distortion": camera.distortion.tolist(),
            },
            "blocks": [
                {
                    "id": str(block.number),
                    "edge_m": round(block.edge, DECIMALS_M),
                    "position_m": block.pose.position.round(DECIMALS_M).tolist(),
                    "orientation_xyzw": block.pose.orientation.round(DECIMALS_M).tolist(),
                    "corners_px": [
                        None if np.isnan(corner).any() else corner.round(DECIMALS_PX).tolist()
                        for corner in block.corners
                    ],
                    "visible": round(block.visible, 4),
                    "box_px": None if block.box is None else list(block.box),
                    "inside": block.inside,
                }
                for block in self.blocks
            ],
        }


class LabelledImages:
    """Draws labelled images; the same seed gives the same image, whatever was drawn before.

    Args:
        width, height: of the images, pixels.
        randomization: what is varied.
    """

    def __init__(self, width: int, height: int, randomization: RandomizationConfig) -> None:
        self._width, self._height, self._randomization = width, height, randomization
        self._textures = texture_pool(TEXTURES, np.random.default_rng(TEXTURE_SEED))

    def draw(self, seed: int) -> LabelledImage:
        """Draw the image of one seed."""
        width, height, randomization = self._width, self._height, self._randomization
        rng = np.random.default_rng([seed, SCENE_STREAM])
        scenes = draw_scenes(1, len(self._textures), randomization, rng)
        views = draw_views(scenes, np.zeros(1, np.int64), width, height, randomization, rng)
        drawn = render(scenes, views, self._textures, width, height, rng)
        image = take_images(drawn.color, randomization, 0.0, rng)

        camera = view_camera(views, 0, width, height)
        world_in_camera = view_pose(views, 0).inverse()
        instances = np.zeros((height, width), np.uint8)
        blocks = []
        for slot in range(FIRST_BLOCK, FIRST_DISTRACTOR):
            if scenes.shape[0, slot] == EMPTY or drawn.covered[0, slot] == 0:
                continue
            number, shown = slot - FIRST_BLOCK + 1, drawn.instance[0] == slot
            instances[shown] = number
            pose = world_in_camera @ Pose.from_rotation(
                scenes.rotation[0, slot], scenes.position[0, slot]
            )
            edge = float(scenes.own_edge[0, slot])
            corners = _corners(pose, camera, edge)
            inside = ((corners >= -0.5) & (corners <= [width - 0.5, height - 0.5])).all()
            visible = min(float(drawn.seen[0, slot] / drawn.covered[0, slot]), 1.0)
            blocks.append(
                BlockLabel(number, edge, pose, corners, visible, _box(shown), bool(inside))
            )
        return LabelledImage(
            seed, image[0], camera, float(scenes.edge[0]), blocks, instances, world_in_camera
        )


def _corners(pose: Pose, camera: Camera, edge: float) -> Array:
    """Projected corners, (8, 2); NaN where they are not before the camera."""
    points = pose.transform_points(cube_corners(edge))
    before = points[:, 2] > LEAST_DEPTH_M
    corners = np.full((8, 2), np.nan)
    if before.any():
        corners[before] = camera.project(points[before])
    return corners


def _box(shown: NDArray[np.bool_]) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of the pixels that are set, (H, W); None where none is."""
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    if not rows.size:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
