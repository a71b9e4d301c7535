"""A polished table mirrors what stands on it, and nothing else of an image changes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from simreal_common.camera import Camera
from simreal_common.geometry import Pose, look_at
from simreal_sim.randomization.layout.layout import FIRST_BLOCK, TABLE_SLOT
from simreal_sim.randomization.random_scenes import draw_scenes
from simreal_sim.randomization.ranges.randomization_config import GROUPS, RandomizationConfig
from simreal_sim.rendering.raycaster import Rendering, render
from simreal_sim.rendering.scene import EMPTY, SceneBatch, ViewBatch
from simreal_sim.rendering.textures import texture_pool

WIDTH, HEIGHT = 160, 120
CAMERA = Camera.pinhole(WIDTH, HEIGHT, 0.7)
PLAIN = frozenset(GROUPS)


def one_block(reflectance: float, roughness: float = 0.0) -> SceneBatch:
    """A red cube on a grey table, lit from all around."""
    scenes = draw_scenes(1, 24, RandomizationConfig(PLAIN), np.random.default_rng(0))
    scenes.shape[0, FIRST_BLOCK + 1 :] = EMPTY
    scenes.position[0, FIRST_BLOCK, :2] = 0.0
    scenes.reflectance[0, TABLE_SLOT] = reflectance
    scenes.roughness[:] = roughness
    return scenes


def view(pose: Pose, camera: Camera = CAMERA, k1: float = 0.0) -> ViewBatch:
    k = camera.matrix
    return ViewBatch(
        scene=np.zeros(1, dtype=np.int32),
        rotation=pose.rotation.astype(np.float32)[None],
        position=pose.position.astype(np.float32)[None],
        intrinsics=np.array([[k[0, 0], k[1, 1], k[0, 2], k[1, 2]]], np.float32),
        distortion=np.array([[k1, 0.0]], np.float32),
    )


def draw(scenes: SceneBatch, views: ViewBatch) -> Rendering:
    pool = texture_pool(24, np.random.default_rng(1))
    return render(scenes, views, pool, WIDTH, HEIGHT, np.random.default_rng(0))


def aslant(seed: int) -> tuple[Pose, Camera]:
    """A random view of the block from aside, its principal point off the middle."""
    rng = np.random.default_rng(seed)
    eye = np.array([0.3, 0.05, 0.2]) + rng.normal(0, 0.04, 3)
    matrix = CAMERA.matrix.copy()
    matrix[:2, 2] += rng.uniform(-12, 12, size=2)
    pose = look_at(eye, np.array([0.0, 0.0, 0.0]))
    roll = np.eye(3)
    angle = rng.normal(0, 0.3)
    roll[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return Pose.from_rotation(pose.rotation @ roll, pose.position), Camera(
        WIDTH, HEIGHT, matrix, np.array([rng.uniform(-0.1, 0.1), 0, 0, 0])
    )


@pytest.mark.parametrize("seed", range(6))
def test_a_mirrored_point_shows_where_the_point_below_the_surface_would_be(seed: int) -> None:
    scenes = one_block(1.0)
    pose, camera = aslant(seed)
    drawn = draw(scenes, view(pose, camera, float(camera.distortion[0])))
    dull = draw(one_block(0.0), view(pose, camera, float(camera.distortion[0])))
    centre, half = scenes.position[0, FIRST_BLOCK], scenes.half_size[0, FIRST_BLOCK]
    shown = 0
    for axis, side in ((0, 1), (0, -1), (1, 1), (1, -1)):  # a face's middle and its mirror image
        point = centre.astype(float)
        point[axis] += side * half[axis]
        if side * (pose.position[axis] - point[axis]) <= 0.02:
            continue
        pixels = camera.project(pose.inverse().transform_points(point * [[1, 1, 1], [1, 1, -1]]))
        (u, v), (mu, mv) = pixels.round().astype(int)
        if not (0 <= mu < WIDTH and 0 <= mv < HEIGHT):
            continue
        assert drawn.instance[0, v, u] == FIRST_BLOCK
        if drawn.instance[0, mv, mu] != TABLE_SLOT:
            continue
        shown += 1
        np.testing.assert_allclose(drawn.color[0, mv, mu], drawn.color[0, v, u], atol=0.02)
        assert np.abs(dull.color[0, mv, mu] - drawn.color[0, v, u]).max() > 0.1
    assert shown


def test_what_is_no_mirror_looks_as_before_and_labels_do_not_change() -> None:
    pose, camera = aslant(1)
    dull, polished = (draw(one_block(r), view(pose, camera)) for r in (0.0, 0.6))
    for name in ("instance", "seen", "covered"):
        np.testing.assert_array_equal(getattr(dull, name), getattr(polished, name))
    others = dull.instance[0] != TABLE_SLOT
    np.testing.assert_array_equal(dull.color[0][others], polished.color[0][others])
    assert (dull.color != polished.color).any()


def test_grazing_views_mirror_more() -> None:
    # With nothing but the even backdrop to mirror, the change tells the share.
    shares = []
    for height in (0.6, 0.3, 0.1, 0.03):
        pose = look_at(np.array([0.3, 0.0, height]), np.array([0.15, 0.0, 0.0]))
        dull, polished = one_block(0.0), one_block(0.05)
        for scenes in (dull, polished):
            scenes.shape[0, FIRST_BLOCK] = EMPTY
        before, after = (draw(s, view(pose)).color[0] for s in (dull, polished))
        row, column = HEIGHT // 2, WIDTH // 2
        backdrop = float(dull.backdrop_low[0, 0])
        change = (after - before)[row, column] / (backdrop - before[row, column])
        shares.append(float(change.mean()))
    assert shares == sorted(shares)
    assert shares[0] == pytest.approx(0.05, abs=0.01)
    assert shares[-1] > 0.3


def test_a_rough_surface_blurs() -> None:
    pose, camera = aslant(2)
    sharp, rough = (draw(one_block(1.0, r), view(pose, camera)).color[0] for r in (0.0, 0.02))
    table = draw(one_block(1.0), view(pose, camera)).instance[0] == TABLE_SLOT
    inside = table[1:] & table[:-1]
    steps = [np.abs(np.diff(image.mean(axis=-1), axis=0))[inside].max() for image in (sharp, rough)]
    assert steps[1] < 0.5 * steps[0]


def test_scenes_are_the_same_but_for_their_mirrors() -> None:
    on, off = (
        draw_scenes(400, 24, RandomizationConfig(disabled), np.random.default_rng(3))
        for disabled in (frozenset[str](), frozenset({"reflection"}))
    )
    assert 0.14 < (on.reflectance[:, TABLE_SLOT] > 0).mean() < 0.26
    assert not off.reflectance.any()
    for field in dataclasses.fields(SceneBatch):
        if field.name not in ("reflectance", "roughness", "block"):
            np.testing.assert_array_equal(getattr(on, field.name), getattr(off, field.name))


def test_a_seed_gives_the_same_mirrors_however_often_it_is_drawn() -> None:
    seed = np.random.SeedSequence(5)
    first, again = (
        draw_scenes(60, 24, RandomizationConfig(), np.random.default_rng(seed)) for _ in range(2)
    )
    assert first.reflectance.any()
    np.testing.assert_array_equal(first.reflectance, again.reflectance)
    np.testing.assert_array_equal(first.roughness, again.roughness)
