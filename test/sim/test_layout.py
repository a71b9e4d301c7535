"""Where blocks stand: nothing goes through anything, and everything rests on something."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from simreal_common.geometry import cube_corners
from simreal_sim.cameras import draw_views, inside_something
from simreal_sim.groups import GROUPS, HeldRanges, LeaningRanges, RobotRanges, StackingRanges
from simreal_sim.layout import FIRST_BLOCK, FIRST_DISTRACTOR, FIRST_ROBOT, TABLE_SLOT
from simreal_sim.placement import overlap
from simreal_sim.randomization import Randomization, draw_scenes
from simreal_sim.ranges import Share
from simreal_sim.scene import EMPTY, SceneBatch

TOLERANCE = 1e-3  # of an edge: float32 positions, and touching
SIGNS = cube_corners(2.0)


def draw(count: int, seed: int, randomization: Randomization | None = None) -> SceneBatch:
    return draw_scenes(count, 30, randomization or Randomization(), np.random.default_rng(seed))


def corners_in(scenes: SceneBatch, scene: int, slot: int, shrink: float = 1.0) -> np.ndarray:
    """Corners of a box in the world, (8, 3)."""
    local = SIGNS * scenes.half_size[scene, slot] * shrink
    return local @ scenes.rotation[scene, slot].T + scenes.position[scene, slot]


def grid_overlap(scenes: SceneBatch, scene: int, first: int, second: int) -> bool:
    """Whether a grid of points of one box, a little smaller than it, has a point in the other."""
    axis = np.linspace(-0.99, 0.99, 9)
    grid = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
    points = grid * scenes.half_size[scene, first]
    points = points @ scenes.rotation[scene, first].T + scenes.position[scene, first]
    local = (points - scenes.position[scene, second]) @ scenes.rotation[scene, second]
    return bool((np.abs(local) < scenes.half_size[scene, second] * 0.99).all(axis=1).any())


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_blocks_go_through_nothing(seed: int) -> None:
    scenes = draw(10, seed)
    for scene in range(scenes.size):
        present = np.flatnonzero(scenes.shape[scene] != EMPTY)
        blocks = present[(present >= FIRST_BLOCK) & (present < FIRST_DISTRACTOR)]
        others = present[(present >= TABLE_SLOT) & (present < FIRST_ROBOT + 3)]
        for block in blocks:
            for other in others:
                if other != block:
                    assert not grid_overlap(scenes, scene, block, other)
            lowest = corners_in(scenes, scene, block)[:, 2].min()
            assert lowest > -TOLERANCE * scenes.edge[scene]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_boxes_overlap_when_a_point_lies_in_both(seed: int) -> None:
    rng = np.random.default_rng(seed)
    half = rng.uniform(0.2, 1.0, size=(2, 3))
    rotation = Rotation.random(2, random_state=rng).as_matrix()
    position = rng.normal(0, 0.7, size=(2, 3))
    points = rng.uniform(-1, 1, size=(3000, 3)) * half[0] @ rotation[0].T + position[0]
    local = (points - position[1]) @ rotation[1]
    shared = (np.abs(local) < half[1]).all(axis=1).mean()
    found = overlap(position[0], rotation[0], half[0], position[1], rotation[1], half[1], 0.0)
    # Points prove an overlap, but a small one slips between them.
    assert found or shared == 0
    # A separating axis proves there is none: what does not overlap grown does not overlap at all.
    near = overlap(position[0], rotation[0], half[0] * 1.2, position[1], rotation[1], half[1], 0.0)
    assert near or not found


def flat(scenes: SceneBatch) -> np.ndarray:
    return np.abs(scenes.rotation[..., 2, 2]) > 0.99999


def test_without_stacking_leaning_and_hands_blocks_stand_on_the_table() -> None:
    off = frozenset({"stacking", "leaning", "held"})
    scenes = draw(80, 0, Randomization(off))
    height = scenes.position[..., 2][scenes.is_block]
    edge = np.repeat(scenes.edge, scenes.is_block.sum(axis=1))
    np.testing.assert_allclose(height, edge / 2, rtol=1e-5)
    assert flat(scenes)[scenes.is_block].all()


def test_blocks_on_top_have_a_block_below_their_middle() -> None:
    off = frozenset({"leaning", "held"})
    stacking = StackingRanges(on_top=Share(0.6))
    scenes = draw(120, 1, Randomization(off, stacking=stacking))
    stacked = 0
    for scene in range(scenes.size):
        edge = scenes.edge[scene]
        slots = np.flatnonzero(scenes.is_block[scene])
        for slot in slots:
            place = scenes.position[scene, slot]
            if place[2] < 0.6 * edge:
                continue
            stacked += 1
            below = scenes.position[scene, slots] - (place - [0, 0, edge])
            near = below[np.abs(below[:, 2]) < TOLERANCE * edge]
            assert np.linalg.norm(near[:, :2], axis=1).min() < 0.45 * edge
    assert stacked > 50


def test_leaning_blocks_touch_table_and_support_with_their_weight_between() -> None:
    leaning = LeaningRanges(on_block=Share(0.5), on_plate=Share(0.3))
    scenes = draw(120, 2, Randomization(frozenset({"held"}), leaning=leaning))
    tilted = scenes.is_block & ~flat(scenes)
    count = 0
    for scene, slot in zip(*np.nonzero(tilted), strict=True):
        edge = scenes.edge[scene]
        corners = corners_in(scenes, scene, slot)
        down = np.argsort(corners[:, 2])[:2]  # one edge lies on the table
        assert np.abs(corners[down, 2]).max() < TOLERANCE * edge
        # Grown a little it meets what holds it, and that lies towards its middle.
        supports = [
            other
            for other in range(FIRST_BLOCK, FIRST_ROBOT)
            if other != slot
            and scenes.shape[scene, other] != EMPTY
            and overlap(
                scenes.position[scene, slot].astype(float),
                scenes.rotation[scene, slot].astype(float),
                scenes.half_size[scene, slot] * 1.004,
                scenes.position[scene, other].astype(float),
                scenes.rotation[scene, other].astype(float),
                scenes.half_size[scene, other].astype(float),
                0.0,
            )
        ]
        foot = corners[down].mean(axis=0)
        lever = scenes.position[scene, slot] - foot
        lever[2] = 0
        assert any((scenes.position[scene, s] - foot) @ lever > 0 for s in supports)
        count += 1
    assert count > 60


def test_a_held_block_is_between_two_fingers_that_touch_it() -> None:
    randomization = Randomization(
        held=HeldRanges(held=Share(1.0)), robot=RobotRanges(present=Share(0.0))
    )
    scenes = draw(60, 3, randomization)
    hands = np.flatnonzero(scenes.shape[:, FIRST_ROBOT] != EMPTY)
    assert len(hands) > 40
    for scene in hands:
        fingers = scenes.position[scene, FIRST_ROBOT : FIRST_ROBOT + 2]
        across = fingers[1] - fingers[0]
        gap = np.linalg.norm(across) - 2 * scenes.half_size[scene, FIRST_ROBOT, 1]
        assert gap == pytest.approx(scenes.edge[scene], rel=1e-3)
        blocks = scenes.position[scene, FIRST_BLOCK:FIRST_DISTRACTOR][
            scenes.is_block[scene, FIRST_BLOCK:FIRST_DISTRACTOR]
        ]
        side = (blocks - fingers.mean(axis=0)) @ (across / np.linalg.norm(across))
        away = np.linalg.norm(blocks - fingers.mean(axis=0), axis=1)
        assert ((np.abs(side) < 1e-4) & (away < 1.6 * scenes.edge[scene])).any()


def test_things_are_of_all_sorts() -> None:
    scenes = draw(200, 4)
    things = np.s_[:, FIRST_DISTRACTOR:FIRST_ROBOT]
    assert set(np.unique(scenes.shape[things])) == {0, 1, 2, 3}
    edge = np.broadcast_to(scenes.edge[:, None], scenes.shape[things].shape)
    size = 2 * scenes.half_size[things].max(axis=-1) / edge
    assert size[scenes.shape[things] != EMPTY].min() > 0.02


def test_cameras_keep_their_ranges_and_stay_outside_of_everything() -> None:
    scenes = draw(100, 5)
    index = np.repeat(np.arange(100), 4)
    randomization = Randomization()
    views = draw_views(scenes, index, 320, 240, randomization, np.random.default_rng(0))
    eyes = views.position.astype(float)
    assert (eyes[:, 2] > 0.015).all()
    assert not inside_something(scenes, index, eyes, 0.01).any()
    fov = 2 * np.degrees(np.arctan(160 / views.intrinsics[:, 0]))
    assert 35 <= fov.min() < 37 and 88 < fov.max() <= 90.001
    offset = scenes.position[index, FIRST_BLOCK:FIRST_DISTRACTOR] - views.position[:, None]
    distance = np.linalg.norm(offset, axis=-1)
    distance[~scenes.is_block[index, FIRST_BLOCK:FIRST_DISTRACTOR]] = np.inf
    assert np.quantile(distance.min(axis=1), 0.02) > 0.12 and distance.min(axis=1).max() < 1.6
    # Most pictures show a block's middle.
    local = np.einsum("nji,nkj->nki", views.rotation, offset)
    ideal = local[..., :2] / local[..., 2:]
    inside = (np.abs(ideal * views.intrinsics[:, None, :2]) < [160, 120]).all(axis=-1)
    inside &= (local[..., 2] > 0) & scenes.is_block[index, FIRST_BLOCK:FIRST_DISTRACTOR]
    assert inside.any(axis=1).mean() > 0.9


def test_cameras_that_are_not_randomized_all_look_from_one_side_at_their_block() -> None:
    scenes = draw(10, 6, Randomization(frozenset(GROUPS)))
    views = draw_views(
        scenes, np.arange(10), 320, 240, Randomization(frozenset(GROUPS)), np.random.default_rng(0)
    )
    assert (views.rotation == views.rotation[0]).all()
    assert (views.distortion == 0).all()
    offset = scenes.position[:, FIRST_BLOCK] - views.position
    assert np.linalg.norm(offset, axis=1) == pytest.approx(0.9, rel=1e-2)


def test_lenses_map_the_image_one_to_one() -> None:
    scenes = draw(50, 7)
    index = np.repeat(np.arange(50), 10)
    views = draw_views(scenes, index, 320, 240, Randomization(), np.random.default_rng(1))
    bent = views.distortion.any(axis=1)
    assert 0.25 < bent.mean() < 0.55
    corner = np.hypot(160, 120) / views.intrinsics[:, 0]
    radius = np.linspace(0, 1, 50)[None] * corner[:, None]
    k1, k2 = views.distortion.T
    shifted = radius * (1 + k1[:, None] * radius**2 + k2[:, None] * radius**4)
    assert (np.diff(shifted, axis=1) > 0).all()
