"""The map: fusion, the height as a measurement, levels, yaw modulo a quarter turn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from simreal_common.block_estimate import BlockEstimate
from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose, cube_symmetries, look_at
from simreal_control.world_model.block_map import (
    BlockMapConfig,
    estimate_in_base,
    fuse,
    mean_yaw,
    rest_on_level,
    upright,
    wrap_quarter,
)

EDGE = 0.05
CAMERA = look_at([1.15, 0.0, 0.62], [0.47, 0.0, 0.03])
CONFIG = BlockMapConfig()
coordinate = st.floats(-0.2, 0.2)
angle = st.floats(-np.pi, np.pi)


def seen(
    x: float, y: float, level: int = 0, along_ray: float = 0.0, yaw: float = 0.0, score: float = 0.9
) -> BlockEstimate:
    """A block as the camera tells it, in the base frame, too far away by `along_ray`."""
    truth = np.array([x, y, (level + 0.5) * EDGE])
    ray = truth - CAMERA.position
    ray /= np.linalg.norm(ray)
    covariance = np.diag([0.002**2] * 3 + [0.03**2] * 3)
    covariance[:3, :3] += 0.015**2 * np.outer(ray, ray)
    pose = Pose(truth + along_ray * ray, Rotation.from_euler("z", yaw).as_quat())
    return BlockEstimate(pose, covariance, score, EDGE)


def test_pictures_that_say_the_same_do_not_add_up():
    """As those of a tracked block do: four are no surer than one."""
    (once,) = fuse([[seen(0.5, 0.1)]], CONFIG)
    (often,) = fuse([[seen(0.5, 0.1)]] * 4, CONFIG)
    np.testing.assert_allclose(often.covariance, once.covariance)
    assert often.score == once.score


def test_an_id_comes_along_into_the_base():
    estimate = replace(seen(0.0, 0.0), id="7")
    assert estimate_in_base(estimate, CAMERA, 0.01, 0.003).id == "7"


@given(yaw=angle, symmetry=st.integers(0, 23))
def test_upright_knows_no_symmetry(yaw, symmetry):
    rotation = Rotation.from_euler("z", yaw).as_matrix() @ cube_symmetries()[symmetry]
    got, tilt = upright(rotation)
    assert tilt < 1e-6
    assert abs(wrap_quarter(got - yaw)) < 1e-6
    assert -np.pi / 4 <= got < np.pi / 4


@given(yaw=angle, noise=st.lists(st.floats(-0.1, 0.1), min_size=3, max_size=9))
def test_mean_yaw_lies_among_its_yaws_across_the_wrap(yaw, noise):
    mean = mean_yaw([wrap_quarter(yaw + n) for n in noise], [1.0] * len(noise))
    away = wrap_quarter(mean - yaw)
    assert min(noise) - 1e-9 <= away <= max(noise) + 1e-9


@given(
    position=st.tuples(coordinate, coordinate, st.floats(0, 0.1)),
    shape=st.lists(st.floats(-0.02, 0.02), min_size=9, max_size=9),
    level=st.integers(0, 3),
)
def test_resting_never_grows_the_covariance_and_settles_the_height(position, shape, level):
    root = np.array(shape).reshape(3, 3)
    covariance = root @ root.T + 1e-6 * np.eye(3)
    updated, reduced, _ = rest_on_level(np.array(position), covariance, level, CONFIG)
    assert np.linalg.eigvalsh(covariance - reduced).min() > -1e-9
    assert np.linalg.eigvalsh(reduced).min() > -1e-9
    before, after = position[2] - CONFIG.height(level), updated[2] - CONFIG.height(level)
    assert abs(after) <= abs(before) + 1e-12


@given(x=st.floats(0.36, 0.64), y=coordinate, along=st.floats(-0.025, 0.025))
def test_an_error_along_the_ray_is_undone_in_x_and_y(x, y, along):
    (block,) = fuse([[seen(x, y, along_ray=along)]], CONFIG)
    assert block.level == 0
    # What is left is what the support's and the lateral tolerance leave open.
    assert np.linalg.norm(block.position - [x, y, 0.025]) < 0.2 * abs(along) + 1e-6


@settings(max_examples=50, deadline=None)
@given(
    x=st.floats(0.4, 0.6),
    y=coordinate,
    height=st.integers(1, 5),
    along=st.floats(-0.012, 0.012),
)
def test_a_tower_is_seen_level_by_level(x, y, height, along):
    image = [seen(x, y, level, along) for level in range(height)]
    blocks = fuse([image] * 3, CONFIG)
    assert [block.level for block in blocks] == list(range(height))
    for block in blocks:
        assert np.linalg.norm(block.position[:2] - [x, y]) < 0.005


def test_a_wild_picture_does_not_move_a_block():
    images = [[seen(0.5, 0.1, yaw=0.2)] for _ in range(4)] + [[seen(0.512, 0.108, yaw=0.7)]]
    (block,) = fuse(images, CONFIG)
    assert np.linalg.norm(block.position[:2] - [0.5, 0.1]) < 0.002
    assert abs(wrap_quarter(block.yaw - 0.2)) < 0.05
    assert block.seen >= 4


def test_what_is_seen_seldom_or_without_belief_is_left_out():
    images = [[seen(0.5, 0.1)] for _ in range(4)]
    images[0].append(seen(0.4, -0.1))  # once in four
    for image in images:
        image.append(seen(0.6, -0.1, score=0.1))
    assert len(fuse(images, CONFIG)) == 1


def test_what_floats_or_leans_is_left_out():
    floating = seen(0.5, 0.1)
    floating = BlockEstimate(
        Pose(np.array([0.5, 0.1, 0.25]), floating.pose.orientation),
        1e-6 * np.eye(6),
        0.9,
        EDGE,
    )
    leaning = BlockEstimate(
        Pose(np.array([0.4, 0.0, 0.03]), Rotation.from_euler("xy", [0.7, 0.7]).as_quat()),
        seen(0.4, 0.0).covariance,
        0.9,
        EDGE,
    )
    assert fuse([[floating, leaning]] * 3, CONFIG) == []


def test_neighbours_stay_apart_and_doubles_become_one():
    neighbours = [seen(0.5, 0.0), seen(0.5, 0.056)]
    assert len(fuse([neighbours] * 3, CONFIG)) == 2
    doubles = [seen(0.5, 0.0), seen(0.505, 0.01)]
    assert len(fuse([doubles] * 3, CONFIG)) == 1


def test_estimates_are_taken_to_the_base_with_their_covariance():
    along_z = np.diag([1e-6, 1e-6, 1e-4, 0, 0, 0])
    camera = BlockEstimate(
        Pose(np.array([0, 0, 0.9]), np.array([0, 0, 0, 1.0])), along_z, 1.0, EDGE
    )
    base = estimate_in_base(camera, CAMERA, 0.01, 0.003)
    axis = CAMERA.rotation[:, 2]
    np.testing.assert_allclose(base.pose.position, CAMERA.position + 0.9 * axis)
    # 10 mm published, 10 mm added along the ray, 3 mm everywhere.
    assert axis @ base.covariance[:3, :3] @ axis == pytest.approx(1e-4 + 1e-4 + 9e-6)
    across = CAMERA.rotation[:, 0]
    assert across @ base.covariance[:3, :3] @ across == pytest.approx(1e-6 + 9e-6)


@given(x=coordinate, y=coordinate)
def test_what_may_lie_on_either_of_two_levels_has_a_wide_covariance(x, y):
    estimate = seen(0.5 + x, y)
    ray = estimate.pose.position - CAMERA.position
    ray /= np.linalg.norm(ray)
    blocks = []
    for sigma in (0.005, 0.08):
        covariance = estimate.covariance.copy()
        covariance[:3, :3] += sigma**2 * np.outer(ray, ray)
        # So far along the ray that its height is between two levels, and nearer to that of the table.
        raised = Pose(estimate.pose.position + 0.4 * EDGE / ray[2] * ray, estimate.pose.orientation)
        blocks.append(fuse([[replace(estimate, pose=raised, covariance=covariance)]], CONFIG)[0])
    assert [block.level for block in blocks] == [0, 0]
    sure, unsure = (np.sqrt(np.linalg.eigvalsh(block.covariance)[-1]) for block in blocks)
    assert unsure > 1.3 * sure  # were one level taken for certain they would be alike


def test_nothing_seen_is_nothing():
    assert fuse([], CONFIG) == []
    assert fuse([[], []], CONFIG) == []


def test_a_wrong_edge_is_refused():
    with pytest.raises(ConfigurationError, match="edge 0"):
        BlockMapConfig(edge_m=0.0)


def test_a_block_far_above_the_table_has_no_level():
    assert fuse([[seen(0.5, 0.0, level=6)]] * 3, CONFIG) == []
    lower_hidden = [seen(0.5, 0.0), seen(0.5, 0.0, level=2)]
    assert [block.level for block in fuse([lower_hidden] * 3, CONFIG)] == [0, 2]


@given(yaw=angle, tilt=st.floats(0.2, 0.55), symmetry=st.integers(0, 23))
@settings(max_examples=20, deadline=None)
def test_a_leaning_block_stands_higher_and_tells_its_axis(yaw, tilt, symmetry):
    turned = Rotation.from_euler("z", yaw) * Rotation.from_euler("x", tilt)
    rotation = turned.as_matrix() @ cube_symmetries()[symmetry]
    height = EDGE / 2 * (np.cos(tilt) + np.sin(tilt))
    flat = seen(0.5, 0.0)
    leaning = replace(flat, pose=Pose.from_rotation(rotation, [0.5, 0.0, height]))
    (block,) = fuse([[leaning]] * 4, CONFIG)
    assert block.level == 0
    assert block.position[2] == pytest.approx(height, abs=1e-3)
    assert abs(np.sin(block.lean_axis - yaw)) < 1e-6
    (resting,) = fuse([[flat]] * 4, CONFIG)
    assert resting.lean_axis is None
