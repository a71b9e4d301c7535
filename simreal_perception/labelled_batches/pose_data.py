"""Endless training crops for the pose network, drawn as they are needed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_perception.labelled_batches.edge_labels import edge_fields
from simreal_perception.labelled_batches.hard_examples import Draw
from simreal_perception.labelled_batches.proposals import propose
from simreal_perception.labelled_batches.replayed_source import ReplayedSource
from simreal_perception.model_files.onnx_session import InferenceSession
from simreal_perception.pose_estimation.crop_camera import (
    CROP_BLOCK_RADIUS,
    CROP_SIZE,
    MIDDLE_PX,
    SHRINK_FROM,
    shrink_blur,
)
from simreal_sim.randomization.cameras import draw_distances, draw_stands
from simreal_sim.randomization.layout.layout import FIRST_BLOCK, FIRST_DISTRACTOR, FIRST_ROBOT
from simreal_sim.randomization.random_scenes import draw_scenes
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig
from simreal_sim.randomization.ranges.ranges import LogUniform
from simreal_sim.randomization.sensor_images import take_images
from simreal_sim.randomization.viewpoints import looking, turned_aside
from simreal_sim.rendering.raycaster import render
from simreal_sim.rendering.scene import BOX, EMPTY, SceneBatch, ViewBatch

Floats = NDArray[np.float32]

VIEWS_PER_SCENE = 6
PROPOSING_SHARE = 0.4  # of scenes, of which crops show what the detector points at, if there is one
NEGATIVE_SHARE = 0.3  # of the other crops: those centred on something that is no block
# Shares of these: parts of distractors that a cube would fit, as the detector takes them for blocks;
# squares on the ground; marks on a block's faces; near a distractor; the rest looks at whole ones.
NEGATIVES = {"like_cube": 0.4, "ground": 0.2, "mark": 0.1, "stray": 0.15}
THICK = 0.35  # share of its median extent from which a thing is thick in a direction, not flat
MARK_SHARES = (0.2, 0.6)  # of a block's edge
GROUND_SIZES = LogUniform(0.5, 2.0)  # of the scene's edge
LEAST_VISIBLE = 0.35  # of a block; below it a crop is not scored either way
# How far a detection may be off: centre (share of the block's radius) and size (log).
CENTER_JITTER, SIZE_JITTER = 0.15, 0.12
LEAST_DISTANCE_EDGES, PLAIN_DISTANCE_EDGES = 3.0, 18.0  # of the camera from the block
# A camera's image has more or fewer pixels than the crop that is cut from it. A crop is drawn, and
# its sensor's errors made, at one of these sizes and then resampled as the estimator does.
# The commonest is a block of 26 pixels; one in six is below 15, one in four above 37.
NATIVE_SIZES = (26, 32, 40, 48, 64, 80, 96, 128)
NATIVE_SHARES = (0.05, 0.08, 0.11, 0.14, 0.2, 0.18, 0.14, 0.1)
LARGEST_UPSCALE_BLUR = 0.7  # native pixels: cameras that scale their own image up


@dataclass(frozen=True, eq=False)
class CropBatch:
    """N crops and their labels.

    Attributes:
        images: uint8 (N, 64, 64, 3).
        corners: float32 (N, 8, 2), the block's keypoints, see `Shape`, units of half a crop.
        points: float32 (N, 8, 3), the same keypoints in the crop camera's frame, metres.
        rotation: float32 (N, 3, 3), block -> crop camera.
        focal: float32 (N,), of the crop camera, crop pixels.
        target: float32 (N,), 1 for a block, 0 for none, nan for neither (hardly visible).
        visible: float32 (N,), share of the block's image that nothing hides.
        field: float32 (N, 2, 32, 32), the edge field, crop pixels; see `edge_field.py`.
        edge_distance: float32 (N, 32, 32), distance to the nearest edge, crop pixels.
        key: which crops these are, see `hard_examples.Draw`.
    """

    images: NDArray[np.uint8]
    corners: Floats
    points: Floats
    rotation: Floats
    focal: Floats
    target: Floats
    visible: Floats
    field: Floats
    edge_distance: Floats
    key: list[Any] = dataclasses.field(default_factory=list)


class CropSource(ReplayedSource[CropBatch]):
    """Draws batches of crops.

    Attributes:
        detector: proposes what some of the crops look at; None for no such crops.
    """

    def __init__(self, seed: int, randomization: RandomizationConfig | None = None) -> None:
        super().__init__(seed, randomization)
        self.detector: InferenceSession | None = None

    def _draw(self, draw: Draw) -> CropBatch:
        rng = np.random.default_rng(draw.seed)
        scenes = draw_scenes(
            -(-draw.count // VIEWS_PER_SCENE), len(self.textures), self.randomization, rng
        )
        views, primitive, is_block = self._aim(scenes, draw.count, rng)
        chosen = np.arange(draw.count) if draw.chosen is None else np.array(draw.chosen)
        if self.detector is not None:
            proposing = np.flatnonzero(rng.uniform(size=scenes.size) < PROPOSING_SHARE)
            proposing = np.intersect1d(proposing, chosen // VIEWS_PER_SCENE)
            self._look_at_proposals(scenes, proposing, views, primitive, is_block, draw.seed)
        views, primitive, is_block = views.take(chosen), primitive[chosen], is_block[chosen]
        images, seen, covered = self._draw_images(scenes, views, rng)
        every = np.arange(views.size)
        share = seen[every, primitive] / np.maximum(covered[every, primitive], 1)
        visible = np.where(is_block, share, 0.0)

        to_crop = views.rotation.transpose(0, 2, 1)
        rotation = to_crop @ scenes.rotation[views.scene, primitive]
        offset = scenes.position[views.scene, primitive] - views.position
        center = np.einsum("nij,nj->ni", to_crop, offset)
        shape = self.randomization.shape
        arms = shape.keypoints[None] * scenes.own_edge[views.scene, primitive, None, None]
        points = np.einsum("nij,nkj->nki", rotation, arms) + center[:, None]
        depth = np.maximum(points[..., 2:], 1e-3)
        focal = views.intrinsics[:, 0]
        corners = points[..., :2] / depth * focal[:, None, None] / (CROP_SIZE / 2)
        target = np.where(visible >= LEAST_VISIBLE, 1.0, np.nan)
        target[~is_block] = np.where(_shows_block(scenes, views), np.nan, 0.0)[~is_block]
        field, edge_distance = edge_fields(points, rotation, focal, shape=shape)
        return CropBatch(
            images=images,
            corners=np.ascontiguousarray(corners, np.float32),
            points=np.ascontiguousarray(points, np.float32),
            rotation=np.ascontiguousarray(rotation, np.float32),
            focal=np.ascontiguousarray(focal, np.float32),
            target=target.astype(np.float32),
            visible=visible.astype(np.float32),
            field=field,
            edge_distance=edge_distance,
        )

    def _look_at_proposals(
        self,
        scenes: SceneBatch,
        proposing: NDArray[np.int64],
        views: ViewBatch,
        primitive: NDArray[np.int64],
        is_block: NDArray[np.bool_],
        seed: int,
    ) -> None:
        """Turn the first views of some scenes, in place, to what the detector points at there."""
        found = propose(
            self.detector, scenes, proposing, VIEWS_PER_SCENE, self.textures, self.randomization,
            seed, self.device,
        )  # fmt: skip
        for scene, proposals in zip(proposing, found, strict=True):
            first = VIEWS_PER_SCENE * scene
            for view, proposal in enumerate(proposals[: views.size - first], first):
                views.rotation[view] = proposal.rotation
                views.position[view] = proposal.position
                views.intrinsics[view, :2] = proposal.camera.focal
                is_block[view] = proposal.block is not None
                primitive[view] = FIRST_DISTRACTOR if proposal.block is None else proposal.block

    def _draw_images(
        self, scenes: SceneBatch, views: ViewBatch, rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int32]]:
        """Crops (N, 64, 64, 3), and what of each primitive is seen and covered in them, (N, P)."""
        count = views.size
        shape = (count, scenes.shape.shape[1])
        images = np.empty((count, CROP_SIZE, CROP_SIZE, 3), np.uint8)
        seen, covered = np.empty(shape, np.int32), np.empty(shape, np.int32)
        sizes = rng.choice(NATIVE_SIZES, size=count, p=NATIVE_SHARES)
        if not self.randomization.on("sensor"):
            sizes[:] = CROP_SIZE
        for size in np.unique(sizes):
            members = np.flatnonzero(sizes == size)
            native, shift = _native_views(views, members, int(size), rng)
            drawn = render(scenes, native, self.textures, int(size), int(size), rng, self.device)
            seen[members], covered[members] = drawn.seen, drawn.covered
            taken = take_images(drawn.color, self.randomization, LARGEST_UPSCALE_BLUR, rng)
            for member, image, moved in zip(members, taken, shift, strict=True):
                images[member] = _resampled(image, moved)
        return images, seen, covered

    def _aim(
        self, scenes: SceneBatch, count: int, rng: np.random.Generator
    ) -> tuple[ViewBatch, NDArray[np.int64], NDArray[np.bool_]]:
        """Views of `count` targets; which primitive each looks at; whether that is a block."""
        scene = np.repeat(np.arange(scenes.size), VIEWS_PER_SCENE)[:count]
        # A random present block; or, for a share, a random distractor or part of the robot.
        weight = rng.uniform(size=(count, scenes.shape.shape[1])) + 1e-3
        weight *= scenes.shape[scene] != EMPTY
        negative = rng.uniform(size=count) < NEGATIVE_SHARE
        blocks = slice(FIRST_BLOCK, FIRST_DISTRACTOR)
        others = slice(FIRST_DISTRACTOR, FIRST_ROBOT + 3)
        negative &= weight[:, others].max(axis=1) > 0
        weight[:, others] *= np.where(scenes.shape[scene][:, others] == BOX, 2.0, 1.0)
        primitive = np.where(
            negative,
            FIRST_DISTRACTOR + weight[:, others].argmax(axis=1),
            FIRST_BLOCK + weight[:, blocks].argmax(axis=1),
        )
        target = scenes.position[scene, primitive].astype(np.float64)
        edge = scenes.own_edge[scene, primitive].astype(np.float64)
        edge[negative] = scenes.edge[scene[negative]]
        kind = rng.uniform(size=count)
        like_cube, on_ground, on_face, stray = (
            negative & (low <= kind) & (kind < high)
            for low, high in pairwise(np.cumsum([0.0, *NEGATIVES.values()]).tolist())
        )
        like = np.flatnonzero(like_cube)
        side, part = _cubes_within(scenes, scene[like], primitive[like], rng)
        edge[like] = side
        target[like] += part
        ground = np.flatnonzero(on_ground)
        edge[ground], target[ground] = _grounds(scenes, scene[ground], rng)
        marks = np.flatnonzero(on_face)
        primitive[marks] = FIRST_BLOCK + weight[marks][:, blocks].argmax(axis=1)
        edge[marks], target[marks] = _marks(scenes, scene[marks], primitive[marks], rng)
        # Some negatives look at nothing in particular, or at the gap between objects.
        drift = rng.normal(0, 1.0, size=(count, 3)) * edge[:, None]
        away = np.linalg.norm(drift, axis=1, keepdims=True)
        target[stray] += (drift * np.maximum(1.0, 1.4 * edge[:, None] / away))[stray]

        # A thing that is no block fills its crop as a block would.
        radius = edge * np.sqrt(3) / 2
        distance = draw_distances(edge, self.randomization, rng)
        distance = np.maximum(distance, LEAST_DISTANCE_EDGES * edge)
        stands = draw_stands(count, self.randomization, rng)
        away_from, roll = stands.away, stands.roll
        if not self.randomization.on("camera"):
            distance = PLAIN_DISTANCE_EDGES * edge
        position = target + away_from * distance[:, None]
        position[:, 2] = np.maximum(position[:, 2], 0.01)
        rotation = looking(-away_from, roll)
        size = CROP_BLOCK_RADIUS * np.exp(rng.normal(0, SIZE_JITTER, size=count).clip(-0.35, 0.35))
        focal = size * np.sqrt(np.maximum(distance**2 - radius**2, 1e-6)) / radius
        shift = rng.normal(0, CENTER_JITTER, size=(count, 2)).clip(-0.4, 0.4) * size[:, None]
        rotation = turned_aside(rotation, shift / focal[:, None])
        center = np.full(count, MIDDLE_PX)
        views = ViewBatch(
            scene=scene.astype(np.int32),
            rotation=np.ascontiguousarray(rotation, np.float32),
            position=np.ascontiguousarray(position, np.float32),
            intrinsics=np.stack([focal, focal, center, center], axis=-1).astype(np.float32),
            distortion=np.zeros((count, 2), np.float32),
        )
        return views, primitive, ~negative


def _cubes_within(
    scenes: SceneBatch,
    scene: NDArray[np.int64],
    primitive: NDArray[np.int64],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Edges, (n,), of cubes that are about as wide as things in one direction, and where they lie.

    A cube lies in the middle of its thing or at an end: offsets from the things' centres, (n, 3).
    """
    half = scenes.half_size[scene, primitive].astype(np.float64)
    thick = half >= THICK * np.median(half, axis=1, keepdims=True)
    axis = (rng.uniform(size=half.shape) * thick).argmax(axis=1)
    side = 2 * half[np.arange(len(half)), axis] * np.exp(rng.normal(0, 0.1, size=len(half)))
    room = np.maximum(half - side[:, None] / 2, 0.0)
    local = room * rng.integers(-1, 2, size=room.shape)
    return side, np.einsum("nij,nj->ni", scenes.rotation[scene, primitive], local)


