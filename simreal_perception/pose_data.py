"""Endless training crops for the pose network, drawn as they are needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_common.geometry import cube_corners
from simreal_perception.crop_camera import CROP_BLOCK_RADIUS, CROP_SIZE
from simreal_sim.layout import BLOCK_EDGE_M, FIRST_BLOCK, FIRST_DISTRACTOR, FIRST_ROBOT
from simreal_sim.randomization import Randomization, draw_scenes
from simreal_sim.raycaster import render
from simreal_sim.scene import SceneBatch, ViewBatch
from simreal_sim.sensor import compress, draw_sensors, expose, plain_sensors
from simreal_sim.textures import texture_pool
from simreal_sim.viewpoints import draw_roll, looking, turned_aside, upper_half_sphere

Floats = NDArray[np.float32]

TEXTURES = 1500
VIEWS_PER_SCENE = 6
NEGATIVE_SHARE = 0.2  # crops centred on something that is no block
LEAST_VISIBLE = 0.35  # of a block; below it a crop is not scored either way
# How far a detection may be off: centre (share of the block's radius) and size (log).
CENTER_JITTER, SIZE_JITTER = 0.18, 0.13
LARGEST_UPSCALE_BLUR = 1.6  # pixels of a crop: blocks down to some 12 pixels across


@dataclass(frozen=True, eq=False)
class CropBatch:
    """N crops and their labels.

    Attributes:
        images: uint8 (N, 64, 64, 3).
        corners: float32 (N, 8, 2), corners in the order of `cube_corners`, units of half a crop.
        points: float32 (N, 8, 3), the same corners in the crop camera's frame, metres.
        rotation: float32 (N, 3, 3), block -> crop camera.
        target: float32 (N,), 1 for a block, 0 for none, nan for neither (hardly visible).
        visible: float32 (N,), share of the block's picture that nothing hides.
    """

    images: NDArray[np.uint8]
    corners: Floats
    points: Floats
    rotation: Floats
    target: Floats
    visible: Floats


class CropSource:
    """Draws batches of crops; the same seed gives the same batches.

    Args:
        seed: of everything drawn.
        randomization: which groups are at work.
    """

    def __init__(self, seed: int, randomization: Randomization | None = None) -> None:
        self.rng = np.random.default_rng(seed)
        self.randomization = randomization or Randomization()
        self.textures = texture_pool(TEXTURES, self.rng)

    def draw(self, count: int) -> CropBatch:
        """Draw `count` crops."""
        rng = self.rng
        scenes = draw_scenes(
            -(-count // VIEWS_PER_SCENE), len(self.textures), self.randomization, rng
        )
        views, primitive, is_block = self._aim(scenes, count)
        drawn = render(scenes, views, self.textures, CROP_SIZE, CROP_SIZE, rng)
        if self.randomization.on("sensor"):
            images = expose(drawn.color, draw_sensors(count, LARGEST_UPSCALE_BLUR, rng), rng)
            compress(images, rng)
        else:
            images = expose(drawn.color, plain_sensors(count), rng)
        every = np.arange(count)
        covered = np.maximum(drawn.covered[every, primitive], 1)
        visible = np.where(is_block, drawn.seen[every, primitive] / covered, 0.0)

        to_crop = views.rotation.transpose(0, 2, 1)
        rotation = to_crop @ scenes.rotation[views.scene, primitive]
        offset = scenes.position[views.scene, primitive] - views.position
        center = np.einsum("nij,nj->ni", to_crop, offset)
        points = np.einsum("nij,kj->nki", rotation, cube_corners(BLOCK_EDGE_M)) + center[:, None]
        depth = np.maximum(points[..., 2:], 1e-3)
        corners = points[..., :2] / depth * views.intrinsics[:, None, :2] / (CROP_SIZE / 2)
        target = np.where(visible >= LEAST_VISIBLE, 1.0, np.nan)
        target[~is_block] = 0.0
        arrays = (corners, points, rotation, target, visible)
        return CropBatch(images, *(np.ascontiguousarray(a, np.float32) for a in arrays))

    def _aim(
        self, scenes: SceneBatch, count: int
    ) -> tuple[ViewBatch, NDArray[np.int64], NDArray[np.bool_]]:
        """Views of `count` targets; which primitive each looks at; whether that is a block."""
        rng = self.rng
        scene = np.repeat(np.arange(scenes.size), VIEWS_PER_SCENE)[:count]
        # A random present block; or, for a share, a random distractor or part of the robot.
        weight = rng.uniform(size=(count, scenes.shape.shape[1])) + 1e-3
        weight *= scenes.shape[scene] != 0
        negative = rng.uniform(size=count) < NEGATIVE_SHARE
        blocks = slice(FIRST_BLOCK, FIRST_DISTRACTOR)
        others = slice(FIRST_DISTRACTOR, FIRST_ROBOT + 3)
        negative &= weight[:, others].max(axis=1) > 0
        primitive = np.where(
            negative,
            FIRST_DISTRACTOR + weight[:, others].argmax(axis=1),
            FIRST_BLOCK + weight[:, blocks].argmax(axis=1),
        )
        target = scenes.position[scene, primitive].astype(np.float64)
        # Some negatives look at nothing in particular, or at the gap between things.
        stray = negative & (rng.uniform(size=count) < 0.4)
        drift = rng.normal(0, 1.0, size=(count, 3)) * BLOCK_EDGE_M
        away = np.linalg.norm(drift, axis=1, keepdims=True)
        target[stray] += (drift * np.maximum(1.0, 1.4 * BLOCK_EDGE_M / away))[stray]

        radius = BLOCK_EDGE_M * np.sqrt(3) / 2
        distance = BLOCK_EDGE_M * np.exp(rng.uniform(np.log(4.0), np.log(32.0), size=count))
        away_from = upper_half_sphere(count, 0.08, rng)
        roll = draw_roll(count, 0.3, 0.15, rng)
        if not self.randomization.on("camera"):
            distance[:], roll[:] = 0.9, 0.0
            away_from[:] = (0.7, 0.0, 0.714)
        position = target + away_from * distance[:, None]
        position[:, 2] = np.maximum(position[:, 2], 0.01)
        rotation = looking(-away_from, roll)
        size = CROP_BLOCK_RADIUS * np.exp(rng.normal(0, SIZE_JITTER, size=count).clip(-0.35, 0.35))
        focal = size * np.sqrt(np.maximum(distance**2 - radius**2, 1e-6)) / radius
        shift = rng.normal(0, CENTER_JITTER, size=(count, 2)).clip(-0.4, 0.4) * size[:, None]
        rotation = turned_aside(rotation, shift / focal[:, None])
        center = np.full(count, (CROP_SIZE - 1) / 2)
        views = ViewBatch(
            scene=scene.astype(np.int32),
            rotation=np.ascontiguousarray(rotation, np.float32),
            position=np.ascontiguousarray(position, np.float32),
            intrinsics=np.stack([focal, focal, center, center], axis=-1).astype(np.float32),
            distortion=np.zeros((count, 2), np.float32),
        )
        return views, primitive, ~negative
