"""Depth images of a physics world: PyBullet's depth buffer, with the errors of a stereo camera."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from simreal_common.camera import Camera
from simreal_common.geometry import Pose
from simreal_sim.physics.world import World
from simreal_sim.physics.world_camera import FAR_M, NEAR_M, projection_matrix, view_matrix

DepthImage = NDArray[np.float32]

# Errors of active stereo (Intel RealSense D400), as told for them at a metre and growing with the
# square of the depth; at outlines it finds no match, and here and there none at all.
NOISE_AT_A_METRE_M = 0.0015
EDGE_M, LOST_AT_EDGES = 0.03, 0.5
LOST = 0.003
RESOLUTION_M = 0.001


class DepthCamera:
    """A depth camera in the place of a world's fixed camera.

    Args:
        world: the world it looks at, which must outlive it.
        binning: so many pixels of the fixed camera a side are one of its; drawing takes long.
        seed: of its errors; None for none.
    """

    def __init__(self, world: World, binning: int = 1, seed: int | None = 0) -> None:
        self._world = world
        self.camera = _binned(world.scene.camera, binning)
        self._projection = projection_matrix(self.camera).T.reshape(-1).tolist()
        self._rng = None if seed is None else np.random.default_rng(seed)

    @property
    def pose_in_world(self) -> Pose:
        """Pose of the optical frame."""
        return self._world.scene.pose_camera_in_world

    def capture(self) -> DepthImage:
        """Metres along the optical axis, 0 where there is no value, shape (height, width)."""
        world, bullet = self._world, self._world.bullet
        buffer = bullet.getCameraImage(
            self.camera.width,
            self.camera.height,
            view_matrix(self.pose_in_world).T.reshape(-1).tolist(),
            self._projection,
            shadow=0,
            renderer=bullet.ER_TINY_RENDERER,
            flags=bullet.ER_NO_SEGMENTATION_MASK,
            physicsClientId=world.client,
        )[3]
        share = np.asarray(buffer, dtype=np.float64)
        depth = FAR_M * NEAR_M / (FAR_M - (FAR_M - NEAR_M) * share)
        depth = depth.reshape(self.camera.height, self.camera.width)
        return self._measured(np.where(share.reshape(depth.shape) < 1.0, depth, 0.0))

    def _measured(self, depth: NDArray[np.float64]) -> DepthImage:
        rng = self._rng
        if rng is None:
            return depth.astype(np.float32)
        steep = ndimage.maximum_filter(depth, 3) - ndimage.minimum_filter(depth, 3) > EDGE_M
        lost = rng.random(depth.shape) < np.where(steep, LOST_AT_EDGES, LOST)
        noisy = depth + NOISE_AT_A_METRE_M * depth**2 * rng.standard_normal(depth.shape)
        told = np.where(lost | (depth == 0.0), 0.0, np.rint(noisy / RESOLUTION_M) * RESOLUTION_M)
        return np.asarray(told, dtype=np.float32)


def _binned(camera: Camera, binning: int) -> Camera:
    matrix = camera.matrix.copy()
    matrix[:2] /= binning
    matrix[:2, 2] += 0.5 / binning - 0.5  # the centre of the first pixel is 0
    return Camera(
        camera.width // binning, camera.height // binning, matrix, camera.distortion, camera.lens
    )