def _grounds(
    scenes: SceneBatch, scene: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Edges, (n,), and centres, (n, 3), of cubes that stand on the table where none does, or would
    lie in it: what squares on the ground pass for."""
    edge = scenes.edge[scene] * GROUND_SIZES.draw(len(scene), rng)
    blocks = scenes.position[scene][:, FIRST_BLOCK:FIRST_DISTRACTOR, :2]
    present = scenes.shape[scene][:, FIRST_BLOCK:FIRST_DISTRACTOR, None] != EMPTY
    reach = np.abs(np.where(present, blocks, 0.0)).max(axis=(1, 2)) + 2 * edge
    place = reach[:, None] * rng.uniform(-1, 1, size=(len(scene), 2))
    return edge, np.column_stack([place, edge * rng.uniform(-0.5, 0.5, size=len(scene))])


def _marks(
    scenes: SceneBatch,
    scene: NDArray[np.int64],
    block: NDArray[np.int64],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Edges, (n,), and centres, (n, 3), of small cubes that a mark on a block's face passes for."""
    whole = scenes.own_edge[scene, block].astype(np.float64)
    edge = whole * rng.uniform(*MARK_SHARES, size=len(scene))
    half = scenes.half_size[scene, block].astype(np.float64)
    room = np.maximum(2 * half - edge[:, None], 0.0)
    local = rng.uniform(-0.5, 0.5, size=(len(scene), 3)) * room
    axis = rng.integers(0, 3, size=len(scene))
    rows = np.arange(len(scene))
    local[rows, axis] = half[rows, axis] * rng.choice([-1, 1], size=len(scene))
    turned = np.einsum("nij,nj->ni", scenes.rotation[scene, block], local)
    return edge, scenes.position[scene, block] + turned


def _shows_block(scenes: SceneBatch, views: ViewBatch) -> NDArray[np.bool_]:
    """Whether some block lies about the middle of a crop and fills it about as it should, (N,)."""
    blocks = slice(FIRST_BLOCK, FIRST_DISTRACTOR)
    offset = scenes.position[views.scene][:, blocks] - views.position[:, None]
    local = np.einsum("nji,nkj->nki", views.rotation, offset)
    depth = np.maximum(local[..., 2], 1e-3)
    focal = views.intrinsics[:, :1]
    aside = np.linalg.norm(local[..., :2], axis=-1) / depth * focal
    radius = focal * (scenes.own_edge[views.scene][:, blocks] * np.sqrt(3) / 2) / depth
    near = (aside < CROP_BLOCK_RADIUS) & (np.abs(np.log(radius / CROP_BLOCK_RADIUS)) < 0.6)
    present = scenes.shape[views.scene][:, blocks] != EMPTY
    return np.asarray((near & present & (local[..., 2] > 0)).any(axis=1))


def _native_views(
    views: ViewBatch, members: NDArray[np.int64], size: int, rng: np.random.Generator
) -> tuple[ViewBatch, NDArray[np.float64]]:
    """Some of the views at `size` pixels a side, and where their pixels lie against the crop's.

    The grid of a camera's pixels meets a block anywhere: shifts, native pixels, (n, 2).
    """
    shift = rng.uniform(-0.5, 0.5, size=(len(members), 2)) * (size != CROP_SIZE)
    intrinsics = views.intrinsics[members].copy()
    intrinsics[:, :2] *= size / CROP_SIZE
    intrinsics[:, 2:] = (size - 1) / 2 + shift
    return replace(views.take(members), intrinsics=intrinsics), shift


def _resampled(image: NDArray[np.uint8], shift: NDArray[np.float64]) -> NDArray[np.uint8]:
    """A square image at the crop's size, as `crop_camera.crop_image` makes it from an image."""
    size = len(image)
    if size == CROP_SIZE:
        return image
    step = size / CROP_SIZE
    if step > SHRINK_FROM:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), shrink_blur(step)))
    x, y = (0.5 * step - 0.5 + shift).tolist()
    to_native = np.array([[step, 0.0, x], [0.0, step, y]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(
            image, to_native, (CROP_SIZE, CROP_SIZE), flags=flags, borderMode=cv2.BORDER_REFLECT
        )
    )
