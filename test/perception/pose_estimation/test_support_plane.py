"""The plane as prior on geometry whose truth is known: what it mends, and what it leaves alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose, look_at, rotation_distance
from simreal_perception.evaluation.evaluation_plane import PlaneKnowledge
from simreal_perception.pose_estimation.support_plane import (
    ALIKE,
    SupportPlane,
    fuse_plane,
    nearest_axes,
)

EDGE = 0.05
CAMERA = Camera.pinhole(1280, 960, 1.0)
RANGE_SHARE = 0.03  # error of range, and its sigma
elevations = st.floats(np.radians(20), np.radians(90))
turns = st.floats(0, 2 * np.pi)


def camera_at(elevation: float, distance: float, level: int = 0) -> Pose:
    """Pose of a camera that looks at a block on a level of a tower, in the world: table z = 0."""
    target = np.array([0.0, 0.0, (level + 0.5) * EDGE])
    eye = target + distance * np.array([-np.cos(elevation), 0.0, np.sin(elevation)])
    return look_at(eye, target)


def plane_of(camera_in_world: Pose, sigma: float = 0.002, height: float = 0.0) -> SupportPlane:
    return SupportPlane.in_frame([0, 0, 1], height, sigma, camera_in_world.inverse())


def block(camera_in_world: Pose, place: NDArray[np.float64], rotation: Rotation) -> Pose:
    return camera_in_world.inverse() @ Pose(place, rotation.as_quat())


def seen(
    truth: Pose, range_error: float, score: float = 0.9, sigma: float = RANGE_SHARE
) -> BlockEstimate:
    """An estimate that is off along its ray alone, with the covariance of one camera."""
    ray = truth.position / np.linalg.norm(truth.position)
    distance = float(np.linalg.norm(truth.position))
    along = np.outer(ray, ray)
    covariance = np.zeros((6, 6))
    covariance[:3, :3] = (sigma * distance) ** 2 * along
    covariance[:3, :3] += 0.0005**2 * (np.eye(3) - along)
    covariance[3:, 3:] = np.radians(2.0) ** 2 * np.eye(3)
    pose = Pose(truth.position * (1.0 + range_error), truth.orientation)
    return BlockEstimate(pose, covariance, score, EDGE)


def range_share(estimate: BlockEstimate, truth: Pose) -> float:
    distance = float(np.linalg.norm(truth.position))
    return float(np.linalg.norm(estimate.pose.position)) / distance - 1.0


def odds(score: float) -> float:
    return score / max(1.0 - score, 1e-12)


@given(elevations, turns, st.integers(1, 5), st.sampled_from([-1.0, 1.0]))
def test_range_becomes_as_good_as_the_plane_and_the_image_stays(
    elevation: float, turn: float, levels: int, sign: float
) -> None:
    # Nearer where the camera looks down: 3 % of range must stay well below half an edge of height,
    # or nobody knows the level.
    camera = camera_at(elevation, min(0.9, 0.4 / np.sin(elevation)), levels - 1)
    spin = Rotation.from_euler("z", turn)
    truths = [block(camera, np.array([0, 0, (k + 0.5) * EDGE]), spin) for k in range(levels)]
    estimates = [seen(truth, sign * RANGE_SHARE) for truth in truths]
    fused = fuse_plane(estimates, plane_of(camera))
    for truth, before, after in zip(truths, estimates, fused, strict=True):
        assert abs(range_share(after, truth)) < 0.005
        moved = CAMERA.project(after.pose.position) - CAMERA.project(before.pose.position)
        assert np.linalg.norm(moved) < 1.0
        assert np.linalg.eigvalsh(after.covariance).min() > 0


def test_the_covariance_says_that_range_is_better_known() -> None:
    camera = camera_at(np.radians(45), 0.9)
    truth = block(camera, np.array([0, 0, 0.5 * EDGE]), Rotation.identity())
    estimate = seen(truth, 0.005, 0.9, 0.01)
    (fused,) = fuse_plane([estimate], plane_of(camera))
    before, after = (np.sqrt(e.covariance[2, 2]) for e in (estimate, fused))
    assert 0.002 < after < 0.5 * before
    across = np.sqrt(np.diag(fused.covariance)[:2])
    np.testing.assert_allclose(across, 0.0005, rtol=0.5)


@given(elevations, turns, st.floats(-2.0, 2.0), st.floats(-2.0, 2.0))
def test_a_block_that_lies_flat_is_turned_flat_and_turns_freely_about_the_normal(
    elevation: float, turn: float, first: float, second: float
) -> None:
    camera = camera_at(elevation, 0.6)
    plane = plane_of(camera)
    truth = block(camera, np.array([0, 0, 0.5 * EDGE]), Rotation.from_euler("z", turn))
    estimate = seen(truth, 0.0)
    off = Rotation.from_rotvec(np.radians([first, second]) @ plane.basis)
    tilted = Pose(truth.position, (off * Rotation.from_quat(truth.orientation)).as_quat())
    (fused,) = fuse_plane([dataclasses.replace(estimate, pose=tilted)], plane)
    axis = nearest_axes(fused.pose.rotation[None], plane.normal)[0]
    tilt = float(np.arccos(min(axis @ plane.normal, 1.0)))
    assert tilt <= 0.3 * off.magnitude() + 1e-6
    about = plane.normal @ fused.covariance[3:, 3:] @ plane.normal
    assert about == pytest.approx(np.radians(2.0) ** 2, rel=0.2)
    assert plane.basis[0] @ fused.covariance[3:, 3:] @ plane.basis[0] < 0.3 * about


@given(elevations, st.floats(0.06, 0.3), turns)
def test_what_floats_scores_lower_and_is_left_where_it_is(
    elevation: float, height: float, turn: float
) -> None:
    camera = camera_at(elevation, 1.0)
    plane = plane_of(camera)
    # Halfway between two levels, upright as a gripper holds it.
    level = np.floor(height / EDGE) + 1.0
    held = block(camera, np.array([0, 0, level * EDGE]), Rotation.from_euler("z", turn))
    standing = block(camera, np.array([0.2, 0.1, 0.5 * EDGE]), Rotation.from_euler("z", turn))
    estimates = [seen(held, 0.0, 0.9, 0.003), seen(standing, 0.0, 0.9, 0.003)]
    floating, flat = fuse_plane(estimates, plane)
    assert 0.0 < floating.score < 0.85
    assert 0.9 < flat.score < 0.99
    off = np.linalg.norm(floating.pose.position - held.position)
    assert off < 2.0 * np.sqrt(np.trace(floating.covariance[:3, :3]))


def test_a_block_on_another_scores_higher_than_one_on_nothing() -> None:
    camera = camera_at(np.radians(35), 0.8)
    upright = Rotation.identity()
    lower, upper = (
        seen(block(camera, np.array([0, 0, (k + 0.5) * EDGE]), upright), 0.0, 0.9, 0.005)
        for k in range(2)
    )
    beside = seen(block(camera, np.array([0, 2 * EDGE, 0.5 * EDGE]), upright), 0.0, 0.9, 0.005)
    carried = fuse_plane([upper, lower], plane_of(camera))[0].score
    alone = fuse_plane([upper, beside], plane_of(camera))[0].score
    assert carried > 0.95
    assert odds(carried) > 3.0 * odds(alone) > 0.3


def test_seen_from_above_what_carries_a_block_may_be_hidden() -> None:
    camera = camera_at(np.radians(89), 0.7)
    upper = seen(block(camera, np.array([0, 0, 1.5 * EDGE]), Rotation.identity()), 0.0, 0.9, 0.005)
    (fused,) = fuse_plane([upper], plane_of(camera))
    assert fused.score > 0.85


@given(elevations, turns, st.floats(-RANGE_SHARE, RANGE_SHARE), st.floats(-0.3, 0.3))
def test_a_wrong_plane_known_badly_does_no_harm(
    elevation: float, turn: float, error: float, height: float
) -> None:
    camera = camera_at(elevation, 0.9)
    truth = block(camera, np.array([0, 0, 0.5 * EDGE]), Rotation.from_euler("z", turn))
    estimate = seen(truth, error)
    (fused,) = fuse_plane([estimate], plane_of(camera, sigma=3.0, height=height))
    np.testing.assert_allclose(fused.pose.position, estimate.pose.position, atol=0.001)
    np.testing.assert_allclose(fused.covariance, estimate.covariance, rtol=0.02, atol=1e-7)
    assert fused.score == pytest.approx(estimate.score, abs=0.01)


@given(elevations, turns, st.floats(np.radians(15), np.radians(45)))
def test_a_leaning_block_stays_leaning(elevation: float, turn: float, lean: float) -> None:
    camera = camera_at(elevation, 0.8)
    rotation = Rotation.from_euler("z", turn) * Rotation.from_euler("x", lean)
    height = 0.5 * EDGE * (np.cos(lean) + np.sin(lean))
    truth = block(camera, np.array([0, 0, height]), rotation)
    (fused,) = fuse_plane([seen(truth, 0.01, 0.9, 0.01)], plane_of(camera))
    assert rotation_distance(fused.pose.rotation, truth.rotation) < np.radians(4)
    assert abs(range_share(fused, truth)) < 0.011
    assert fused.score > 0.5


def test_between_two_levels_the_covariance_covers_both() -> None:
    """From straight above and far, 3 % of range is half an edge: which level, nobody knows."""
    camera = camera_at(np.radians(90), 0.9)
    truth = block(camera, np.array([0, 0, EDGE]), Rotation.identity())
    (fused,) = fuse_plane([seen(truth, 0.0)], plane_of(camera))
    sigma = float(np.sqrt(fused.covariance[2, 2]))
    assert sigma > 0.4 * abs(fused.pose.position[2] - truth.position[2])
    assert sigma > 0.2 * EDGE


@given(st.integers(0, 1000), st.integers(1, 8))
@settings(max_examples=30)
def test_any_estimates_give_as_many_valid_ones(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    estimates = []
    for _ in range(count):
        root = rng.normal(size=(6, 6)) * 10 ** rng.uniform(-4, -1)
        place = [*rng.normal(0, 0.4, 2), rng.uniform(0.1, 3.0)]
        pose = Pose(np.array(place), Rotation.random(random_state=rng).as_quat())
        covariance = root @ root.T + 1e-10 * np.eye(6)
        estimates.append(BlockEstimate(pose, covariance, float(rng.uniform()), EDGE, "red"))
    plane = SupportPlane(rng.normal(size=3), float(rng.uniform(-2, -0.1)), 0.002)
    fused = fuse_plane(estimates, plane)
    assert len(fused) == count
    for before, after in zip(estimates, fused, strict=True):
        assert np.isfinite(after.pose.position).all()
        np.testing.assert_allclose(after.covariance, after.covariance.T)
        assert np.linalg.eigvalsh(after.covariance).min() > 0
        assert 0.0 <= after.score <= 1.0
        assert odds(after.score) <= odds(before.score) / ALIKE * (1.0 + 1e-9)
        assert after.color == "red"
    assert fuse_plane([], plane) == []


@given(st.floats(0.1, 10), st.sampled_from([-1.0, 1.0]))
def test_a_plane_is_normalized_with_the_camera_above_it(scale: float, sign: float) -> None:
    plane = SupportPlane(np.array([0.0, -3.0, -4.0]) * scale * sign, -2.5 * scale * sign)
    np.testing.assert_allclose(plane.normal, [0, -0.6, -0.8])
    assert plane.offset == pytest.approx(-0.5)
    assert plane.height([0, 0, 0]) == pytest.approx(plane.camera_height) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("normal", "offset", "sigma", "says"),
    [
        ([0, 0, 0], 1, 0.002, "not all 0"),
        ([0, 0], 1, 0.002, "three finite numbers"),
        ([0, 0, np.nan], 1, 0.002, "three finite numbers"),
        ([0, 0, 1], np.inf, 0.002, "finite offset"),
        ([0, 0, 1], 1, 0, "sigma 0: wanted metres above 0"),
        ([0, 0, 1], 0.001, 0.002, "1.0 mm from the camera: wanted at least 5 mm"),
    ],
)
def test_no_plane(normal: list[float], offset: float, sigma: float, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        SupportPlane(np.array(normal), offset, sigma)


def test_knowledge_is_as_wrong_as_asked_and_the_same_again() -> None:
    camera = camera_at(np.radians(45), 0.8)
    plane = plane_of(camera)
    assert PlaneKnowledge(0.01).told(None, 3) is None
    exact = PlaneKnowledge(0.01).told(plane, 3)
    assert exact is not None
    np.testing.assert_allclose(exact.normal, plane.normal)
    assert exact.offset == pytest.approx(plane.offset)
    assert exact.sigma == 0.01
    noisy = PlaneKnowledge(0.01, 0.003, np.radians(0.5), 7)
    told = [noisy.told(plane, number) for number in range(300)]
    middle = np.array([0, 0, plane.offset / plane.normal[2]])
    heights = np.array([p.height(middle) for p in told if p is not None])
    assert np.std(heights) == pytest.approx(0.003, rel=0.15)
    tilts = np.array([np.arccos(min(p.normal @ plane.normal, 1.0)) for p in told if p is not None])
    assert np.sqrt(np.mean(tilts**2) / 2) == pytest.approx(np.radians(0.5), rel=0.15)
    again = noisy.told(plane, 5)
    assert again is not None
    assert told[5] is not None
    np.testing.assert_array_equal(again.normal, told[5].normal)
