"""Images with truth to evaluate on: fresh synthetic scenes, or a folder of photographs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera, load_camera
from simreal_common.errors import ConfigurationError, ImageError
from simreal_common.geometry import Pose, cube_corners, look_at

EDGE_M = 0.05  # of the blocks of simulated examples


@dataclass(frozen=True, eq=False)
class Example:
    """One image and what is in it.

    Args:
        name: for people.
        image: RGB uint8 (H, W, 3).
        camera: its calibration.
        edge: of its blocks, metres.
        blocks: poses in the optical frame of the blocks that must be found.
        hidden: poses of those that are hardly visible.
    """

    name: str
    image: NDArray[np.uint8]
    camera: Camera
    edge: float
    blocks: list[Pose]
    hidden: list[Pose]


def synthetic_examples(
    count: int,
    seed: int,
    distance_m: tuple[float, float] = (0.5, 1.1),
    size: tuple[int, int] = (640, 480),
    least_visible: float = 0.5,
) -> Iterator[Example]:
    """Fresh scenes of the ray caster with everything randomized, blocks of 50 mm.

    The seed is kept apart from those of training, whose generators start elsewhere.
    """
    from simreal_perception.detector_data import BLOCKS
    from simreal_sim.layout import BLOCK_EDGE_M
    from simreal_sim.randomization import Randomization, draw_scenes
    from simreal_sim.raycaster import render
    from simreal_sim.scene import EMPTY, ViewBatch
    from simreal_sim.sensor import compress, draw_sensors, expose
    from simreal_sim.textures import texture_pool

    rng = np.random.default_rng([seed, 0xE7A1])
    textures = texture_pool(600, rng)
    width, height = size
    for number in range(count):
        scenes = draw_scenes(1, len(textures), Randomization(), rng)
        elevation = np.arcsin(rng.uniform(0.15, 1.0))
        azimuth = rng.uniform(0, 2 * np.pi)
        away = np.array(
            [
                np.cos(elevation) * np.cos(azimuth),
                np.cos(elevation) * np.sin(azimuth),
                np.sin(elevation),
            ]
        )
        eye = away * rng.uniform(*distance_m) + [0, 0, 0.02]
        target = rng.normal(0, 0.04, size=3) * [1, 1, 0.3] + [0, 0, 0.02]
        pose = look_at(eye, target, rng.normal(0, 0.1))
        ideal = Camera.pinhole(width, height, np.radians(rng.uniform(40, 75)))
        k1 = float(rng.normal(-0.08, 0.1)) if rng.uniform() < 0.4 else 0.0
        camera = Camera(width, height, ideal.matrix, np.array([k1, 0, 0, 0]) if k1 else np.zeros(0))
        k = camera.matrix
        views = ViewBatch(
            scene=np.zeros(1, np.int32),
            rotation=pose.rotation[None].astype(np.float32),
            position=pose.position[None].astype(np.float32),
            intrinsics=np.array([[k[0, 0], k[1, 1], k[0, 2], k[1, 2]]], np.float32),
            distortion=np.array([[k1, 0.0]], np.float32),
        )
        drawn = render(scenes, views, textures, width, height, rng)
        image = expose(drawn.color, draw_sensors(1, 0.0, rng), rng)
        compress(image, rng)
        blocks: list[Pose] = []
        hidden: list[Pose] = []
        for slot in range(BLOCKS.start, BLOCKS.stop):
            if scenes.shape[0, slot] == EMPTY:
                continue
            block = pose.inverse() @ Pose.from_rotation(
                scenes.rotation[0, slot], scenes.position[0, slot]
            )
            if drawn.covered[0, slot] == 0:
                continue
            whole = camera.project(block.transform_points(cube_corners(BLOCK_EDGE_M)))
            inside = ((whole >= 0) & (whole <= [width - 1, height - 1])).all()
            share = drawn.seen[0, slot] / drawn.covered[0, slot]
            (blocks if share >= least_visible and inside else hidden).append(block)
        yield Example(f"scene {number}", image[0], camera, BLOCK_EDGE_M, blocks, hidden)


def world_examples(count: int, seed: int) -> Iterator[Example]:
    """The simulated cell as its own camera sees it: PyBullet's renderer, which training never used.

    One to six blocks of 50 mm on the table, 0.7 to 1.1 m from the camera, distractors beside them.

    Raises:
        MissingDependencyError: no PyBullet here.
    """
    from simreal_sim.world import World
    from simreal_sim.world_camera import WorldCamera, sense
    from simreal_sim.world_randomization import SceneOptions, draw_scene

    for number in range(count):
        rng = np.random.default_rng([seed, number])
        blocks = int(rng.integers(1, 7))
        scene = draw_scene(rng, SceneOptions(blocks=blocks))
        with World(scene) as world:
            image = sense(WorldCamera(world).render(), scene.noise, rng)
            to_camera = scene.pose_camera_in_world.inverse()
            poses = [to_camera @ pose for pose in world.block_poses().values()]
        yield Example(f"world {seed}/{number}", image, scene.camera, EDGE_M, poses, [])


def photographs(folder: Path) -> Iterator[Example]:
    """Photographs with poses: a folder with index.json that names images, cameras and blocks.

    Raises:
        ConfigurationError: no such index.
        ImageError: an image that cannot be read.
    """
    try:
        entries = json.loads((folder / "index.json").read_text(encoding="utf-8"))["blocks"]
    except (OSError, ValueError, KeyError) as error:
        raise ConfigurationError(
            f"{folder} has no readable index.json ({error}): wanted a JSON file with 'blocks', each "
            "with image, camera, edge_m, position_m and orientation_xyzw"
        ) from error
    for entry in entries:
        picture = cv2.imread(str(folder / entry["image"]), cv2.IMREAD_COLOR)
        if picture is None:
            raise ImageError(f"cannot read {folder / entry['image']}: wanted a PNG or JPEG image")
        yield Example(
            entry["image"],
            np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8),
            load_camera(folder / entry["camera"]),
            float(entry["edge_m"]),
            [Pose(np.array(entry["position_m"]), np.array(entry["orientation_xyzw"]))],
            [],
        )
