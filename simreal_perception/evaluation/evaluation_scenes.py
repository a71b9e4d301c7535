"""Fresh synthetic scenes with everything randomized, drawn by the ray caster or by PyBullet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera
from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_common.shapes.shape import CUBE, Shape
from simreal_perception.evaluation.evaluation_data import Example, table_plane
from simreal_perception.evaluation.evaluation_splits import (
    LEAST_EDGE_PX,
    LEAST_VISIBLE,
    Split,
    find_split,
)
from simreal_sim.randomization.cameras import draw_views
from simreal_sim.randomization.random_scenes import draw_scenes
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig
from simreal_sim.randomization.sensor_images import take_images, view_camera, view_pose
from simreal_sim.rendering.scene import SceneBatch, ViewBatch
from simreal_sim.rendering.textures import texture_pool

if TYPE_CHECKING:
    from simreal_sim.rendering.pybullet.tiny_renderer import BulletRenderer

DRAWN_BY_ALL = ("cube", "cuboid", "cylinder")

# Keeps the generators of evaluation apart from those of training, which start elsewhere.
SALT = 0xE7A1
TEXTURES = 600
# What a model is calibrated on: none of these alone is all that people have.
MIXTURE = ("everything", "trained", "overhead", "crowded")


@dataclass(frozen=True)
class SceneSource:
    """Scenes of a split, each number from a generator of its own.

    All renderers draw the same scenes, from the same places, through the same sensors.

    Args:
        count: number of scenes.
        seed: of all of them.
        renderer: "raycaster", or of PyBullet's "tiny" or "egl".
        ranges: file of ranges; None for config/randomization.yaml.
        split: one of `SPLITS`; "" for "everything", or, with a file, for all that it says.
        shape: what the blocks are.

    Raises:
        ConfigurationError: the ranges cannot be read, no such split, or a shape that the renderer does
            not draw.
    """

    count: int
    seed: int
    renderer: str = "raycaster"
    ranges: Path | None = None
    split: str = ""
    shape: Shape = CUBE

    def __post_init__(self) -> None:
        self.randomization  # noqa: B018  # what is wrong with it is said here, not in a worker
        if self.renderer != "raycaster" and self.shape.kind not in DRAWN_BY_ALL:
            raise ConfigurationError(
                f"renderer {self.renderer} draws no {self.shape.kind}: wanted one of "
                f"{', '.join(DRAWN_BY_ALL)}, or the renderer raycaster"
            )

    @property
    def kind(self) -> Split:
        """The split of these scenes."""
        return find_split(self.split or ("trained" if self.ranges else "everything"))

    @property
    def randomization(self) -> RandomizationConfig:
        """Ranges of these scenes."""
        return _randomization(self.kind.name, self.ranges, self.shape)

    @property
    def name(self) -> str:
        of = "" if self.shape.is_cube else f", a {self.shape.words}"
        of += f" of {self.ranges.name}" if self.ranges else ""
        kind = f"{self.kind.words}{of}, drawn by {self.renderer}, seed {self.seed}"
        return f"fresh synthetic scenes: {kind}"

    def examples(self, numbers: Sequence[int]) -> Iterator[Example]:
        """Draw the scenes of these numbers.

        Raises:
            ModuleNotFoundError: no numba, or no PyBullet, here.
            MissingDependencyError: no EGL here.
        """
        for number in numbers:
            yield self._example(number)

    def _example(self, number: int) -> Example:
        # One generator a step: what one of them draws does not shift the others.
        scene_rng, view_rng, light_rng, sensor_rng = (
            np.random.default_rng([self.seed, SALT, number, step]) for step in range(4)
        )
        textures = _textures(self.seed)
        ranges, kind = self.randomization, self.kind
        nearest, farthest = ranges.camera.distance_m.low, ranges.camera.distance_m.high
        scenes = draw_scenes(1, len(textures), ranges, scene_rng)
        views = draw_views(scenes, np.zeros(1, int), *kind.size, ranges, view_rng)
        color, seen = self._draw(scenes, views, textures, light_rng)
        image = take_images(color, ranges, 0.0, sensor_rng)
        camera = view_camera(views, 0, *kind.size)
        blocks: list[tuple[Pose, float, float]] = []
        hidden: list[tuple[Pose, float, float]] = []
        for pose, share, edge in _visible_blocks(scenes, views, camera, seen):
            distance = float(np.linalg.norm(pose.position))
            required = share >= LEAST_VISIBLE and nearest <= distance <= farthest
            required &= float(views.intrinsics[0, 0]) * edge / distance >= LEAST_EDGE_PX
            (blocks if required else hidden).append((pose, share, edge))
        return Example(
            f"scene {self.seed}/{number}",
            image[0],
            camera,
            float(scenes.edge[0]),
            [pose for pose, _, _ in blocks],
            [pose for pose, _, _ in hidden],
            [share for _, share, _ in [*blocks, *hidden]],
            [edge for _, _, edge in [*blocks, *hidden]],
            plane=table_plane(view_pose(views, 0).inverse()),
            shape=self.shape,
        )

    def _draw(
        self,
        scenes: SceneBatch,
        views: ViewBatch,
        textures: NDArray[np.uint8],
        rng: np.random.Generator,
    ) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """Linear colours (1, H, W, 3), and the pixels (P,) in which each primitive is seen."""
        if self.renderer == "raycaster":
            from simreal_sim.rendering.raycaster import render

            drawn = render(scenes, views, textures, *self.kind.size, rng)
        else:
            bullet = _bullet(self.renderer == "egl")
            drawn = bullet.render(scenes, views, textures, *self.kind.size)
        return drawn.color, drawn.seen[0]


@lru_cache(maxsize=1)
def _textures(seed: int) -> NDArray[np.uint8]:
    return texture_pool(TEXTURES, np.random.default_rng([seed, SALT]))


@dataclass(frozen=True)
class MixedScenes:
    """Scenes of several splits in turns: what a model is calibrated on.

    Args:
        count, seed, ranges, shape: as of `SceneSource`.
    """

    count: int
    seed: int
    ranges: Path | None = None
    shape: Shape = CUBE

    @property
    def name(self) -> str:
        of = "" if self.shape.is_cube else f" of a {self.shape.words}"
        of += f" of {self.ranges.name}" if self.ranges else ""
        return f"fresh synthetic scenes{of}, {', '.join(MIXTURE)} in turns, seed {self.seed}"

    def examples(self, numbers: Sequence[int]) -> Iterator[Example]:
        """Draw the scenes of these numbers."""
        sources = [
            SceneSource(self.count, self.seed, ranges=self.ranges, split=split, shape=self.shape)
            for split in MIXTURE
        ]
        for number in numbers:
            yield from sources[number % len(sources)].examples([number // len(sources)])


@lru_cache(maxsize=8)
def _randomization(split: str, path: Path | None, shape: Shape) -> RandomizationConfig:
    return find_split(split).narrowed(RandomizationConfig.load(path, shape=shape))


@lru_cache(maxsize=1)
def _bullet(egl: bool) -> BulletRenderer:
    """One renderer a process: starting OpenGL takes longer than an image."""
    from simreal_sim.rendering.pybullet.tiny_renderer import BulletRenderer

    return BulletRenderer(egl)


def _visible_blocks(
    scenes: SceneBatch, views: ViewBatch, camera: Camera, seen: NDArray[np.int32]
) -> Iterator[tuple[Pose, float, float]]:
    """Poses, optical frame, of the blocks that the image shows, share of the outline and edge.

    What lies beyond the image's border is part of the outline, and not seen.
    """
    to_camera = view_pose(views, 0).inverse()
    for slot in np.flatnonzero(scenes.is_block[0] & (seen > 0)):
        pose = to_camera @ Pose.from_rotation(scenes.rotation[0, slot], scenes.position[0, slot])
        edge = float(scenes.own_edge[0, slot])
        corners = pose.transform_points(scenes.block.vertices * edge)
        if corners[:, 2].min() < edge:
            continue  # at the lens
        hull = cv2.convexHull(camera.project(corners).astype(np.float32))
        yield pose, float(min(seen[slot] / max(cv2.contourArea(hull), 1.0), 1.0)), edge
