"""Crops of photographs' cubes show them where their labels say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from simreal_bench.experiments.photograph_crops import photograph_crops
from simreal_common.camera import Camera
from simreal_common.geometry import Pose, cube_corners, look_at
from simreal_perception.evaluation.evaluation_data import Example, Labels
from simreal_perception.pose_estimation.crop_camera import CROP_SIZE

EDGE = 0.05


@dataclass(frozen=True)
class Photographs:
    found: Sequence[Example]
    name: str = "two"

    @property
    def count(self) -> int:
        return len(self.found)

    def examples(self, numbers: Sequence[int]) -> Iterator[Example]:
        return (self.found[number] for number in numbers)


def photograph(pose: Pose, only_2d: bool = False) -> Example:
    """Black, but for bright spots where the cube's corners are."""
    camera = Camera.pinhole(640, 480, 1.0)
    image = np.zeros((480, 640, 3), np.uint8)
    rows, columns = np.indices((480, 640))
    for x, y in camera.project(pose.transform_points(cube_corners(EDGE))):
        image[(columns - x) ** 2 + (rows - y) ** 2 < 2.5**2] = 255
    return Example("spots", image, camera, EDGE, [pose], [], labels=Labels("g", only_2d=only_2d))


@pytest.mark.parametrize("place", [(0.0, 0.0), (0.12, -0.08)])
def test_corners_are_where_the_image_has_them(place: tuple[float, float]) -> None:
    turned = look_at([0.3, 0.4, 0.5], [0, 0, 0]).rotation
    pose = Pose.from_rotation(turned, [*place, 0.4])
    (batch,) = photograph_crops(Photographs([photograph(pose), photograph(pose, True)]), 64)
    assert batch.images.shape == (1, CROP_SIZE, CROP_SIZE, 3)
    pixels = batch.corners[0] * (CROP_SIZE / 2) + (CROP_SIZE - 1) / 2
    assert (pixels > 0).all() and (pixels < CROP_SIZE).all()
    bright = batch.images[0].mean(axis=-1)
    for x, y in np.rint(pixels).astype(int):
        assert bright[y, x] > 150
    assert bright.mean() < 40
    # The labels agree among themselves: points and rotation are of the same cube.
    arms = batch.points[0] - batch.points[0].mean(axis=0)
    np.testing.assert_allclose(arms, cube_corners(EDGE) @ batch.rotation[0].T, atol=1e-6)


def test_batches_are_of_one_size() -> None:
    pose = Pose.from_rotation(np.eye(3), [0.0, 0.0, 0.5])
    batches = photograph_crops(Photographs([photograph(pose)] * 7), 4)
    assert [len(batch.images) for batch in batches] == [4, 3]
