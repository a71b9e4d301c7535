"""Images of a physics world with PyBullet's software renderer: no GPU, no screen."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera
from simreal_common.geometry import OPTICAL_FROM_OPENGL, Pose
from simreal_sim.physics.world import World
from simreal_sim.physics.world_randomization import SensorNoise

Array = NDArray[np.float64]
RgbImage = NDArray[np.uint8]

NEAR_M, FAR_M = 0.05, 8.0


class WorldCamera:
    """The camera of a world's scene: where it stands, its lens and its sensor.

    Args:
        world: the world it looks at, which must outlive it.
        shadows: sharp shadows of the light; they nearly double the time an image takes.
    """

    def __init__(self, world: World, shadows: bool = True) -> None:
        scene = world.scene
        self._world = world
        self._shadows = shadows
        self.camera = scene.camera
        self.pose_in_world = scene.pose_camera_in_world
        self._view = view_matrix(scene.pose_camera_in_world).T.reshape(-1).tolist()
        self._projection = projection_matrix(scene.camera).T.reshape(-1).tolist()
        self._noise_rng = np.random.default_rng(scene.noise.seed)

    def render(self) -> RgbImage:
        """The image now, RGB, uint8, shape (height, width, 3)."""
        bullet, light = self._world.bullet, self._world.scene.light
        _, _, pixels, _, _ = bullet.getCameraImage(
            self.camera.width,
            self.camera.height,
            self._view,
            self._projection,
            lightDirection=light.direction,
            lightColor=light.rgb,
            lightDistance=4.0,
            lightAmbientCoeff=light.ambient,
            lightDiffuseCoeff=light.diffuse,
            lightSpecularCoeff=light.specular,
            shadow=int(self._shadows),
            renderer=bullet.ER_TINY_RENDERER,
            flags=bullet.ER_NO_SEGMENTATION_MASK,
            physicsClientId=self._world.client,
        )
        rgba = np.asarray(pixels, dtype=np.uint8)
        rgb = np.ascontiguousarray(rgba.reshape(self.camera.height, self.camera.width, 4)[..., :3])
        return sense(rgb, self._world.scene.noise, self._noise_rng)


def sense(rgb: RgbImage, noise: SensorNoise, rng: np.random.Generator) -> RgbImage:
    """What the sensor makes of an ideal image: blur, gain, noise."""
    if noise.blur_px > 0:
        rgb = np.asarray(cv2.GaussianBlur(rgb, (0, 0), noise.blur_px), dtype=np.uint8)
    image = rgb.astype(np.float32)
    image *= noise.gain
    if noise.stddev > 0:
        image += noise.stddev * rng.standard_normal(image.shape, dtype=np.float32)
    return np.asarray(np.clip(np.rint(image), 0, 255), dtype=np.uint8)


def view_matrix(pose_camera_in_world: Pose) -> Array:
    """OpenGL's view matrix, world -> OpenGL camera frame, shape (4, 4)."""
    view = pose_camera_in_world.inverse().matrix
    view[:3] = OPTICAL_FROM_OPENGL @ view[:3]
    return view


def projection_matrix(
    camera: Camera, near_m: float = NEAR_M, far_m: float = FAR_M, at_center: bool = False
) -> Array:
    """OpenGL's projection matrix for a camera's intrinsics, shape (4, 4); distortion is left out.

    Args:
        near_m, far_m: depths between which things are drawn. What is nearer to the eye costs
            OpenGL's depth most of its digits.
        at_center: whether the renderer samples a pixel at its centre, as OpenGL does. TinyRenderer
            samples it at its lower left corner: column i is window coordinate i, and row j (from
            above) is window coordinate height - 1 - j (from below).
    """
    fx, fy = camera.matrix[0, 0], camera.matrix[1, 1]
    right, down = (0.5, 0.5) if at_center else (0.0, 1.0)
    cx, cy = camera.matrix[0, 2] + right, camera.matrix[1, 2] + down
    projection = np.zeros((4, 4))
    projection[0, 0], projection[0, 2] = 2 * fx / camera.width, 1 - 2 * cx / camera.width
    projection[1, 1], projection[1, 2] = 2 * fy / camera.height, 2 * cy / camera.height - 1
    projection[2, 2] = -(far_m + near_m) / (far_m - near_m)
    projection[2, 3] = -2 * far_m * near_m / (far_m - near_m)
    projection[3, 2] = -1
    return projection
