"""Crops of the labelled cubes of photographs, for a pose network in training to be measured on.

A run's own held-out images are drawn from its own ranges. Photographs are the same for every run,
whatever it learned from, and are what it is for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from simreal_common.geometry import Pose, cube_corners
from simreal_perception.evaluation.evaluation_data import Example, ExampleSource
from simreal_perception.labelled_batches.edge_labels import edge_fields
from simreal_perception.labelled_batches.pose_data import CropBatch
from simreal_perception.pose_estimation.crop_camera import (
    CROP_SIZE,
    SPHERE_PER_EDGE,
    CropCamera,
    crop_focal,
    crop_image,
    facing,
)

Crop = tuple[NDArray[np.uint8], NDArray[np.float64], NDArray[np.float64], float, float]


def photograph_crops(source: ExampleSource, size: int) -> list[CropBatch]:
    """Batches of at most `size` crops, each of a block that must be found in its photograph.

    A crop is centred on its block as the label has it, where a detector would be a little off: the
    figures are of the pose network alone. Photographs whose poses are right in the image alone are
    left out.
    """
    crops = [
        crop
        for example in source.examples(range(source.count))
        if example.labels is None or not example.labels.only_2d
        for crop in _crops(example)
    ]
    # As many in each: figures of batches are averaged, and no crop should count more than another.
    parts = np.array_split(np.arange(len(crops)), max(math.ceil(len(crops) / size), 1))
    return [_batch([crops[n] for n in part]) for part in parts if len(part)]


def _crops(example: Example) -> Iterator[Crop]:
    for number, (pose, edge) in enumerate(example.sized_blocks[: len(example.blocks)]):
        visible = example.visible[number] if example.visible else 1.0
        camera = crop_camera(pose, edge)
        rotation = camera.rotation.T @ pose.rotation
        points = cube_corners(edge) @ rotation.T + camera.rotation.T @ pose.position
        image = crop_image(example.image, example.camera, camera)
        yield image, points, rotation, camera.focal, visible


def crop_camera(pose: Pose, edge: float) -> CropCamera:
    """The crop camera that looks straight at a cube, which fills its crop as in training.

    Args:
        pose: of the cube in the camera's optical frame, metres.
        edge: metres.
    """
    distance = float(np.linalg.norm(pose.position))
    angular_radius = math.asin(min(SPHERE_PER_EDGE * edge / distance, 0.99))
    return CropCamera(facing(pose.position), crop_focal(angular_radius))


def _batch(crops: Sequence[Crop]) -> CropBatch:
    images, points, rotations, focals, visible = (np.array(column) for column in zip(*crops))
    corners = points[..., :2] / points[..., 2:] * focals[:, None, None] / (CROP_SIZE / 2)
    single = [np.ascontiguousarray(of, np.float32) for of in (points, rotations, focals)]
    field, edge_distance = edge_fields(*single)
    return CropBatch(
        images=images,
        corners=np.ascontiguousarray(corners, np.float32),
        points=single[0],
        rotation=single[1],
        focal=single[2],
        target=np.ones(len(images), np.float32),
        visible=visible.astype(np.float32),
        field=field,
        edge_distance=edge_distance,
    )
