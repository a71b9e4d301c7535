"""Randomized scenes whose blocks have a tag on each face, and under what conditions each is seen."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera
from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_perception.dataset_export.block_outline import area, outline
from simreal_perception.evaluation.evaluation_splits import find_split
from simreal_perception.tags.tag_layout import FACES, TagLayout
from simreal_sim.randomization.cameras import draw_views
from simreal_sim.randomization.layout.layout import FIRST_BLOCK, FIRST_DISTRACTOR
from simreal_sim.randomization.random_scenes import draw_scenes
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig
from simreal_sim.randomization.ranges.ranges import LogUniform
from simreal_sim.randomization.sensor_images import view_camera, view_pose
from simreal_sim.randomization.sensors import compress, draw_sensors
from simreal_sim.rendering.raycaster import render
from simreal_sim.rendering.scene import SceneBatch, ViewBatch
from simreal_sim.rendering.sensor_effects import SensorBatch, expose
from simreal_sim.rendering.texture_size import TEXTURE_SIZE
from simreal_sim.rendering.textures import texture_pool

SALT = 0x7A65  # keeps these generators apart from those of training and of evaluation
TEXTURES = 600  # of everything but the blocks
SIZE = (640, 480)
DISTANCE_M = (0.3, 1.5)
INK, PAPER = 0.03, 0.85  # linear reflectance of what a laser printer leaves and of white paper


@dataclass(frozen=True)
class Conditions:
    """Under what conditions an image shows a block.

    Args:
        view_angle_rad: between the line of sight and the normal of the face that looks most at the
            camera: 0 face on, 0.955 onto a corner.
        brightness: mean grey value of its visible pixels, 0 to 255.
        blur_px: sigma of everything that blurs the image, motion included, pixels.
        distance_m: from the camera.
        hidden: share of its outline that is not seen, the image's border included, 0 to 1.
    """

    view_angle_rad: float
    brightness: float
    blur_px: float
    distance_m: float
    hidden: float


@dataclass(frozen=True, eq=False)
class TaggedBlock:
    """A block that an image shows at least a part of.

    Args:
        number: of the block by its tags.
        pose: block -> optical frame.
        conditions: under which it is seen.
    """

    number: int
    pose: Pose
    conditions: Conditions


@dataclass(frozen=True, eq=False)
class TaggedImage:
    """An image of blocks with tags, and one without.

    Args:
        image: RGB uint8 (H, W, 3).
        plain: the same of the same blocks as they look without tags.
        camera: its calibration.
        edge: of the blocks, metres.
        blocks: those within it.
    """

    image: NDArray[np.uint8]
    plain: NDArray[np.uint8]
    camera: Camera
    edge: float
    blocks: list[TaggedBlock]


@dataclass(frozen=True)
class TaggedScenes:
    """Scenes with everything randomized but the blocks' faces; each number has a generator of its own.

    Args:
        seed: of all of them.
        layout: of the tags.
    """

    seed: int
    layout: TagLayout

    def draw(self, number: int) -> TaggedImage:
        """Draw the image of a number.

        Raises:
            ConfigurationError: more blocks than the dictionary has tags for.
        """
        ranges = self._ranges
        scenes = draw_scenes(1, TEXTURES, ranges, self._generator(number, 0))
        views = draw_views(scenes, np.zeros(1, int), *SIZE, ranges, self._generator(number, 1))
        slots = np.flatnonzero(scenes.is_block[0])
        self._check(len(slots))
        plain, _, _ = self._take(number, scenes, views)
        self._stick(scenes, slots)
        image, instance, blur_px = self._take(number, scenes, views)
        return TaggedImage(
            image,
            plain,
            view_camera(views, 0, *SIZE),
            float(scenes.edge[0]),
            _blocks(scenes, views, slots, instance, image, blur_px),
        )

    def _take(
        self, number: int, scenes: SceneBatch, views: ViewBatch
    ) -> tuple[NDArray[np.uint8], NDArray[np.int32], float]:
        """The image of a scene as it is dressed now, what each pixel shows, and the blur, pixels."""
        ranges, sensor_rng = self._ranges, self._generator(number, 3)
        textures = _textures(self.seed, self.layout)
        drawn = render(scenes, views, textures, *SIZE, self._generator(number, 2))
        sensors = draw_sensors(1, 0.0, sensor_rng, ranges.sensor)
        image = expose(drawn.color, sensors, sensor_rng)
        compress(image, sensor_rng, ranges.sensor)
        return image[0], drawn.instance[0], _blur_px(sensors)

    def _generator(self, number: int, step: int) -> np.random.Generator:
        """One a step: what one of them draws does not shift the others."""
        return np.random.default_rng([self.seed, SALT, number, step])

    @cached_property
    def _ranges(self) -> RandomizationConfig:
        ranges = find_split("everything").narrowed(RandomizationConfig.load(None))
        camera = dataclasses.replace(ranges.camera, distance_m=LogUniform(*DISTANCE_M))
        return dataclasses.replace(ranges, camera=camera)

    def _check(self, blocks: int) -> None:
        if blocks > self.layout.blocks:
            raise ConfigurationError(
                f"a scene has {blocks} blocks, and {self.layout.dictionary} has tags for "
                f"{self.layout.blocks}: wanted a dictionary with more tags"
            )

    def _stick(self, scenes: SceneBatch, slots: NDArray[np.integer]) -> None:
        """Put the prints onto the blocks, in place; the first of the slots is block 0."""
        for block, slot in enumerate(slots):
            edge = float(scenes.own_edge[0, slot])
            for face in range(FACES):
                down = self.layout.down_sign(face)
                scenes.texture[0, slot, face] = TEXTURES + FACES * block + face
                scenes.color_low[0, slot, face] = INK
                scenes.color_high[0, slot, face] = PAPER
                scenes.texture_map[0, slot, face] = (1 / edge, 0, 0.5, 0, down / edge, 0.5)


@lru_cache(maxsize=1)
def _textures(seed: int, layout: TagLayout) -> NDArray[np.uint8]:
    """The pool, and after it the faces of as many blocks as a scene may have.

    One array for all scenes: the renderer packs a pool anew only if it is another.
    """
    pool = texture_pool(TEXTURES, np.random.default_rng([seed, SALT]))
    blocks = min(FIRST_DISTRACTOR - FIRST_BLOCK, layout.blocks)
    prints = np.zeros((blocks * FACES, TEXTURE_SIZE, TEXTURE_SIZE, 3), np.uint8)
    for index in range(len(prints)):
        block, face = divmod(index, FACES)
        prints[index] = layout.print_of(block, face, TEXTURE_SIZE)[..., None]
    return np.concatenate([pool, prints])


def _blur_px(sensors: SensorBatch) -> float:
    """Sigma of lens, motion (evenly along its way) and scaling together."""
    motion = float(np.square(sensors.motion[0]).sum()) / 12.0
    return float(np.sqrt(sensors.lens_blur[0] ** 2 + motion + sensors.resample_blur[0] ** 2))


def _blocks(
    scenes: SceneBatch,
    views: ViewBatch,
    slots: NDArray[np.integer],
    instance: NDArray[np.int32],
    image: NDArray[np.uint8],
    blur_px: float,
) -> list[TaggedBlock]:
    camera = view_camera(views, 0, *SIZE)
    to_camera = view_pose(views, 0).inverse()
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    blocks = []
    for number, slot in enumerate(slots):
        shown = instance == slot
        pose = to_camera @ Pose.from_rotation(scenes.rotation[0, slot], scenes.position[0, slot])
        polygon = outline(camera, pose.matrix, float(scenes.own_edge[0, slot]))
        if polygon is None or not shown.any():
            continue
        distance = float(np.linalg.norm(pose.position))
        facing = float(np.abs(pose.rotation.T @ pose.position).max()) / distance
        hidden = 1.0 - min(float(shown.sum()) / max(area(polygon), 1.0), 1.0)
        conditions = Conditions(
            float(np.arccos(min(facing, 1.0))), float(gray[shown].mean()), blur_px, distance, hidden
        )
        blocks.append(TaggedBlock(number, pose, conditions))
    return blocks
