"""Images of a physics world with PyBullet's software renderer: no GPU, no screen."""

from __future__ import annotations

from enum import Enum

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.camera import Camera
from simreal_common.geometry import OPTICAL_FROM_OPENGL, Pose
from simreal_sim.physics.arms.simulated_arm import SimulatedArm
from simreal_sim.physics.world import World
from simreal_sim.physics.world_sensor import RgbImage, sense

Array = NDArray[np.float64]

NEAR_M, FAR_M = 0.05, 8.0

# A camera on the hand: before it, above the finger tips, tilted towards what lies ahead. So neither
# the hand nor a block in it is in the image. It has no body: nothing can hit it.
WRIST_AHEAD_M, WRIST_ABOVE_TOOL_M, WRIST_TILT_RAD = 0.075, 0.09, 0.26


class CameraMount(Enum):
    """Where a camera is."""

    FIXED = "fixed"
    WRIST = "wrist"


# What can be asked for of a simulated cell.
CAMERAS = {
    "fixed": (CameraMount.FIXED,),
    "wrist": (CameraMount.WRIST,),
    "both": (CameraMount.FIXED, CameraMount.WRIST),
}


class WorldCamera:
    """A camera of a world's scene: where it is, its lens and its sensor.

    Args:
        world: the world it looks at, which must outlive it.
        shadows: sharp shadows of the light; they nearly double the time an image takes.
        mount: whether it stands opposite the robot or is on its hand.
    """

    def __init__(
        self, world: World, shadows: bool = True, mount: CameraMount = CameraMount.FIXED
    ) -> None:
        scene = world.scene
        self._world = world
        self._shadows = shadows
        self._wrist = mount is CameraMount.WRIST
        self.camera = scene.wrist_camera if self._wrist else scene.camera
        self.pose_in_tool = wrist_mount(world.arm) @ scene.wrist_mount_error
        self._projection = projection_matrix(self.camera).T.reshape(-1).tolist()
        self._noise_rng = np.random.default_rng(
            [scene.noise.seed, 1] if self._wrist else scene.noise.seed
        )

    @property
    def moves(self) -> bool:
        """Whether it rides on the arm."""
        return self._wrist

    @property
    def pose_in_world(self) -> Pose:
        """Pose of the optical frame now."""
        if not self._wrist:
            return self._world.scene.pose_camera_in_world
        return self._world.link_poses()[self._world.arm.tool_link] @ self.pose_in_tool

    def render(self) -> RgbImage:
        """The image now, RGB, uint8, shape (height, width, 3)."""
        bullet, light = self._world.bullet, self._world.scene.light
        _, _, pixels, _, _ = bullet.getCameraImage(
            self.camera.width,
            self.camera.height,
            view_matrix(self.pose_in_world).T.reshape(-1).tolist(),
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


def wrist_mount(arm: SimulatedArm) -> Pose:
    """Nominal pose of a wrist camera's optical frame in the arm's tool frame.

    At home, the hand pointing down, the upper border of its image is away from the base.
    """
    right = np.array([0.0, float(arm.ahead), 0.0])
    out = np.array([0.0, 0.0, 1.0])
    upright = np.column_stack([right, np.cross(out, right), out])
    tilted = upright @ Rotation.from_euler("x", WRIST_TILT_RAD).as_matrix()
    return Pose.from_rotation(tilted, [arm.ahead * WRIST_AHEAD_M, 0.0, -WRIST_ABOVE_TOOL_M])


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
