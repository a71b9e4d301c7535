"""The images that the benchmarks run on: so many blocks in view, or six printed markers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera
from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose, cube_corners
from simreal_sim.randomization.cameras import draw_views
from simreal_sim.randomization.layout.layout import FIRST_BLOCK, FIRST_DISTRACTOR
from simreal_sim.randomization.random_scenes import draw_scenes
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig
from simreal_sim.randomization.ranges.ranges import Integers, LogUniform, Share
from simreal_sim.randomization.sensor_images import take_images, view_camera, view_pose
from simreal_sim.rendering.raycaster import render
from simreal_sim.rendering.scene import SceneBatch, ViewBatch
from simreal_sim.rendering.textures import texture_pool

TEXTURES = 300
STREAM = 0xBE7C  # keeps these scenes apart from those of training and of evaluation
BLOCKS = 6
# From so many blocks on the camera hangs above a tabletop: elsewhere they hide one another.
CROWD = 7
DISTANCE_M, CROWD_DISTANCE_M = LogUniform(0.5, 1.1), LogUniform(0.7, 1.1)
NEAREST_M = 0.05  # depth of a corner
LEAST_VISIBLE = 0.5
BATCH, MOST_BATCHES = 128, 200
PREVIEW = 4  # a scene is first looked at this many times smaller, to see what is in view

MARKER_DICTIONARY = cv2.aruco.DICT_4X4_50
MARKER_ROWS, MARKER_COLUMNS = 2, 3
MARKER_PIXELS, MARKER_QUIET = 240, 48  # of a marker's print, and of the white paper around it


@dataclass(frozen=True, eq=False)
class BlockImage:
    """An image with blocks in it.

    Attributes:
        image: RGB uint8 (H, W, 3).
        camera: its calibration.
        edge: of the largest blocks, metres; the estimator is told it.
        blocks: poses of the six in the optical frame.
        edges: of each of them, metres.
    """

    image: NDArray[np.uint8]
    camera: Camera
    edge: float
    blocks: list[Pose]
    edges: list[float]


def block_images(
    count: int, width: int, height: int, seed: int, number: int = BLOCKS, edge: float | None = None
) -> Iterator[BlockImage]:
    """Fresh synthetic images, everything randomized, each of exactly `number` blocks of one size.

    All of them lie within the image and are at least half visible.

    Args:
        edge: of the blocks, metres; None: drawn, scene by scene.

    Raises:
        ConfigurationError: no such scenes come up (an image far too small).
    """
    rng = np.random.default_rng([seed, STREAM])
    textures, everything = texture_pool(TEXTURES, rng), _ranges(number, edge)
    found = 0
    for _ in range(MOST_BATCHES):
        scenes = draw_scenes(BATCH, TEXTURES, everything, rng)
        full = np.flatnonzero(scenes.is_block.sum(axis=1) == number)
        if not full.size:
            continue
        views = draw_views(scenes, full, width, height, everything, rng)
        small = replace(views, intrinsics=_smaller(views.intrinsics))
        preview = render(scenes, small, textures, width // PREVIEW, height // PREVIEW, rng)
        blocks = slice(FIRST_BLOCK, FIRST_DISTRACTOR)
        covered = preview.covered[:, blocks]
        visible = preview.seen[:, blocks] / np.maximum(covered, 1)
        seen = (visible >= LEAST_VISIBLE) & (covered > 0)
        shown = (seen | ~scenes.is_block[full][:, blocks]).all(axis=1)
        for index in map(int, np.flatnonzero(shown)):
            camera = view_camera(views, index, width, height)
            scene = views.scene[index]
            poses = _poses(scenes, views, index)
            edges = scenes.own_edge[scene][scenes.is_block[scene]].tolist()
            if not _all_inside(poses, edges, camera):
                continue
            view = views.take(np.array([index]))
            drawn = render(scenes, view, textures, width, height, rng)
            image = take_images(drawn.color, everything, 0.0, rng)
            yield BlockImage(image[0], camera, float(scenes.edge[scene]), poses, edges)
            found += 1
            if found == count:
                return
    raise ConfigurationError(
        f"only {found} of {count} scenes with {number} blocks in view at {width}x{height} pixels "
        "came up: give a larger --size"
    )


def _ranges(number: int, edge: float | None) -> RandomizationConfig:
    """Everything at its full range, but for the number of blocks, and how they are looked at."""
    everything = RandomizationConfig.load()
    sizes = everything.edge.edge_m if edge is None else LogUniform(edge, edge)
    camera = replace(everything.camera, distance_m=DISTANCE_M)
    tabletop = replace(everything.tabletop, blocks=LogUniform(number, number))
    if number >= CROWD:
        camera = replace(camera, distance_m=CROWD_DISTANCE_M, overhead=Share(1.0))
        tabletop = replace(tabletop, share=Share(1.0))
    return replace(
        everything,
        edge=replace(everything.edge, edge_m=sizes, several=Share(0.0)),
        number=replace(everything.number, blocks=Integers(number, number)),
        tabletop=tabletop,
        camera=camera,
    )


def marker_image(background: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Print six ArUco markers of random perspective over an image, RGB uint8 (H, W, 3)."""
    height, width = background.shape[:2]
    dictionary = cv2.aruco.getPredefinedDictionary(MARKER_DICTIONARY)
    image = background.copy()
    whole = MARKER_PIXELS + 2 * MARKER_QUIET
    sheet = np.array([[0, 0], [whole, 0], [whole, whole], [0, whole]], np.float32)
    cell = np.array([width / MARKER_COLUMNS, height / MARKER_ROWS])
    side = 0.75 * cell.min()
    for number in range(MARKER_ROWS * MARKER_COLUMNS):
        row, column = divmod(number, MARKER_COLUMNS)
        print_ = cv2.aruco.generateImageMarker(dictionary, number, MARKER_PIXELS)
        paper = cv2.copyMakeBorder(
            print_, *(MARKER_QUIET,) * 4, cv2.BORDER_CONSTANT, value=(235,) * 3
        )
        turn = rng.uniform(-0.4, 0.4)
        rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        square = (sheet / whole - 0.5) * side * 0.8 @ rotation.T
        square += rng.uniform(-0.08, 0.08, size=(4, 2)) * side
        place = (square + (np.array([column, row]) + 0.5) * cell).astype(np.float32)
        warp = cv2.getPerspectiveTransform(sheet, place)
        drawn = cv2.warpPerspective(paper, warp, (width, height), flags=cv2.INTER_AREA)
        covered = cv2.warpPerspective(np.ones_like(paper), warp, (width, height)) > 0
        image[covered] = drawn[covered][:, None]
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 0.7), dtype=np.uint8)


def _smaller(intrinsics: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intrinsics of the image scaled down by `PREVIEW`; pixel centres are whole numbers in both."""
    small = intrinsics / np.float32(PREVIEW)
    small[:, 2:] = (intrinsics[:, 2:] + 0.5) / PREVIEW - 0.5
    return small


def _poses(scenes: SceneBatch, views: ViewBatch, index: int) -> list[Pose]:
    """Poses of a scene's blocks in the optical frame of a view."""
    to_camera, scene = view_pose(views, index).inverse(), views.scene[index]
    return [
        to_camera @ Pose.from_rotation(scenes.rotation[scene, slot], scenes.position[scene, slot])
        for slot in np.flatnonzero(scenes.is_block[scene])
    ]


def _all_inside(poses: list[Pose], edges: list[float], camera: Camera) -> bool:
    """Whether every corner of every block lies within the image."""
    points = np.concatenate(
        [pose.transform_points(cube_corners(edge)) for pose, edge in zip(poses, edges, strict=True)]
    )
    if points[:, 2].min() < NEAREST_M:
        return False
    pixels = camera.project(points)
    return bool(((pixels >= 0) & (pixels <= [camera.width - 1, camera.height - 1])).all())
