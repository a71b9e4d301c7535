"""The ray caster and PyBullet's renderers draw the same scene: geometry to a fraction of a pixel."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

pytest.importorskip("pybullet", reason="another renderer needs PyBullet")

from simreal_common.camera import Camera
from simreal_common.errors import MissingDependencyError
from simreal_common.geometry import Pose, cube_corners
from simreal_sim.randomization.cameras import draw_views
from simreal_sim.randomization.layout.layout import BOARD_SLOT, FIRST_BLOCK, FIRST_SHEET, TABLE_SLOT
from simreal_sim.randomization.random_scenes import draw_scenes
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig
from simreal_sim.rendering.pybullet.tiny_renderer import BulletRenderer
from simreal_sim.rendering.raycaster import Rendering, render
from simreal_sim.rendering.scene import BOX, CYLINDER, ELLIPSOID, EMPTY, SceneBatch, ViewBatch
from simreal_sim.rendering.textures import texture_pool

WIDTH, HEIGHT, SCENES = 320, 240, 12
LEAST_PIXELS = 150  # of a block whose middle is measured
# Pixels are in or out: the middle of a block of 150 pixels is known to about 0.1 of one.
MIDDLE_TOLERANCE_PX = 0.3
# With a lens the image is taken pixel by pixel from one without: up to half a pixel off in each.
LENS_TOLERANCE_PX = 0.6

GROUNDS = range(TABLE_SLOT, FIRST_BLOCK)  # table, board and sheets

Drawn = tuple[SceneBatch, ViewBatch, Rendering, Rendering]


@pytest.fixture(scope="module", params=["tiny", "egl"])
def renderer(request: pytest.FixtureRequest) -> Iterator[BulletRenderer]:
    try:
        bullet = BulletRenderer(egl=request.param == "egl")
    except MissingDependencyError as error:
        pytest.skip(str(error))
    with bullet:
        yield bullet


def both(renderer: BulletRenderer, off: set[str], seed: int, count: int = SCENES) -> Drawn:
    rng = np.random.default_rng(seed)
    randomization = RandomizationConfig(frozenset(off))
    textures = texture_pool(48, rng)
    scenes = draw_scenes(count, len(textures), randomization, rng)
    views = draw_views(scenes, np.arange(count), WIDTH, HEIGHT, randomization, rng)
    first = render(scenes, views, textures, WIDTH, HEIGHT, rng)
    return scenes, views, first, renderer.render(scenes, views, textures, WIDTH, HEIGHT)


@pytest.fixture(scope="module")
def pinhole(renderer: BulletRenderer) -> Drawn:
    return both(renderer, {"lens"}, 12)


def outline(scenes: SceneBatch, views: ViewBatch, view: int, slot: int) -> np.ndarray:
    """Hull of a block's projected corners, pixels."""
    fx, fy, cx, cy = views.intrinsics[view]
    matrix = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
    camera = Camera(WIDTH, HEIGHT, matrix, np.array([*views.distortion[view], 0, 0]))
    scene = views.scene[view]
    block = Pose.from_rotation(scenes.rotation[scene, slot], scenes.position[scene, slot])
    pose = Pose.from_rotation(views.rotation[view], views.position[view]).inverse() @ block
    corners = pose.transform_points(cube_corners(float(scenes.own_edge[scene, slot])))
    return cv2.convexHull(camera.project(corners).astype(np.float32))


def middle(mask: np.ndarray) -> np.ndarray:
    rows, columns = np.nonzero(mask)
    return np.array([columns.mean(), rows.mean()])


def middles(drawn: Drawn) -> tuple[np.ndarray, np.ndarray]:
    """Middles of blocks: as both images show them, (N, 2, 2); of those that are seen whole also
    as projected, (M, 3, 2)."""
    scenes, views, first, second = drawn
    shown, whole = [], []
    for view in range(views.size):
        for slot in np.flatnonzero(scenes.is_block[views.scene[view]]):
            masks = [image.instance[view] == slot for image in (first, second)]
            if masks[0].sum() < LEAST_PIXELS:
                continue
            assert masks[1].sum() == pytest.approx(masks[0].sum(), rel=0.1)
            shown.append([middle(mask) for mask in masks])
            hull = outline(scenes, views, view, int(slot))
            inside = (hull > 0).all() and (hull < [WIDTH - 1, HEIGHT - 1]).all()
            if inside and first.seen[view, slot] == first.covered[view, slot]:
                moments = cv2.moments(hull)
                projected = np.array([moments["m10"], moments["m01"]]) / moments["m00"]
                whole.append([*shown[-1], projected])
    return np.array(shown), np.array(whole)


