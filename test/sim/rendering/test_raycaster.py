"""The ray caster draws what the geometry says, whatever the number of threads."""

from __future__ import annotations

import dataclasses

import cv2
import numba
import numpy as np
import pytest

from simreal_common.block_estimate import BLOCK_EDGE_M
from simreal_common.camera import Camera
from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose, cube_corners, look_at
from simreal_sim.randomization.layout.layout import FIRST_BLOCK, FIRST_DISTRACTOR
from simreal_sim.randomization.random_scenes import draw_scenes
from simreal_sim.randomization.ranges.randomization_config import GROUPS, RandomizationConfig
from simreal_sim.randomization.ranges.sensor_ranges import SensorRanges
from simreal_sim.randomization.sensors import draw_sensors
from simreal_sim.rendering.raycaster import Rendering, render
from simreal_sim.rendering.scene import EMPTY, SceneBatch, ViewBatch
from simreal_sim.rendering.sensor_effects import expose
from simreal_sim.rendering.textures import texture_pool

WIDTH, HEIGHT = 200, 150
# Pixels are either in or out: an area is known to about half a pixel along its outline.
OUTLINE_TOLERANCE_PX = 0.6


def one_view(pose: Pose, camera: Camera, scenes: int = 1, k1: float = 0.0) -> ViewBatch:
    k = camera.matrix
    return ViewBatch(
        scene=np.arange(scenes, dtype=np.int32),
        rotation=np.tile(pose.rotation.astype(np.float32), (scenes, 1, 1)),
        position=np.tile(pose.position.astype(np.float32), (scenes, 1)),
        intrinsics=np.tile(np.array([k[0, 0], k[1, 1], k[0, 2], k[1, 2]], np.float32), (scenes, 1)),
        distortion=np.tile(np.array([k1, 0.0], np.float32), (scenes, 1)),
    )


def draw(scenes: SceneBatch, views: ViewBatch, seed: int = 0) -> Rendering:
    pool = texture_pool(24, np.random.default_rng(1))
    return render(scenes, views, pool, WIDTH, HEIGHT, np.random.default_rng(seed))


def scenes_of(count: int, seed: int, off: frozenset[str] = frozenset()) -> SceneBatch:
    return draw_scenes(count, 24, RandomizationConfig(off), np.random.default_rng(seed))


@pytest.mark.parametrize("k1", [0.0, -0.2, 0.15])
@pytest.mark.parametrize("seed", range(4))
def test_a_block_covers_the_hull_of_its_projected_corners(seed: int, k1: float) -> None:
    scenes = scenes_of(1, seed, frozenset(GROUPS))
    scenes.shape[0, FIRST_BLOCK + 1 :] = EMPTY
    rng = np.random.default_rng(seed)
    eye = np.array([0.3, 0.05, 0.25]) + rng.normal(0, 0.03, 3)
    pose = look_at(eye, scenes.position[0, FIRST_BLOCK])
    ideal = Camera.pinhole(WIDTH, HEIGHT, 0.5)
    camera = Camera(WIDTH, HEIGHT, ideal.matrix, np.array([k1, 0, 0, 0]))
    drawn = draw(scenes, one_view(pose, camera, k1=k1))

    block = Pose.from_rotation(scenes.rotation[0, FIRST_BLOCK], scenes.position[0, FIRST_BLOCK])
    corners = camera.project((pose.inverse() @ block).transform_points(cube_corners(BLOCK_EDGE_M)))
    hull = cv2.convexHull(corners.astype(np.float32))
    mask = drawn.instance[0] == FIRST_BLOCK
    outline = cv2.arcLength(hull, True)
    assert mask.sum() == drawn.seen[0, FIRST_BLOCK] == drawn.covered[0, FIRST_BLOCK]
    assert mask.sum() == pytest.approx(cv2.contourArea(hull), abs=OUTLINE_TOLERANCE_PX * outline)
    rows, columns = np.nonzero(mask)
    middle = np.array([columns.mean(), rows.mean()])
    moments = cv2.moments(hull)
    expected = np.array([moments["m10"], moments["m01"]]) / moments["m00"]
    np.testing.assert_allclose(middle, expected, atol=0.15)


