"""Makes the images of randomized sensors from light; and what a view's camera is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera
from simreal_common.geometry import Pose
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig
from simreal_sim.randomization.sensors import compress, draw_sensors
from simreal_sim.rendering.scene import Floats, ViewBatch
from simreal_sim.rendering.sensor_effects import expose, plain_sensors


def take_images(
    color: Floats, randomization: RandomizationConfig, resample: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Turn linear intensities, (N, H, W, 3), into images of drawn sensors, RGB uint8.

    Args:
        color: may be overwritten.
        randomization: its group `sensor` counts; off: ideal sensors.
        resample: largest blur from scaling up, pixels.
    """
    count = len(color)
    if not randomization.on("sensor"):
        return expose(color, plain_sensors(count), rng)
    images = expose(color, draw_sensors(count, resample, rng, randomization.sensor), rng)
    compress(images, rng, randomization.sensor)
    return images


def view_camera(views: ViewBatch, index: int, width: int, height: int) -> Camera:
    """The calibrated camera of one view."""
    fx, fy, cx, cy = views.intrinsics[index].astype(np.float64)
    k1, k2 = views.distortion[index].astype(np.float64)
    distortion = np.array([k1, k2, 0.0, 0.0]) if k1 or k2 else np.zeros(0)
    return Camera(width, height, np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]]), distortion)


def view_pose(views: ViewBatch, index: int) -> Pose:
    """Pose of one view's optical frame in the world."""
    return Pose.from_rotation(views.rotation[index], views.position[index])
