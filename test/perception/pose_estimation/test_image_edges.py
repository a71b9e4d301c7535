"""Poses refined on drawn cubes whose edges are known to a small part of a pixel."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from simreal_common.camera import Camera
from simreal_common.geometry import cube_corners
from simreal_perception.pose_estimation.crop_camera import (
    SPHERE_PER_EDGE,
    CropCamera,
    crop_focal,
    facing,
)
from simreal_perception.pose_estimation.image_edges import Refined, refine_on_image

EDGE = 0.05
FINE = 8  # rays a pixel, in each direction
GREYS = (20, 60, 90, 160, 200, 240)  # of the faces -x, +x, -y, ...
LENS = np.array([-0.25, 0.06, 0.0, 0.0])
# Of a pose that the network is sure of to about half a crop pixel, metres and radians.
KNOWN = np.diag([1e6, 1e6, 3e4, 4e2, 4e2, 4e2])


def camera(distortion: np.ndarray) -> Camera:
    return Camera(640, 480, np.array([[560.0, 0, 322], [0, 560, 236], [0, 0, 1]]), distortion)


def cube(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rotation and position, optical frame, of a cube that is wholly in the image."""
    rng = np.random.default_rng(seed)
    distance = rng.uniform(0.4, 0.9)
    return Rotation.random(random_state=rng).as_matrix(), distance * np.array(
        [rng.uniform(-0.3, 0.3), rng.uniform(-0.2, 0.2), 1.0]
    )


def draw_cube(
    view: Camera, rotation: np.ndarray, position: np.ndarray, flat: bool = False
) -> np.ndarray:
    """Faces of different greys on another grey, exact to 1 / FINE of a pixel; flat: one grey."""
    canvas = np.full((view.height, view.width), 120, np.float64)
    if not flat:
        pixels = view.project(cube_corners(EDGE) @ rotation.T + position)
        low = np.clip(np.floor(pixels.min(axis=0)).astype(int) - 2, 0, None)
        high = np.minimum(np.ceil(pixels.max(axis=0)).astype(int) + 3, [view.width, view.height])
        x, y = (
            a + (np.arange((b - a) * FINE) + 0.5) / FINE - 0.5
            for a, b in zip(low, high, strict=True)
        )
        flats = view.normalize(np.stack(np.meshgrid(x, y), axis=-1))
        rays = np.concatenate([flats, np.ones((*flats.shape[:2], 1))], axis=-1) @ rotation
        eye = -position @ rotation
        near = (-np.sign(rays) * EDGE / 2 - eye) / rays  # where a ray enters each pair of faces
        far = (np.sign(rays) * EDGE / 2 - eye) / rays
        axis = near.argmax(axis=-1)
        face = 2 * axis + (np.take_along_axis(rays, axis[..., None], axis=-1)[..., 0] < 0)
        hit = near.max(axis=-1) < far.min(axis=-1)
        fine = np.where(hit, np.array(GREYS)[face], 120.0)
        shape = (high[1] - low[1], FINE, high[0] - low[0], FINE)
        canvas[low[1] : high[1], low[0] : high[0]] = fine.reshape(shape).mean(axis=(1, 3))
    return np.repeat(np.rint(canvas).astype(np.uint8)[..., None], 3, axis=2)


def refine(
    image: np.ndarray, view: Camera, rotation: np.ndarray, position: np.ndarray
) -> tuple[Refined, np.ndarray]:
    """What `refine_on_image` makes of a pose in the optical frame, and the crop's rotation."""
    distance = float(np.linalg.norm(position))
    crop = CropCamera(
        facing(position), crop_focal(float(np.arcsin(SPHERE_PER_EDGE * EDGE / distance)))
    )
    refined = refine_on_image(
        image, view, [crop], (crop.rotation.T @ rotation)[None],
        (crop.rotation.T @ position)[None], EDGE, KNOWN[None],
    )  # fmt: skip
    return refined, crop.rotation


@pytest.mark.parametrize("distortion", [np.zeros(0), LENS], ids=["pinhole", "lens"])
def test_a_pose_moves_to_the_edges_of_the_image(distortion: np.ndarray) -> None:
    view = camera(distortion)
    off, turn = [], []
    for seed in range(12):
        rotation, position = cube(seed)
        rng = np.random.default_rng(seed)
        start = position * (1 + rng.choice([-0.01, 0.01]))
        turned = Rotation.from_rotvec(rng.normal(0, 0.01, 3)).as_matrix() @ rotation
        refined, to_camera = refine(draw_cube(view, rotation, position), view, turned, start)
        found = to_camera @ refined.position[0]
        off.append(np.linalg.norm(found - position) / np.linalg.norm(position))
        left = to_camera @ refined.rotation[0] @ rotation.T
        turn.append(np.degrees(Rotation.from_matrix(left).magnitude()))
        assert refined.distance[0] < 0.2
        assert 0.3 < refined.edge_contrast[0] <= 1.0
    # Faces seen at a glance tell little of their turn.
    assert np.median(off) < 0.0015, off
    assert max(off) < 0.008, off
    assert np.median(turn) < 0.3, turn


def test_a_pose_stays_where_the_image_shows_no_edge() -> None:
    view, (rotation, position) = camera(np.zeros(0)), cube(1)
    refined, to_camera = refine(
        draw_cube(view, rotation, position, flat=True), view, rotation, position
    )
    np.testing.assert_allclose(to_camera @ refined.position[0], position, atol=1e-9)
    np.testing.assert_allclose(to_camera @ refined.rotation[0], rotation, atol=1e-9)
    assert np.isfinite(refined.information).all()


def test_what_the_image_shows_makes_a_pose_more_certain() -> None:
    view, (rotation, position) = camera(np.zeros(0)), cube(2)
    sigma = [
        float(np.linalg.inv(refine(image, view, rotation, position)[0].information[0])[2, 2])
        for image in (
            draw_cube(view, rotation, position),
            draw_cube(view, rotation, position, flat=True),
        )
    ]
    assert sigma[0] < 0.25 * sigma[1]


def test_a_cube_that_is_partly_out_of_the_image_is_refined_on_what_is_left() -> None:
    view = camera(np.zeros(0))
    rotation = Rotation.from_euler("xyz", [30, 40, 10], degrees=True).as_matrix()
    position = np.array([-0.26, 0.02, 0.5])
    image = draw_cube(view, rotation, position)
    pixels = view.project(cube_corners(EDGE) @ rotation.T + position)
    assert pixels[:, 0].min() < 0 < pixels[:, 0].max()
    refined, to_camera = refine(image, view, rotation, 1.01 * position)
    off = np.linalg.norm(to_camera @ refined.position[0] - position) / np.linalg.norm(position)
    assert off < 0.005