def test_what_stands_before_a_block_hides_it_but_does_not_uncover_it() -> None:
    scenes = scenes_of(1, 0, frozenset(GROUPS))
    scenes.shape[0, FIRST_BLOCK + 1 :] = EMPTY
    front = FIRST_DISTRACTOR
    scenes.shape[0, front] = scenes.shape[0, FIRST_BLOCK]
    toward = np.array([1.0, 0.0, 0.0], np.float32)
    block = scenes.position[0, FIRST_BLOCK]
    scenes.position[0, front] = block + toward * 0.1
    scenes.rotation[0, front] = np.eye(3)
    scenes.half_size[0, front] = (0.01, 0.05, 0.05)
    camera = Camera.pinhole(WIDTH, HEIGHT, 0.5)
    drawn = draw(scenes, one_view(look_at(block + toward * 0.5, block), camera))
    assert drawn.seen[0, FIRST_BLOCK] == 0
    assert drawn.covered[0, FIRST_BLOCK] > 500


def test_shadows_fall_away_from_the_lamp() -> None:
    scenes = scenes_of(1, 3, frozenset(GROUPS) - {"shadow"})
    scenes.shape[0, FIRST_BLOCK + 1 :] = EMPTY
    block = scenes.position[0, FIRST_BLOCK]
    scenes.light_position[0, 0] = block + np.array([1.0, 0.0, 1.0], np.float32)
    above = Pose.from_rotation(
        np.array([[1, 0, 0], [0, -1, 0], [0, 0, -1]]), block + np.array([0, 0, 0.5])
    )
    drawn = draw(scenes, one_view(above, Camera.pinhole(WIDTH, HEIGHT, 0.8)))
    grey = drawn.color[0].mean(axis=-1)
    row = HEIGHT // 2
    offset = round(0.045 * WIDTH / (2 * 0.5 * np.tan(0.4)))  # 45 mm from the block's centre
    assert grey[row, WIDTH // 2 - offset] < 0.8 * grey[row, WIDTH // 2 + offset]


def test_the_same_seed_gives_the_same_image_on_any_number_of_threads() -> None:
    camera = Camera.pinhole(WIDTH, HEIGHT, 0.9)
    views = one_view(look_at([0.5, 0.2, 0.4], [0, 0, 0]), camera, scenes=4)
    images = []
    before = numba.get_num_threads()
    for threads in (1, numba.config.NUMBA_NUM_THREADS):
        numba.set_num_threads(threads)
        images.append(draw(scenes_of(4, 11), views, seed=5).color)
    numba.set_num_threads(before)
    np.testing.assert_array_equal(images[0], images[1])


@pytest.mark.parametrize("seed", range(3))
def test_images_are_finite_and_use_the_range(seed: int) -> None:
    scenes = scenes_of(12, seed)
    views = one_view(
        look_at([0.5, 0.2, 0.4], [0, 0, 0]), Camera.pinhole(WIDTH, HEIGHT, 0.9), scenes=12
    )
    drawn = draw(scenes, views)
    assert np.isfinite(drawn.color).all()
    assert (drawn.seen <= drawn.covered)[:, FIRST_BLOCK:FIRST_DISTRACTOR].all()
    rng = np.random.default_rng(seed)
    images = expose(drawn.color.copy(), draw_sensors(12, 1.0, rng, SensorRanges()), rng)
    assert images.dtype == np.uint8
    assert np.median(images.std(axis=(1, 2, 3))) > 15


@pytest.mark.parametrize("seed", range(5))
def test_blocks_do_not_overlap(seed: int) -> None:
    scenes = scenes_of(40, seed)
    for scene in range(scenes.size):
        slots = [s for s in range(FIRST_BLOCK, FIRST_DISTRACTOR) if scenes.shape[scene, s] != EMPTY]
        for i, first in enumerate(slots):
            for second in slots[i + 1 :]:
                apart = scenes.position[scene, first] - scenes.position[scene, second]
                edge = scenes.own_edge[scene, [first, second]].mean()
                assert np.linalg.norm(apart) > 0.95 * edge


def test_a_group_that_is_off_is_off() -> None:
    plain = scenes_of(10, 2, frozenset({"distractors", "robot", "texture", "gloss"}))
    assert (plain.shape[:, FIRST_DISTRACTOR : FIRST_DISTRACTOR + 10] == EMPTY).all()
    assert (plain.texture == 0).all()
    assert (plain.specular == 0).all()


def test_an_unknown_group_is_refused_with_the_names_that_exist() -> None:
    with pytest.raises(ConfigurationError, match="colour.*distractors"):
        RandomizationConfig(frozenset({"colour"}))


def test_the_same_seed_gives_the_same_scenes() -> None:
    first, second = scenes_of(6, 4), scenes_of(6, 4)
    for field in dataclasses.fields(SceneBatch):
        np.testing.assert_array_equal(getattr(first, field.name), getattr(second, field.name))
