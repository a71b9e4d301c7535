"""What a detector takes for blocks in scenes of training: the crops that a pose network is asked about.

Whoever judges proposals has to learn from proposals (Girshick et al. 2014, R-CNN): things that
somebody thought up as likely mistakes are not those that a detector makes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera
from simreal_perception.labelled_batches.detector_data import BLOCKS, aimed_windows
from simreal_perception.model_files.onnx_session import InferenceSession
from simreal_perception.pose_estimation.crop_camera import SPHERE_PER_EDGE, CropCamera, crop_cameras
from simreal_perception.pose_estimation.detection import detect
from simreal_sim.randomization.layout.layout import FIRST_BLOCK
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig
from simreal_sim.randomization.sensor_images import take_images, view_camera
from simreal_sim.rendering.raycaster import render
from simreal_sim.rendering.scene import EMPTY, SceneBatch, ViewBatch

WINDOW = 128  # pixels a side, of the image that the detector looks at
SALT = 0xDE7
# A proposal is of a block whose centre is this near, as a share of its radius, and whose radius
# differs by less than this, as a logarithm.
SAME_CENTER, SAME_LOG_RADIUS = 0.4, 0.4


@dataclass(frozen=True, eq=False)
class Proposal:
    """A place that the detector points at.

    Attributes:
        camera: crop camera, turned and zoomed as the estimator would.
        rotation: crop's optical frame -> world, (3, 3).
        position: of its lens in the world, metres, (3,).
        block: primitive of the scene that it is of; None for none.
    """

    camera: CropCamera
    rotation: NDArray[np.float64]
    position: NDArray[np.float64]
    block: int | None


def propose(
    detector: InferenceSession,
    scenes: SceneBatch,
    chosen: NDArray[np.int64],
    most: int,
    textures: NDArray[np.uint8],
    randomization: RandomizationConfig,
    seed: int,
    device: str,
) -> list[list[Proposal]]:
    """What a detector points at in one window of each of some scenes.

    Args:
        chosen: numbers of the scenes, (N,). What one of them gives does not depend on the others.
        most: proposals of a scene; of more, any.
        seed: of cameras, sensors and the choice.

    Returns:
        For each scene at most `most` proposals.
    """
    found = []
    for scene in chosen:
        rng = np.random.default_rng([seed, SALT, scene])
        views = aimed_windows(scenes, np.array([scene]), WINDOW, randomization, rng)
        drawn = render(scenes, views, textures, WINDOW, WINDOW, rng, device)
        image = take_images(drawn.color, randomization, 0.0, rng)[0]
        detections = detect(detector, image, (1.0,))
        picked = rng.permutation(len(detections.scores))[:most]
        centers, radii = detections.centers[picked], detections.radii[picked]
        camera = view_camera(views, 0, WINDOW, WINDOW)
        crops = crop_cameras(camera, centers, radii)
        blocks = _blocks_at(scenes, views, scene, camera, centers, radii)
        to_world = views.rotation[0].astype(np.float64)
        found.append(
            [
                Proposal(crop, to_world @ crop.rotation, views.position[0].astype(float), block)
                for crop, block in zip(crops, blocks, strict=True)
            ]
        )
    return found


def _blocks_at(
    scenes: SceneBatch,
    views: ViewBatch,
    scene: int,
    camera: Camera,
    centers: NDArray[np.float64],
    radii: NDArray[np.float64],
) -> list[int | None]:
    """The block that each circle, centre (N, 2) and radius (N,), is the outline of, if any."""
    local = (scenes.position[scene, BLOCKS] - views.position[0]) @ views.rotation[0]
    radius = scenes.own_edge[scene, BLOCKS] * SPHERE_PER_EDGE
    present = np.flatnonzero((scenes.shape[scene, BLOCKS] != EMPTY) & (local[:, 2] > 1.5 * radius))
    if not len(present):
        return [None] * len(centers)
    local, radius = local[present], radius[present]
    pixels = camera.project(local.astype(np.float64))
    size = views.intrinsics[0, 0] * radius / np.linalg.norm(local, axis=1)
    apart = np.linalg.norm(centers[:, None] - pixels[None], axis=-1) / size
    other = np.abs(np.log(radii[:, None] / size[None]))
    apart = np.where(other < SAME_LOG_RADIUS, apart, np.inf)
    nearest = apart.argmin(axis=1)
    return [
        FIRST_BLOCK + int(present[k]) if apart[n, k] < SAME_CENTER else None
        for n, k in enumerate(nearest)
    ]