def test_blocks_lie_where_the_ray_caster_and_the_camera_model_put_them(pinhole: Drawn) -> None:
    shown, whole = middles(pinhole)
    assert len(shown) >= 20
    assert len(whole) >= 4
    np.testing.assert_allclose(shown[:, 1], shown[:, 0], atol=MIDDLE_TOLERANCE_PX)
    np.testing.assert_allclose(whole[:, 1], whole[:, 2], atol=MIDDLE_TOLERANCE_PX)
    # Half a pixel between two conventions of a pixel's centre would show in the mean.
    np.testing.assert_allclose((shown[:, 1] - shown[:, 0]).mean(axis=0), 0, atol=0.05)


def test_with_a_lens_too(renderer: BulletRenderer) -> None:
    drawn = both(renderer, set(), 4)
    assert np.abs(drawn[1].distortion[:, 0]).max() > 0.05
    shown, whole = middles(drawn)
    assert len(shown) >= 20
    np.testing.assert_allclose(shown[:, 1], shown[:, 0], atol=LENS_TOLERANCE_PX)
    np.testing.assert_allclose(whole[:, 1], whole[:, 2], atol=LENS_TOLERANCE_PX)
    np.testing.assert_allclose((shown[:, 1] - shown[:, 0]).mean(axis=0), 0, atol=0.1)


def test_pixels_show_the_same_things(pinhole: Drawn) -> None:
    """Every shape, near and far, what lies on the table as thin as paper, and the backdrop."""
    scenes, _, first, second = pinhole
    same = first.instance == second.instance
    assert same.mean() > 0.995
    for shape in (BOX, ELLIPSOID, CYLINDER, EMPTY):  # the last: the backdrop
        slots = [np.flatnonzero(kinds == shape) for kinds in scenes.shape]
        pixels = np.array(
            [
                (image < 0) if shape == EMPTY else np.isin(image, slot)
                for image, slot in zip(first.instance, slots, strict=True)
            ]
        )
        assert pixels.sum() > 1000
        assert same[pixels].mean() > 0.97
    for slots in (np.s_[BOARD_SLOT : BOARD_SLOT + 1], np.s_[FIRST_SHEET:FIRST_BLOCK]):
        pixels = (first.instance >= slots.start) & (first.instance < slots.stop)
        assert pixels.sum() > 1000
        assert same[pixels].mean() > 0.97


def test_areas_that_hide_nothing_agree(pinhole: Drawn) -> None:
    scenes, _, first, second = pinhole
    counted = scenes.is_block & (first.covered > LEAST_PIXELS)
    difference = second.covered[counted] - first.covered[counted]
    assert (np.abs(difference) < 2.0 * np.sqrt(first.covered[counted])).all()


def test_textures_and_colours_are_the_same(pinhole: Drawn) -> None:
    """Within objects, images vary alike: faces, colours and the way that textures lie."""
    scenes, _, first, second = pinhole
    likeness, of_grounds = [], []
    for view in range(scenes.size):
        same = first.instance[view] == second.instance[view]
        for slot in np.flatnonzero(scenes.shape[view] != EMPTY):
            pixels = same & (first.instance[view] == slot)
            colors = [drawn.color[view][pixels].ravel() for drawn in (first, second)]
            if pixels.sum() > 300 and min(color.std() for color in colors) > 0.03:
                likeness.append(float(np.corrcoef(*colors)[0, 1]))
                if slot in GROUNDS:
                    of_grounds.append(likeness[-1])
    assert len(likeness) > 20
    assert np.median(likeness) > 0.8
    assert len(of_grounds) > 5
    assert np.median(of_grounds) > 0.8
