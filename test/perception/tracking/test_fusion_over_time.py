"""Fusing measurements of one resting block: never surer than the errors they share allow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from simreal_common.geometry import Pose, cube_rotation_distance, cube_symmetries, rotation_distance
from simreal_perception.tracking.fusion_over_time import CORRELATED_SHARE, FusedPose, Measurement

AHEAD = np.array([0.0, 0.0, 1.0])


def measurement(
    position: np.ndarray,
    covariance: np.ndarray,
    rotation: np.ndarray | None = None,
    direction: np.ndarray = AHEAD,
) -> Measurement:
    turn = np.eye(3) if rotation is None else rotation
    return Measurement(Pose.from_rotation(turn, position), covariance, direction)


def random_covariance(rng: np.random.Generator) -> np.ndarray:
    turn = Rotation.random(random_state=int(rng.integers(2**31))).as_matrix()
    both = np.kron(np.eye(2), turn)
    scales = np.r_[rng.uniform(0.0002, 0.02, 3), rng.uniform(0.005, 0.2, 3)]
    return both @ np.diag(scales**2) @ both.T


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**31), count=st.integers(1, 80))
def test_the_covariance_keeps_what_all_images_share(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    covariances = [random_covariance(rng) for _ in range(count)]
    fused = FusedPose.of(measurement(np.zeros(3), covariances[0]))
    for covariance in covariances[1:]:
        fused = fused.plus(measurement(rng.normal(0, 0.001, 3), covariance))
    least = min(np.linalg.eigvalsh(covariance)[0] for covariance in covariances)
    got = fused.covariance
    np.testing.assert_allclose(got, got.T, atol=1e-12)
    assert np.linalg.eigvalsh(got)[0] >= CORRELATED_SHARE * least * (1 - 1e-6)


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**31), count=st.integers(2, 40))
def test_the_mean_lies_between_the_images(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    places = rng.normal(0, 0.01, (count, 3))
    fused = None
    for place in places:
        seen = measurement(place, rng.uniform(0.1, 10) * 1e-4 * np.eye(6))
        fused = FusedPose.of(seen) if fused is None else fused.plus(seen)
    assert fused is not None
    assert (fused.pose.position >= places.min(axis=0) - 1e-9).all()
    assert (fused.pose.position <= places.max(axis=0) + 1e-9).all()


def test_many_equal_images_are_hardly_better_than_one() -> None:
    covariance = random_covariance(np.random.default_rng(3))
    fused = FusedPose.of(measurement(np.zeros(3), covariance))
    np.testing.assert_allclose(fused.covariance, covariance, rtol=1e-6)
    for _ in range(100):
        fused = fused.plus(measurement(np.zeros(3), covariance))
    shrunk = np.trace(fused.covariance) / np.trace(covariance)
    assert CORRELATED_SHARE < shrunk < CORRELATED_SHARE + 0.01


def test_another_view_counts_as_news_and_a_view_seen_again_does_not() -> None:
    """Two views at a right angle, each good across its ray and bad along it."""
    front = np.diag([1e-6, 1e-6, 1e-4, 1e-4, 1e-4, 1e-4])
    side = np.diag([1e-4, 1e-6, 1e-6, 1e-4, 1e-4, 1e-4])
    aside = np.array([1.0, 0.0, 0.0])
    fused = FusedPose.of(measurement(np.zeros(3), front))
    fused = fused.plus(measurement(np.zeros(3), side, direction=aside))
    both = fused.covariance
    assert both[0, 0] < 1e-6 and both[2, 2] < 1e-6
    assert both[1, 1] == pytest.approx(0.5e-6)
    for _ in range(50):
        fused = fused.plus(measurement(np.zeros(3), front))
        fused = fused.plus(measurement(np.zeros(3), side, direction=aside))
    assert fused.covariance[1, 1] > CORRELATED_SHARE * 0.5e-6


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**31))
def test_the_orientation_follows_the_first_through_all_symmetries(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = Rotation.random(random_state=seed).as_matrix()
    covariance = np.diag([1e-6] * 3 + [0.02**2] * 3)
    fused = None
    for _ in range(12):
        noise = Rotation.from_rotvec(rng.normal(0, 0.02, 3)).as_matrix()
        turned = noise @ truth @ cube_symmetries()[int(rng.integers(24))]
        seen = measurement(np.zeros(3), covariance, turned)
        if fused is None:
            fused, first = FusedPose.of(seen), turned
        else:
            fused = fused.plus(seen)
        assert rotation_distance(fused.pose.rotation, first) < 0.25
    assert fused is not None
    assert cube_rotation_distance(fused.pose.rotation, truth) < 0.05


def test_a_nudge_shows_though_the_range_is_known_badly() -> None:
    covariance = np.diag([0.0003**2, 0.0003**2, 0.008**2, *[0.02**2] * 3])
    fused = FusedPose.of(measurement(np.zeros(3), covariance))
    assert fused.fits(measurement(np.array([0.0001, 0.0, 0.002]), covariance))
    assert not fused.fits(measurement(np.array([0.004, 0.0, 0.0]), covariance))
