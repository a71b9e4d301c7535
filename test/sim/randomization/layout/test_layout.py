"""Where blocks stand: nothing goes through anything, and everything rests on something."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from simreal_common.geometry import cube_corners
from simreal_sim.randomization.cameras import draw_views, inside_something
from simreal_sim.randomization.layout.layout import (
    BOARD_SLOT,
    FIRST_BLOCK,
    FIRST_DISTRACTOR,
    FIRST_ROBOT,
    FIRST_SHEET,
    SHEET_M,
    TABLE_SLOT,
    draw_layout,
)
from simreal_sim.randomization.layout.placement import overlap
from simreal_sim.randomization.random_scenes import draw_scenes
from simreal_sim.randomization.ranges.randomization_config import (
    GROUPS,
    EdgeRanges,
    HeldRanges,
    LeaningRanges,
    RandomizationConfig,
    RobotRanges,
    StackingRanges,
    TabletopRanges,
)
from simreal_sim.randomization.ranges.ranges import LogUniform, Normal, Share, Weights
from simreal_sim.rendering.scene import EMPTY, SceneBatch

TOLERANCE = 1e-3  # of an edge: float32 positions, and touching
SIGNS = cube_corners(2.0)


def draw(count: int, seed: int, randomization: RandomizationConfig | None = None) -> SceneBatch:
    return draw_scenes(
        count, 30, randomization or RandomizationConfig(), np.random.default_rng(seed)
    )


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
        # Paper is so thin that blocks stand in it.
        others = others[(others < FIRST_SHEET) | (others >= FIRST_BLOCK)]
        for block in blocks:
            for other in others:
                if other != block:
                    assert not grid_overlap(scenes, scene, block, other)
            lowest = corners_in(scenes, scene, block)[:, 2].min()
            assert lowest > -TOLERANCE * scenes.own_edge[scene, block]


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
    scenes = draw(80, 0, RandomizationConfig(off))
    height = scenes.position[..., 2][scenes.is_block]
    np.testing.assert_allclose(height, scenes.own_edge[scenes.is_block] / 2, rtol=1e-5)
    assert flat(scenes)[scenes.is_block].all()


def test_blocks_on_top_have_a_block_below_their_middle() -> None:
    off = frozenset({"leaning", "held"})
    stacking = StackingRanges(on_top=Share(0.6))
    scenes = draw(120, 1, RandomizationConfig(off, stacking=stacking))
    stacked = mixed = 0
    for scene in range(scenes.size):
        slots = np.flatnonzero(scenes.is_block[scene])
        tops = scenes.position[scene, slots, 2] + scenes.half_size[scene, slots, 2]
        for slot in slots:
            place, edge = scenes.position[scene, slot], scenes.own_edge[scene, slot]
            if place[2] < 0.6 * edge:
                continue
            stacked += 1
            # On some block below its middle lies over the face, and not far from that one's middle.
            below = slots[np.abs(tops - (place[2] - edge / 2)) < TOLERANCE * edge]
            away = scenes.position[scene, below] - place
            assert np.linalg.norm(away[:, :2], axis=1).min() < 0.45 * scenes.edge[scene]
            over = np.einsum("nij,ni->nj", scenes.rotation[scene, below], away)
            face = scenes.half_size[scene, below]
            assert (np.abs(over) < face)[:, :2].all(axis=1).any()
            mixed += (np.abs(scenes.own_edge[scene, below] / edge - 1) > 0.1).any()
    assert stacked > 50
    assert mixed > 5


def test_leaning_blocks_touch_table_and_support_with_their_weight_between() -> None:
    leaning = LeaningRanges(on_block=Share(0.5), on_plate=Share(0.3))
    scenes = draw(120, 2, RandomizationConfig(frozenset({"held"}), leaning=leaning))
    tilted = scenes.is_block & ~flat(scenes)
    count = 0
    for scene, slot in zip(*np.nonzero(tilted), strict=True):
        edge = scenes.own_edge[scene, slot]
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
    randomization = RandomizationConfig(
        held=HeldRanges(held=Share(1.0)), robot=RobotRanges(present=Share(0.0))
    )
    scenes = draw(60, 3, randomization)
    hands = np.flatnonzero(scenes.shape[:, FIRST_ROBOT] != EMPTY)
    assert len(hands) > 40
    for scene in hands:
        fingers = scenes.position[scene, FIRST_ROBOT : FIRST_ROBOT + 2]
        across = fingers[1] - fingers[0]
        gap = np.linalg.norm(across) - 2 * scenes.half_size[scene, FIRST_ROBOT, 1]
        blocks = scenes.position[scene][scenes.is_block[scene]]
        side = (blocks - fingers.mean(axis=0)) @ (across / np.linalg.norm(across))
        away = np.linalg.norm(blocks - fingers.mean(axis=0), axis=1)
        between = (np.abs(side) < 1e-4) & (away < 1.6 * scenes.edge[scene])
        own_edge = scenes.own_edge[scene][scenes.is_block[scene]]
        assert (between & (np.abs(own_edge / gap - 1) < 1e-3)).any()


def test_boards_lie_under_the_blocks_and_sheets_flat_on_them() -> None:
    scenes = draw(200, 8)
    boards = scenes.shape[:, BOARD_SLOT] != EMPTY
    sheets = scenes.shape[:, FIRST_SHEET:FIRST_BLOCK] != EMPTY
    assert 20 < boards.sum() < 80
    assert set(sheets.sum(axis=1)) == set(range(5))
    top = scenes.position[..., 2] + scenes.half_size[..., 2]
    bottom = scenes.position[..., 2] - scenes.half_size[..., 2]
    # The board's top is where blocks stand; it lies on the table, and the table reaches beyond it.
    np.testing.assert_allclose(top[boards, BOARD_SLOT], 0, atol=1e-6)
    below = np.where(boards, bottom[:, BOARD_SLOT], 0)
    np.testing.assert_allclose(top[:, TABLE_SLOT], below, atol=1e-6)
    assert flat(scenes)[:, BOARD_SLOT:FIRST_BLOCK].all()
    for scene in np.flatnonzero(boards):
        corners = corners_in(scenes, scene, BOARD_SLOT) - scenes.position[scene, TABLE_SLOT]
        local = corners @ scenes.rotation[scene, TABLE_SLOT]
        assert (np.abs(local) < scenes.half_size[scene, TABLE_SLOT] * 1.001)[:, :2].all()
    # Each sheet lies a sheet's thickness above the one before, the first on table or board.
    for number in range(FIRST_BLOCK - FIRST_SHEET):
        here = sheets[:, number]
        np.testing.assert_allclose(bottom[here, FIRST_SHEET + number], number * SHEET_M, atol=1e-7)
        np.testing.assert_allclose(
            top[here, FIRST_SHEET + number], (number + 1) * SHEET_M, atol=1e-7
        )


def tabletops(arrangement: str, **ranges: object) -> RandomizationConfig:
    """Nothing but scenes that people set up, blocks in one way."""
    settings = TabletopRanges(share=Share(1.0), arrangements=weights_of(arrangement), **ranges)  # type: ignore[arg-type]
    off = frozenset({"held", "leaning"})
    return RandomizationConfig(off, tabletop=settings)


def weights_of(name: str) -> Weights:
    names = TabletopRanges().arrangements.names
    return Weights(names, tuple(float(other == name) for other in names))


def raised(scenes: SceneBatch) -> np.ndarray:
    """Which blocks stand on something else than the table."""
    return scenes.is_block & (scenes.position[..., 2] > 0.6 * scenes.own_edge)


def nearest_gap(scenes: SceneBatch) -> np.ndarray:
    """Of each block of scenes with several: distance to the nearest other one, in mean edges."""
    gaps = []
    for scene in np.flatnonzero(scenes.is_block.sum(axis=1) > 1):
        slots = np.flatnonzero(scenes.is_block[scene])
        place, edge = scenes.position[scene, slots], scenes.own_edge[scene, slots]
        away = np.linalg.norm(place[:, None] - place[None], axis=-1)
        away /= (edge[:, None] + edge[None]) / 2
        np.fill_diagonal(away, np.inf)
        gaps += away.min(axis=1).tolist()
    return np.array(gaps)


def test_arrangements_are_loose_in_rows_or_in_towers() -> None:
    loose, rows, towers = (draw(60, 9, tabletops(name)) for name in ("loose", "rows", "towers"))
    assert not raised(loose).any()
    assert raised(rows).sum() < 0.1 * rows.is_block.sum()
    assert raised(towers).sum() > 0.2 * towers.is_block.sum()
    assert (nearest_gap(rows) < 1.45).mean() > 0.6 > 0.5 > (nearest_gap(loose) < 1.45).mean()


def test_blocks_of_one_yaw_are_turned_alike_but_for_little() -> None:
    ranges = dict(one_yaw=Share(1.0), yaw_deg=Normal(1.0))
    scenes = draw(60, 10, tabletops("loose", **ranges))
    other = draw(60, 10, tabletops("loose", one_yaw=Share(0.0)))
    spread = [quarter_spread(one) for one in (scenes, other)]
    assert max(spread[0]) < np.radians(6.1)  # three standard deviations to each side
    assert np.median(spread[1]) > np.radians(20)


def quarter_spread(scenes: SceneBatch) -> list[float]:
    """Of each scene of three or more flat blocks: how far apart their yaws are, modulo a quarter."""
    spreads = []
    for scene in np.flatnonzero(scenes.is_block.sum(axis=1) >= 3):
        turn = scenes.rotation[scene][scenes.is_block[scene]]
        yaw = np.arctan2(turn[:, 1, 0], turn[:, 0, 0])
        from_first = (yaw - yaw[0] + np.pi / 4) % (np.pi / 2) - np.pi / 4
        spreads.append(float(np.ptp(from_first)))
    assert len(spreads) > 10
    return spreads


def test_blocks_of_a_scene_have_one_size_or_several() -> None:
    randomization = RandomizationConfig(
        edge=EdgeRanges(several=Share(0.5), ratio=LogUniform(0.5, 1.0))
    )
    scenes = draw(300, 11, randomization)
    many = scenes.is_block.sum(axis=1) > 3
    share = np.where(scenes.is_block, scenes.own_edge / scenes.edge[:, None], 1.0)
    assert 0.5 <= share.min() < 0.52
    assert share.max() <= 1.0001
    several = share.min(axis=1) < 0.999
    assert several[many].mean() == pytest.approx(0.5, abs=0.12)
    one = draw(40, 11, RandomizationConfig(edge=EdgeRanges(several=Share(0.0))))
    np.testing.assert_allclose(
        one.own_edge[one.is_block], np.repeat(one.edge, one.is_block.sum(axis=1)), rtol=1e-6
    )


def test_tabletops_come_as_often_as_their_share_says() -> None:
    layout = draw_layout(1500, RandomizationConfig(), np.random.default_rng(12))
    share = RandomizationConfig().tabletop.share.value
    assert layout.tabletop.mean() == pytest.approx(share, abs=0.04)
    # Nothing of them is left in the others.
    ground = layout.shape[:, BOARD_SLOT:FIRST_BLOCK] != EMPTY
    assert ground[layout.tabletop].any(axis=1).mean() > 0.8
    assert not ground[~layout.tabletop].any()
    number = (layout.shape[:, FIRST_BLOCK:FIRST_DISTRACTOR] != EMPTY).sum(axis=1)
    assert number[~layout.tabletop].max() <= 6 < 24 < number[layout.tabletop].max()
    assert np.isnan(layout.one_yaw[~layout.tabletop]).all()


def test_distractors_are_of_all_sorts() -> None:
    scenes = draw(200, 4)
    distractors = np.s_[:, FIRST_DISTRACTOR:FIRST_ROBOT]
    assert set(np.unique(scenes.shape[distractors])) == {0, 1, 2, 3}
    edge = np.broadcast_to(scenes.edge[:, None], scenes.shape[distractors].shape)
    size = 2 * scenes.half_size[distractors].max(axis=-1) / edge
    assert size[scenes.shape[distractors] != EMPTY].min() > 0.02


def test_cameras_keep_their_ranges_and_stay_outside_of_everything() -> None:
    scenes = draw(100, 6)
    index = np.repeat(np.arange(100), 4)
    randomization = RandomizationConfig()
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
    # Most images show a block's middle.
    local = np.einsum("nji,nkj->nki", views.rotation, offset)
    ideal = local[..., :2] / local[..., 2:]
    inside = (np.abs(ideal * views.intrinsics[:, None, :2]) < [160, 120]).all(axis=-1)
    inside &= (local[..., 2] > 0) & scenes.is_block[index, FIRST_BLOCK:FIRST_DISTRACTOR]
    assert inside.any(axis=1).mean() > 0.9


def test_cameras_that_are_not_randomized_all_look_from_one_side_at_their_block() -> None:
    scenes = draw(10, 6, RandomizationConfig(frozenset(GROUPS)))
    views = draw_views(
        scenes,
        np.arange(10),
        320,
        240,
        RandomizationConfig(frozenset(GROUPS)),
        np.random.default_rng(0),
    )
    assert (views.rotation == views.rotation[0]).all()
    assert (views.distortion == 0).all()
    offset = scenes.position[:, FIRST_BLOCK] - views.position
    assert np.linalg.norm(offset, axis=1) == pytest.approx(0.9, rel=1e-2)


def test_lenses_map_the_image_one_to_one() -> None:
    scenes = draw(50, 7)
    index = np.repeat(np.arange(50), 10)
    views = draw_views(scenes, index, 320, 240, RandomizationConfig(), np.random.default_rng(1))
    bent = views.distortion.any(axis=1)
    assert 0.25 < bent.mean() < 0.55
    corner = np.hypot(160, 120) / views.intrinsics[:, 0]
    radius = np.linspace(0, 1, 50)[None] * corner[:, None]
    k1, k2 = views.distortion.T
    shifted = radius * (1 + k1[:, None] * radius**2 + k2[:, None] * radius**4)
    assert (np.diff(shifted, axis=1) > 0).all()
