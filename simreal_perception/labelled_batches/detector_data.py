"""Endless training images for the detector: windows of the copies of an image that it works on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_perception.labelled_batches.hard_examples import Draw
from simreal_perception.labelled_batches.replayed_source import ReplayedSource
from simreal_perception.networks.detector_network import STRIDE
from simreal_sim.randomization.cameras import (
    PLAIN_FOV,
    draw_distances,
    draw_distortion,
    draw_stands,
    undistorted,
)
from simreal_sim.randomization.layout.layout import FIRST_BLOCK, FIRST_DISTRACTOR
from simreal_sim.randomization.random_scenes import draw_scenes
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig
from simreal_sim.randomization.ranges.ranges import LogUniform
from simreal_sim.randomization.sensor_images import take_images
from simreal_sim.randomization.viewpoints import looking, turned_aside
from simreal_sim.rendering.raycaster import render
from simreal_sim.rendering.scene import SceneBatch, ViewBatch

Floats = NDArray[np.float32]

WINDOW = 160  # pixels a side; training needs only windows of a copy
COPY_WIDTHS = LogUniform(256.0, 1280.0)  # of the copies that windows are cut from, pixels
VISIBLE, HIDDEN = 0.35, 0.1  # share of a block: labelled above, ignored between, nothing below
LEAST_PIXELS = 12
# Of the bounding spheres of blocks looked at, pixels. The largest fill a window: at the scale of
# small blocks what belongs to a large one must not pass for them.
SMALLEST_RADIUS, LARGEST_RADIUS = 6.0, 110.0
UPSCALE_BLUR = 0.9
PLAIN_WIDTH, PLAIN_DISTANCE_EDGES = 640.0, 16.0  # where cameras are not randomized
BLOCKS = slice(FIRST_BLOCK, FIRST_DISTRACTOR)


@dataclass(frozen=True, eq=False)
class WindowBatch:
    """N windows and their label maps of h x w cells.

    Attributes:
        images: uint8 (N, 160, 160, 3).
        heat: float32 (N, h, w), 1 at centres, falling off around them.
        weight: float32 (N, h, w), 0 where a block is too hidden to say.
        values: float32 (N, 3, h, w), offset x, y (cells) and log radius at the centres.
        center: bool (N, h, w), the cells that hold a centre.
        key: which windows these are, see `hard_examples.Draw`.
    """

    images: NDArray[np.uint8]
    heat: Floats
    weight: Floats
    values: Floats
    center: NDArray[np.bool_]
    key: list[Any] = field(default_factory=list)


class WindowSource(ReplayedSource[WindowBatch]):
    """Draws batches of windows, two of each scene."""

    def _draw(self, draw: Draw) -> WindowBatch:
        rng = np.random.default_rng(draw.seed)
        scenes = draw_scenes(-(-draw.count // 2), len(self.textures), self.randomization, rng)
        scene = np.repeat(np.arange(scenes.size), 2)[: draw.count]
        views = aimed_windows(scenes, scene, WINDOW, self.randomization, rng)
        if draw.chosen is not None:
            views = views.take(np.array(draw.chosen))
        drawn = render(scenes, views, self.textures, WINDOW, WINDOW, rng, self.device)
        images = take_images(drawn.color, self.randomization, UPSCALE_BLUR, rng)
        heat, weight, values, center = _labels(
            scenes, views, drawn.seen[:, BLOCKS], drawn.covered[:, BLOCKS]
        )
        return WindowBatch(images, heat, weight, values, center)


def aimed_windows(
    scenes: SceneBatch,
    scene: NDArray[np.int64],
    window: int,
    randomization: RandomizationConfig,
    rng: np.random.Generator,
) -> ViewBatch:
    """Cameras that look at some block of their scene, or near it.

    Args:
        scene: the scene of each window, (N,).
        window: pixels a side.
    """
    count = len(scene)
    pick = rng.uniform(size=(count, FIRST_DISTRACTOR - FIRST_BLOCK))
    pick *= scenes.shape[scene][:, BLOCKS] != 0
    target = scenes.position[scene, FIRST_BLOCK + pick.argmax(axis=1)].astype(np.float64)
    edge = scenes.own_edge[scene, FIRST_BLOCK + pick.argmax(axis=1)].astype(np.float64)
    width = COPY_WIDTHS.draw(count, rng)
    fov = np.radians(randomization.camera.fov_deg.draw(count, rng))
    stands = draw_stands(count, randomization, rng)
    distance = draw_distances(edge, randomization, rng)
    if not randomization.on("camera"):
        width[:], fov[:], distance = PLAIN_WIDTH, PLAIN_FOV, PLAIN_DISTANCE_EDGES * edge
    focal = 0.5 * width / np.tan(fov / 2)
    # What no copy would be looked at for is seen through a longer or a shorter lens.
    radius = edge * np.sqrt(3) / 2
    focal *= np.clip(
        focal * radius / distance, SMALLEST_RADIUS, LARGEST_RADIUS
    ) / (focal * radius / distance)  # fmt: skip
    position = target + stands.away * distance[:, None]
    position[:, 2] = np.maximum(position[:, 2], 0.01)
    # The block looked at lies anywhere in the window; the window anywhere in the image.
    size = width[:, None] * [1.0, 0.75]
    aside = rng.uniform(-1.0, 1.0, size=(count, 2)) * (size - window).clip(0) / 2
    middle = (window - 1) / 2 + rng.uniform(-0.6, 0.6, size=(count, 2)) * window / 2
    if not randomization.on("camera"):
        aside[:] = 0.0
    corner = np.hypot(*size.T) / 2 / focal
    lens = draw_distortion(corner, corner, randomization, rng)
    slope = undistorted(aside / focal[:, None], lens)
    rotation = turned_aside(looking(-stands.away, stands.roll), slope)
    center = middle - aside
    return ViewBatch(
        scene=scene.astype(np.int32),
        rotation=np.ascontiguousarray(rotation, np.float32),
        position=np.ascontiguousarray(position, np.float32),
        intrinsics=np.column_stack([focal, focal, center]).astype(np.float32),
        distortion=lens.astype(np.float32),
    )


def _labels(
    scenes: SceneBatch, views: ViewBatch, seen: NDArray[np.int32], covered: NDArray[np.int32]
) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
    """The label maps of `WindowBatch` from what was drawn."""
    count, cells = views.size, WINDOW // STRIDE
    offset = scenes.position[views.scene][:, BLOCKS] - views.position[:, None]
    local = np.einsum("nji,nkj->nki", views.rotation, offset)
    depth = np.maximum(local[..., 2], 1e-3)
    ideal = local[..., :2] / depth[..., None]
    square = (ideal**2).sum(axis=-1)
    k1, k2 = views.distortion[:, :1], views.distortion[:, 1:]
    bent = ideal * (1 + square * (k1 + square * k2))[..., None]
    pixel = bent * views.intrinsics[:, None, :2] + views.intrinsics[:, None, 2:]
    far = np.linalg.norm(local, axis=-1)
    sphere = scenes.own_edge[views.scene][:, BLOCKS] * np.sqrt(3) / 2
    radius = views.intrinsics[:, :1] * sphere / np.sqrt(np.maximum(far**2 - sphere**2, 1e-6))
    present = (scenes.shape[views.scene][:, BLOCKS] != 0) & (local[..., 2] > sphere)
    visible = np.where(covered > 0, seen / np.maximum(covered, 1), 0.0)

    place = (pixel + 0.5) / STRIDE
    cell = np.floor(place).astype(int)
    inside = ((cell >= 0) & (cell < cells)).all(axis=-1)
    heat = np.zeros((count, cells, cells), np.float32)
    weight = np.ones((count, cells, cells), np.float32)
    values = np.zeros((count, 3, cells, cells), np.float32)
    center = np.zeros((count, cells, cells), bool)
    axis = np.arange(cells) + 0.5
    for n, k in zip(*np.nonzero(present & (seen > 0)), strict=True):
        x, y, r = place[n, k, 0], place[n, k, 1], radius[n, k] / STRIDE
        square_distance = (axis[None, :] - x) ** 2 + (axis[:, None] - y) ** 2
        labelled = visible[n, k] >= VISIBLE and seen[n, k] >= LEAST_PIXELS and inside[n, k]
        if not labelled:
            if visible[n, k] > HIDDEN:
                weight[n][square_distance < r * r] = 0.0
            continue
        sigma = max(0.22 * r, 0.6)
        np.maximum(heat[n], np.exp(-square_distance / (2 * sigma**2)), out=heat[n])
        column, row = cell[n, k]
        heat[n, row, column] = 1.0
        center[n, row, column] = True
        values[n, :, row, column] = x - column, y - row, np.log(radius[n, k])
    weight[center] = 1.0
    return heat, weight, values, center
