"""Blocks of every shape are drawn where their geometry says, and look the same where they should."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from simreal_common.camera import Camera
from simreal_common.geometry import Pose
from simreal_common.settings.yaml_loader import load_settings
from simreal_common.shapes.registry import EXAMPLES
from simreal_common.shapes.shape import Shape
from simreal_common.shapes.symmetry import turns_about_z
from simreal_sim.randomization.layout.layout import FIRST_BLOCK, FIRST_DISTRACTOR
from simreal_sim.randomization.random_scenes import draw_scenes
from simreal_sim.randomization.ranges.randomization_config import GROUPS, RandomizationConfig
from simreal_sim.rendering.raycaster import Rendering, render
from simreal_sim.rendering.scene import BOX, EMPTY, SceneBatch, ViewBatch
from simreal_sim.rendering.textures import texture_pool

SHAPES = {
    kind: Shape.from_plain({"kind": kind, **load_settings(f"{{{measures}}}")})
    for kind, measures in EXAMPLES.items()
} | {"triangular prism": Shape("prism", (0.05,), height=0.04, sides=3)}
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
WIDTH, HEIGHT = 120, 90
OUTLINE_PX = 0.75  # of an area, along its outline: pixels are in or out, rims have straight parts
DISTANCE_M = 0.35


def scene_of(shape: Shape, seed: int, off: frozenset[str] = frozenset(GROUPS)) -> SceneBatch:
    """One block, turned anyhow, in the air."""
    rng = np.random.default_rng(seed)
    scenes = draw_scenes(1, 24, RandomizationConfig(off, shape=shape), rng)
    scenes.shape[0, FIRST_BLOCK + 1 :] = EMPTY
    scenes.rotation[0, FIRST_BLOCK] = Rotation.random(random_state=rng).as_matrix()
    scenes.position[0, FIRST_BLOCK] = (0.0, 0.0, 0.2)
    return scenes


def draw(scenes: SceneBatch) -> tuple[Rendering, Camera, Pose]:
    """From straight above, 0.35 m away."""
    camera = Camera.pinhole(WIDTH, HEIGHT, 0.5)
    pose = Pose.from_rotation(np.diag([1.0, -1.0, -1.0]), [0.0, 0.0, 0.2 + DISTANCE_M])
    k = camera.matrix
    views = ViewBatch(
        scene=np.zeros(1, np.int32),
        rotation=pose.rotation[None].astype(np.float32),
        position=pose.position[None].astype(np.float32),
        intrinsics=np.array([[k[0, 0], k[1, 1], k[0, 2], k[1, 2]]], np.float32),
        distortion=np.zeros((1, 2), np.float32),
    )
    pool = texture_pool(24, np.random.default_rng(1))
    return render(scenes, views, pool, WIDTH, HEIGHT, np.random.default_rng(0)), camera, pose


@every_shape
@pytest.mark.parametrize("seed", range(3))
def test_a_block_covers_the_hull_of_its_projected_vertices(shape: Shape, seed: int) -> None:
    scenes = scene_of(shape, seed)
    drawn, camera, pose = draw(scenes)
    block = Pose.from_rotation(scenes.rotation[0, FIRST_BLOCK], scenes.position[0, FIRST_BLOCK])
    assert scenes.own_edge[0, FIRST_BLOCK] == pytest.approx(shape.edge_m)
    placed = (pose.inverse() @ block).transform_points(shape.vertices * shape.edge_m)
    hull = cv2.convexHull(camera.project(placed).astype(np.float32))
    mask = drawn.instance[0] == FIRST_BLOCK
    outline = cv2.arcLength(hull, True)
    assert mask.sum() == drawn.seen[0, FIRST_BLOCK] == drawn.covered[0, FIRST_BLOCK]
    assert mask.sum() == pytest.approx(cv2.contourArea(hull), abs=OUTLINE_PX * outline)
    # Pixel by pixel: none is shown a pixel outside of the hull, none is missing a pixel inside.
    filled = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.fillConvexPoly(filled, np.rint(hull * 16).astype(np.int32), 1, shift=4)
    around = np.ones((3, 3), np.uint8)
    assert not (mask & (cv2.dilate(filled, around) == 0)).any()
    assert not (~mask & (cv2.erode(filled, around) > 0)).any()


@every_shape
def test_a_block_turned_by_its_symmetry_covers_the_same_pixels(shape: Shape) -> None:
    scenes = scene_of(shape, 5)
    before, _, _ = draw(scenes)
    turns = list(shape.symmetry.rotations[1:])
    if shape.symmetry.free_axis:
        turns.append(turns_about_z(np.array(0.4)))
    rotation = scenes.rotation[0, FIRST_BLOCK].copy()
    for turn in turns:
        scenes.rotation[0, FIRST_BLOCK] = rotation @ turn
        after, _, _ = draw(scenes)
        assert (before.instance != after.instance).sum() <= 2  # rays that graze the outline


@every_shape
def test_what_stands_before_a_block_hides_it_but_does_not_uncover_it(shape: Shape) -> None:
    scenes = scene_of(shape, 1)
    whole, _, _ = draw(scenes)
    scenes.shape[0, FIRST_DISTRACTOR] = BOX
    scenes.half_size[0, FIRST_DISTRACTOR] = 0.01
    scenes.position[0, FIRST_DISTRACTOR] = (0.0, 0.0, 0.3)
    hidden, _, _ = draw(scenes)
    assert hidden.covered[0, FIRST_BLOCK] == whole.covered[0, FIRST_BLOCK]
    assert 0 < hidden.seen[0, FIRST_BLOCK] < whole.seen[0, FIRST_BLOCK]


@every_shape
def test_its_sides_are_as_bright_as_their_normals_say(shape: Shape) -> None:
    scenes = scene_of(shape, 2, frozenset(GROUPS) - {"shadow"})
    scenes.ambient_up[:] = scenes.ambient_down[:] = 0.0
    scenes.light_color[:], scenes.light_radius[:] = 0.0, 0.0
    scenes.light_position[0, 0], scenes.light_color[0, 0] = (3.0, 1.0, 4.0), 1.0
    drawn, camera, pose = draw(scenes)
    mask = drawn.instance[0] == FIRST_BLOCK
    # Away from edges, where pixels show several sides.
    inner = cv2.erode(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    rows, columns = np.nonzero(inner)
    rays = camera.rays(np.column_stack([columns, rows]).astype(np.float64)) @ pose.rotation.T
    block = Pose.from_rotation(scenes.rotation[0, FIRST_BLOCK], scenes.position[0, FIRST_BLOCK])
    corners = block.transform_points(shape.vertices * shape.edge_m)[shape.triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    # A ray leaves the eye and enters a convex body through the face whose plane it meets last.
    slope = rays @ normals.T
    reach = np.einsum("ti,ti->t", normals, corners[:, 0] - pose.position) / slope
    face = np.where(slope < 0, reach, -np.inf).argmax(axis=1)
    lamp = scenes.light_position[0, 0] - block.position
    expected = np.maximum(normals[face] @ lamp / np.linalg.norm(lamp), 0.0)
    seen = drawn.color[0][inner].mean(axis=-1)
    steady = np.median(seen[expected > 0.2] / expected[expected > 0.2])
    away = np.abs(seen / steady - expected)
    # Round sides have straight parts here; pixels along inner edges show two sides.
    assert np.median(away) < 0.05
    assert (away < 0.12).mean() > 0.8
