"""Colours of blocks in drawn images: shaded faces, tinted lamps, noise, things in the way."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from simreal_common.block_estimate import COLORS
from simreal_common.camera import Camera
from simreal_common.geometry import Pose
from simreal_perception.pose_estimation.block_color import block_colors, color_names

CAMERA = Camera.pinhole(640, 480, 1.0)
EDGE = 0.05
TABLE = np.array([150.0, 140.0, 130.0])
# As paint in white light.
PAINTS = {
    "red": (200, 30, 35), "orange": (235, 120, 25), "yellow": (230, 200, 40),
    "green": (40, 140, 60), "cyan": (40, 190, 200), "blue": (40, 70, 200),
    "purple": (130, 60, 180), "pink": (225, 90, 170), "brown": (105, 62, 30),
    "black": (22, 22, 24), "grey": (120, 120, 122), "white": (235, 235, 232),
}  # fmt: skip
SHADES = (1.0, 0.88, 0.78)
WARM, COOL, GREENISH = (1.0, 0.92, 0.82), (0.86, 0.94, 1.0), (0.92, 1.0, 0.9)
VIEW = Pose(
    np.array([0.02, 0.03, 0.6]),
    Rotation.from_euler("ZX", [-30.0, 125.0], degrees=True).inv().as_quat(),
)


def draw(rgb: tuple[int, int, int], light: tuple[float, ...] = (1.0, 1.0, 1.0), noise: float = 0.0):
    """A cube of one paint on a table, each face in its own shade."""
    image = np.empty((480, 640, 3))
    image[:] = TABLE
    faces = []
    for axis in range(3):
        for side in (-1.0, 1.0):
            normal = side * VIEW.rotation[:, axis]
            middle = VIEW.position + normal * EDGE / 2
            if normal @ middle < 0:  # turned to the camera
                corners = np.zeros((4, 3))
                corners[:, axis] = side * EDGE / 2
                corners[:, (axis + 1) % 3] = EDGE / 2 * np.array([-1, 1, 1, -1])
                corners[:, (axis + 2) % 3] = EDGE / 2 * np.array([-1, -1, 1, 1])
                faces.append(CAMERA.project(VIEW.transform_points(corners)))
    assert len(faces) == 3
    for shade, face in zip(SHADES, faces, strict=True):
        paint = [float(shade * value) for value in rgb]
        cv2.fillConvexPoly(image, np.rint(face).astype(np.int32), paint)
    image = image * np.array(light)
    image += np.random.default_rng(1).normal(0.0, noise, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8)


def test_every_color_has_a_paint() -> None:
    assert set(PAINTS) == set(COLORS)


@pytest.mark.parametrize("name", PAINTS)
def test_a_paint_is_called_by_its_name(name: str) -> None:
    assert block_colors(draw(PAINTS[name]), CAMERA, [VIEW], EDGE) == [name]


@pytest.mark.parametrize("light", [WARM, COOL, GREENISH], ids=["warm", "cool", "greenish"])
@pytest.mark.parametrize("name", PAINTS)
def test_a_tinted_lamp_changes_no_name(name: str, light: tuple[float, ...]) -> None:
    assert block_colors(draw(PAINTS[name], light, noise=6.0), CAMERA, [VIEW], EDGE) == [name]


def test_a_pose_a_little_off_does_not_matter() -> None:
    off = Pose(VIEW.position + np.array([0.003, -0.003, 0.015]), VIEW.orientation)
    assert block_colors(draw(PAINTS["green"]), CAMERA, [off], EDGE) == ["green"]


def test_a_block_of_several_colors_has_none() -> None:
    image = draw(PAINTS["red"])
    rng = np.random.default_rng(2)
    checks = rng.integers(0, 4, (48, 64)).repeat(10, axis=0).repeat(10, axis=1)
    paints = np.array([PAINTS[n] for n in ("red", "green", "blue", "white")], dtype=np.uint8)
    cube = (image != np.clip(TABLE, 0, 255).astype(np.uint8)).any(axis=2)
    image[cube] = paints[checks][cube]
    assert block_colors(image, CAMERA, [VIEW], EDGE) == [""]


def test_a_block_outside_of_the_image_has_none() -> None:
    away = Pose(np.array([2.0, 0.0, 0.6]), VIEW.orientation)
    assert block_colors(draw(PAINTS["red"]), CAMERA, [away], EDGE) == [""]


def test_hues_go_round() -> None:
    assert color_names(np.array([[255, 0, 10], [255, 10, 0]], dtype=np.uint8)) == ["red", "red"]
