"""Fresh synthetic scenes with everything randomized, drawn by the ray caster or by PyBullet."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera
from simreal_common.geometry import Pose, cube_corners
from simreal_perception.evaluation_data import Example
from simreal_sim.cameras import draw_views
from simreal_sim.randomization import Randomization, draw_scenes
from simreal_sim.ranges import LogUniform
from simreal_sim.scene import SceneBatch, ViewBatch
from simreal_sim.taken_pictures import take_pictures, view_camera, view_pose
from simreal_sim.textures import texture_pool

if TYPE_CHECKING:
    from simreal_sim.tiny_renderer import BulletRenderer

RENDERERS = ("raycaster", "tiny", "egl")

# Keeps the generators of evaluation apart from those of training, which start elsewhere.
SALT = 0xE7A1
TEXTURES = 600
DISTANCE_M = (0.5, 1.1)  # of the blocks that must be found
LEAST_VISIBLE = 0.5  # share of a block's outline that must be seen for it to count


@dataclass(frozen=True)
class SceneSource:
    """Scenes of 50 mm blocks seen from 0.5 to 1.1 m, each number from a generator of its own.

    All renderers draw the same scenes, from the same places, through the same sensors.

    Args:
        count: number of scenes.
        seed: of all of them.
        renderer: one of `RENDERERS`.
        size: width and height, pixels.
    """

    count: int
    seed: int
    renderer: str = "raycaster"
    size: tuple[int, int] = (640, 480)

    @property
    def name(self) -> str:
        return f"fresh synthetic scenes drawn by {self.renderer}, seed {self.seed}"

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
        ranges = _randomization()
        scenes = draw_scenes(1, len(textures), ranges, scene_rng)
        views = draw_views(scenes, np.zeros(1, int), *self.size, ranges, view_rng)
        color, seen = self._draw(scenes, views, textures, light_rng)
        image = take_pictures(color, ranges, 0.0, sensor_rng)
        camera = view_camera(views, 0, *self.size)
        blocks: list[tuple[Pose, float, float]] = []
        hidden: list[tuple[Pose, float, float]] = []
        for pose, share, edge in _visible_blocks(scenes, views, camera, seen):
            distance = float(np.linalg.norm(pose.position))
            required = share >= LEAST_VISIBLE and DISTANCE_M[0] <= distance <= DISTANCE_M[1]
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
            from simreal_sim.raycaster import render

            drawn = render(scenes, views, textures, *self.size, rng)
        else:
            bullet = _bullet(self.renderer == "egl")
            drawn = bullet.render(scenes, views, textures, *self.size)
        return drawn.color, drawn.seen[0]


@lru_cache(maxsize=1)
def _textures(seed: int) -> NDArray[np.uint8]:
    return texture_pool(TEXTURES, np.random.default_rng([seed, SALT]))


@lru_cache(maxsize=1)
def _randomization() -> Randomization:
    """Everything at its full range, but blocks of 50 mm at the distance that is asked for."""
    ranges = Randomization.load(disabled={"edge"})
    camera = dataclasses.replace(ranges.camera, distance_m=LogUniform(*DISTANCE_M))
    return dataclasses.replace(ranges, camera=camera)


@lru_cache(maxsize=1)
def _bullet(egl: bool) -> BulletRenderer:
    """One renderer a process: starting OpenGL takes longer than a picture."""
    from simreal_sim.tiny_renderer import BulletRenderer

    return BulletRenderer(egl)


def _visible_blocks(
    scenes: SceneBatch, views: ViewBatch, camera: Camera, seen: NDArray[np.int32]
) -> Iterator[tuple[Pose, float, float]]:
    """Poses, optical frame, of the blocks that the picture shows, share of the outline and edge.

    What lies beyond the picture's border is part of the outline, and not seen.
    """
    to_camera = view_pose(views, 0).inverse()
    for slot in np.flatnonzero(scenes.is_block[0] & (seen > 0)):
        pose = to_camera @ Pose.from_rotation(scenes.rotation[0, slot], scenes.position[0, slot])
        edge = float(scenes.own_edge[0, slot])
        corners = pose.transform_points(cube_corners(edge))
        if corners[:, 2].min() < edge:
            continue  # at the lens
        hull = cv2.convexHull(camera.project(corners).astype(np.float32))
        yield pose, float(min(seen[slot] / max(cv2.contourArea(hull), 1.0), 1.0)), edge
