"""A view as PyBullet can draw it: the pinhole camera behind a lens."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera
from simreal_common.geometry import Pose, cube_corners
from simreal_sim.rendering.scene import BOX, Floats, SceneBatch, ViewBatch

Array = NDArray[np.float64]

NEAR_M, FAR_M = 0.02, 60.0  # the floor reaches 20 m
FARTHEST_SLOPE = 2.5  # of a ray off the axis; lenses that bend more are cut off there
LARGEST_WIDENING = 2.5  # of the pinhole image that a distorted one is taken from


@dataclass(frozen=True, eq=False)
class BulletView:
    """One camera, and the pinhole camera whose image its lens is taken from.

    Args:
        scene: index in the batch.
        pose: of the optical frame in the world.
        camera: with its lens.
        pinhole: without; wide enough for what the lens brings in.
        source: float32 (H, W, 2), place of each pixel in the pinhole's image; None where both
            cameras are the same.
    """

    scene: int
    pose: Pose
    camera: Camera
    pinhole: Camera
    source: Floats | None

    @staticmethod
    def of(
        views: ViewBatch, number: int, width: int, height: int, largest: tuple[int, int]
    ) -> BulletView:
        """One of N views at `width` x `height`; the pinhole's image is at most `largest`."""
        fx, fy, cx, cy = views.intrinsics[number].astype(np.float64)
        matrix = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
        lens = views.distortion[number].astype(np.float64)
        bent = np.zeros(max(4, lens.size))
        bent[: lens.size] = lens
        camera = Camera(width, height, matrix, bent if lens.any() else np.zeros(0))
        pose = Pose.from_rotation(views.rotation[number], views.position[number])
        scene = int(views.scene[number])
        if not lens.any() and (width <= largest[0] and height <= largest[1]):
            return BulletView(scene, pose, camera, camera, None)
        grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)
        ideal = camera.normalize(grid).clip(-FARTHEST_SLOPE, FARTHEST_SLOPE)
        flat = ideal.reshape(-1, 2) * [fx, fy]
        reach = LARGEST_WIDENING * max(width, height) / 2
        low = flat.min(axis=0).clip(-reach, 0) - 2
        extent = flat.max(axis=0).clip(0, reach) + 3 - low
        scale = min(1.0, *(np.array(largest) / extent))
        # Pixels coincide at the principal point, where the lens bends least.
        low = np.ceil(low * scale) - np.array([cx, cy]) % 1.0
        size = np.floor(extent * scale).astype(int)
        wide = np.array([[fx * scale, 0, -low[0]], [0, fy * scale, -low[1]], [0, 0, 1]])
        pinhole = Camera(int(size[0]), int(size[1]), wide, np.zeros(0))
        source = (flat * scale - low).reshape(ideal.shape).astype(np.float32)
        return BulletView(scene, pose, camera, pinhole, source)

    @property
    def rays(self) -> Array:
        """World directions of the pinhole's pixels, (H', W', 3), of unit length."""
        k = self.pinhole.matrix
        x = (np.arange(self.pinhole.width) - k[0, 2]) / k[0, 0]
        y = (np.arange(self.pinhole.height) - k[1, 2]) / k[1, 1]
        grid = np.stack([*np.meshgrid(x, y), np.ones((len(y), len(x)))], axis=-1)
        grid /= np.linalg.norm(grid, axis=-1, keepdims=True)
        return np.asarray(grid @ self.pose.rotation.T)

    def pixels(self, scenes: SceneBatch, slot: int) -> float:
        """About how many pixels long the longest side of a primitive appears."""
        size = 2.0 * float(scenes.half_size[self.scene, slot].max())
        away = float(np.linalg.norm(scenes.position[self.scene, slot] - self.pose.position))
        return float(self.camera.matrix[0, 0]) * size / max(away - size / 2, 0.2)

    def pixel_m(self, scenes: SceneBatch, slot: int) -> float:
        """Metres across of what a pixel shows of a box where it is nearest to the camera."""
        return self._away(scenes, slot) / float(self.camera.matrix[0, 0])

    def near_m(self, scenes: SceneBatch, slots: list[int]) -> float:
        """A depth that none of these primitives comes nearer than."""
        aside = float(np.linalg.norm(self._farthest_slope))
        nearest = min((self._away(scenes, slot) for slot in slots), default=NEAR_M)
        return max(0.9 * nearest / float(np.hypot(1.0, aside)), NEAR_M)

    @property
    def _farthest_slope(self) -> Array:
        """Slopes of the ray that is farthest off the axis in the pinhole's image, (2,)."""
        k, size = self.pinhole.matrix, np.array([self.pinhole.width, self.pinhole.height])
        middle = k[:2, 2]
        return np.asarray(np.maximum(middle, size - middle) / k[[0, 1], [0, 1]])

    def _away(self, scenes: SceneBatch, slot: int) -> float:
        """Metres from the lens to the box around a primitive."""
        offset = self.pose.position - scenes.position[self.scene, slot]
        local = np.abs(offset @ scenes.rotation[self.scene, slot])
        return float(np.linalg.norm(np.maximum(local - scenes.half_size[self.scene, slot], 0.0)))

    def covered(self, scenes: SceneBatch, slot: int) -> float:
        """Pixels that a box would cover if nothing stood before it."""
        assert scenes.shape[self.scene, slot] == BOX
        block = Pose.from_rotation(
            scenes.rotation[self.scene, slot], scenes.position[self.scene, slot]
        )
        corners = cube_corners(2.0) * scenes.half_size[self.scene, slot]
        seen = (self.pose.inverse() @ block).transform_points(corners)
        if seen[:, 2].min() < NEAR_M:
            return 0.0
        hull = cv2.convexHull(self.camera.project(seen).astype(np.float32))
        right, bottom = self.camera.width - 0.5, self.camera.height - 0.5
        border = np.array(
            [[-0.5, -0.5], [right, -0.5], [right, bottom], [-0.5, bottom]], np.float32
        )
        area, _ = cv2.intersectConvexConvex(hull, border)
        return float(area)
