"""The occupancy grid: what it takes for occupied, and when no longer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from simreal_common.errors import ConfigurationError, ImageError
from simreal_common.geometry import Pose, look_at
from simreal_common.settings.obstacles import Obstacle
from simreal_control.occupancy.depth_config import DepthConfig
from simreal_control.occupancy.occupancy_grid import OccupancyGrid
from simreal_control.robot_interface.depth_frame import DepthFrame

UPRIGHT = np.array([0.0, 0.0, 0.0, 1.0])
CONFIG = DepthConfig(topic="depth")
Make = Callable[..., DepthFrame]


def box(x: float, y: float, size: tuple[float, float, float], yaw: float = 0.0) -> Obstacle:
    turn = Rotation.from_euler("z", yaw).as_quat()
    return Obstacle("box", Pose(np.array([x, y, size[2] / 2]), turn), np.array(size))


BOX = box(0.5, 0.1, (0.10, 0.08, 0.15))


def nothing(points: np.ndarray) -> np.ndarray:
    return np.zeros(len(points), dtype=bool)


def looked(make_depth: Make, *scenes: list[Obstacle], grid: OccupancyGrid | None = None):
    """A grid after a frame of each of these scenes, a tenth of a second apart."""
    grid = OccupancyGrid(CONFIG) if grid is None else grid
    for number, scene in enumerate(scenes):
        grid.take(make_depth(scene, 0.1 * number), nothing)
    return grid


def occupied(grid: OccupancyGrid) -> np.ndarray:
    return grid.centres[grid.occupied()]


def test_a_bare_table_is_free(make_depth: Make) -> None:
    assert not looked(make_depth, *[[]] * 6).occupied().any()


@settings(max_examples=25, deadline=None)
@given(
    x=st.floats(0.3, 0.65), y=st.floats(-0.3, 0.3), yaw=st.floats(-3.0, 3.0),
    size=st.tuples(*[st.floats(0.05, 0.15)] * 3),
)  # fmt: skip
def test_cells_are_where_the_box_is(
    make_depth: Make, x: float, y: float, yaw: float, size: tuple[float, float, float]
) -> None:
    one = box(x, y, size, yaw)
    grid = looked(make_depth, [one], [one], [one])
    cells = occupied(grid)
    assert len(cells) > 5
    assert one.distance(cells).max() <= CONFIG.voxel_m * np.sqrt(3) / 2 + 1e-9
    # What lies hidden in it below its top is filled, and nothing beside it.
    solid = grid.centres[grid.solid(grid.occupied())]
    assert (one.distance_from_above(solid) <= CONFIG.voxel_m).all()
    inside = one.distance(grid.centres) == 0.0
    core = grid.centres[inside & (grid.centres[..., 2] < size[2] - 2 * CONFIG.voxel_m)]
    away = np.linalg.norm(core[:, None] - solid[None], axis=-1).min(axis=1, initial=np.inf)
    assert (away < 2.5 * CONFIG.voxel_m).all()


def test_one_frame_is_not_enough_and_one_without_it_neither(make_depth: Make) -> None:
    grid = looked(make_depth, [], [], [BOX])
    assert not grid.occupied().any()
    looked(make_depth, [BOX], [BOX], [], grid=grid)
    assert grid.occupied().any()


def test_what_goes_away_is_gone(make_depth: Make) -> None:
    grid = looked(make_depth, *[[BOX]] * 6, *[[]] * 3)
    assert not grid.occupied().any()


def test_what_was_at_the_border_of_the_image_goes_away_too(make_depth: Make) -> None:
    """A wall so high that the image cuts it off."""
    high = box(0.5, 0.1, (0.10, 0.30, 0.70))
    grid = looked(make_depth, *[[high]] * 6)
    assert occupied(grid)[:, 2].max() > 0.25
    looked(make_depth, *[[]] * 4, grid=grid)
    assert not grid.occupied().any()


def test_wrong_pixels_are_no_obstacles(make_depth: Make) -> None:
    rng = np.random.default_rng(1)
    grid = OccupancyGrid(CONFIG)
    for number in range(40):
        frame = make_depth([], 0.1 * number)
        depth = frame.depth * (1 + rng.normal(0, 0.003, frame.depth.shape))
        wrong = rng.random(depth.shape) < 0.01
        depth = np.where(wrong, rng.uniform(0.3, 1.5, depth.shape), depth)
        depth[rng.random(depth.shape) < 0.05] = rng.choice([0.0, np.nan, np.inf])
        grid.take(replace(frame, depth=depth), nothing)
        assert not grid.occupied().any(), number
        assert not grid.arrived(frame.stamp).any(), number


def test_what_the_robot_hides_stays_as_it_was(make_depth: Make) -> None:
    before = Obstacle("arm", Pose(np.array([0.8, 0.05, 0.35]), UPRIGHT), np.array([0.05, 0.5, 0.4]))
    grid = looked(make_depth, [BOX], [BOX], [BOX])
    seen = grid.occupied()
    for number in range(10):
        frame = make_depth([before], 1.0 + 0.1 * number)  # the box has gone meanwhile: who knows?
        grid.take(frame, lambda points: before.distance(points) < 0.01)
    assert (grid.occupied() == seen).mean() > 0.999
    assert seen.any()


def test_what_is_known_is_left_out(make_depth: Make) -> None:
    grid = looked(make_depth, [BOX], [BOX], [BOX])
    assert not grid.occupied([BOX], 0.02).any()
    other = box(0.5, -0.2, (0.10, 0.08, 0.15))
    assert (grid.occupied([other], 0.02) == grid.occupied()).all()


def test_what_comes_is_new_until_it_has_stood_still(make_depth: Make) -> None:
    grid = looked(make_depth, *[[]] * 6, *[[BOX]] * 3)
    new = grid.centres[grid.arrived(0.8)]
    assert len(new) > 5
    assert BOX.distance(new).max() < CONFIG.voxel_m
    assert not grid.arrived(0.8, [BOX], 0.02).any()
    assert not grid.arrived(0.6 + CONFIG.still_s + 0.2).any()


def test_a_large_thing_is_new_at_once_and_a_small_one_when_it_is_sure(make_depth: Make) -> None:
    assert looked(make_depth, *[[]] * 6, [BOX]).arrived(0.6).any()
    pen = box(0.6, 0.01, (0.018, 0.018, 0.06))  # one cell wide
    grid = looked(make_depth, *[[]] * 6, [pen])
    assert not grid.arrived(0.6).any()
    assert looked(make_depth, [pen], [pen], grid=grid).arrived(0.2).any()


def test_what_is_there_from_the_first_is_not_new(make_depth: Make) -> None:
    grid = looked(make_depth, *[[BOX]] * 6)
    assert grid.ready
    assert not grid.arrived(0.5).any()


def test_a_camera_that_moves_sees_the_same(make_depth: Make) -> None:
    grid = OccupancyGrid(CONFIG)
    for number in range(6):
        pose = look_at([1.1, -0.3 + 0.1 * number, 0.6], [0.5, 0.0, 0.0])
        grid.take(make_depth([BOX], 0.1 * number, pose), nothing)
    cells = occupied(grid)
    assert len(cells) > 5
    assert BOX.distance(cells).max() < CONFIG.voxel_m


def test_cells_that_are_too_many_are_refused_in_words() -> None:
    with pytest.raises(ConfigurationError, match=r"depth\.voxel.*wanted at most"):
        DepthConfig(topic="depth", voxel_m=0.005, upper=(2.0, 2.0, 2.0))


def test_a_depth_image_of_another_size_is_refused(make_depth: Make) -> None:
    frame = make_depth([])
    with pytest.raises(ImageError, match="wanted the camera_info of the depth image"):
        replace(frame, depth=frame.depth[:-1])
