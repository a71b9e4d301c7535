"""Recall as BOP counts it: the surest estimates, matched anew for each threshold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.geometry import Pose
from simreal_perception.evaluation.metrics.image_errors import ImageErrors, Target
from simreal_perception.evaluation.metrics.pose_recall import (
    PoseRecall,
    area_under_curve,
    count_matches,
)

EDGE = 0.05
CAMERA = Camera.pinhole(640, 480, np.radians(60))
UPRIGHT = np.array([0.0, 0.0, 0.0, 1.0])


def at(x: float, z: float = 0.8) -> Pose:
    return Pose(np.array([x, 0.0, z]), UPRIGHT)


def found(x: float, score: float = 0.9, z: float = 0.8) -> BlockEstimate:
    return BlockEstimate(at(x, z), np.eye(6) * 1e-4, score, EDGE)


def summary(estimates: list[BlockEstimate], targets: list[Target]) -> dict[str, float]:
    return PoseRecall([ImageErrors.of(estimates, targets, CAMERA)]).summary()


def test_right_estimates_have_full_recall_and_none_have_none() -> None:
    targets = [Target(at(0.0), EDGE), Target(at(0.2), EDGE)]
    full = summary([found(0.0), found(0.2)], targets)
    assert [full[k] for k in ("ar_mssd", "ar_mspd", "add_s_auc", "add_s_recall")] == pytest.approx(
        [1.0] * 4
    )
    assert full["blocks"] == 2
    none = summary([], targets)
    assert none["ar_mssd"] == none["ar_mspd"] == none["add_s_auc"] == none["add_s_recall"] == 0.0
    assert np.isnan(summary([], [])["ar_mssd"])


def test_an_error_counts_at_the_thresholds_above_it() -> None:
    """0.22 diameters off: below 0.25, 0.3, ... 0.5, six of ten thresholds."""
    off = 0.22 * EDGE * np.sqrt(3)
    figures = summary([found(off)], [Target(at(0.0), EDGE)])
    assert figures["ar_mssd"] == pytest.approx(0.6)
    assert figures["add_s_recall"] == 0.0
    assert figures["add_s_auc"] == pytest.approx(1 - off / 0.1)


def test_as_many_of_the_surest_estimates_count_as_there_are_blocks() -> None:
    target = [Target(at(0.0), EDGE)]
    assert summary([found(0.5, 0.9), found(0.0, 0.8)], target)["ar_mssd"] == 0.0
    assert summary([found(0.5, 0.7), found(0.0, 0.8)], target)["ar_mssd"] == 1.0
    image = ImageErrors.of([found(0.5, 0.9), found(0.0, 0.95)], target, CAMERA)
    assert PoseRecall([image.above(0.93)]).summary()["ar_mssd"] == 1.0
    assert PoseRecall([image.above(0.97)]).summary()["ar_mssd"] == 0.0


def test_hidden_blocks_are_not_asked_for() -> None:
    targets = [Target(at(0.0), EDGE, 1.0), Target(at(0.2), EDGE, 0.05)]
    figures = summary([found(0.0)], targets)
    assert figures["blocks"] == 1
    assert figures["ar_mssd"] == 1.0


def test_a_block_of_another_edge_is_compared_at_its_own() -> None:
    """Told 50 mm, an estimator takes 25 mm at 0.4 m for 50 mm at 0.8 m."""
    assert summary([found(0.0)], [Target(at(0.0, 0.4), EDGE / 2)])["ar_mssd"] == 1.0


def test_poses_that_are_right_in_the_image_alone_count_by_mspd_alone() -> None:
    image = ImageErrors.of([found(0.0, z=0.9)], [Target(at(0.0), EDGE)], CAMERA, only_2d=True)
    figures = PoseRecall([image]).summary()
    assert figures["ar_mspd"] > 0.5
    assert np.isnan(figures["ar_mssd"])
    assert np.isnan(figures["add_s_auc"])


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 4).flatmap(
        lambda blocks: st.lists(
            st.lists(st.floats(0.0, 1.0), min_size=blocks, max_size=blocks), max_size=5
        ).map(lambda rows: np.array(rows).reshape(len(rows), blocks))
    ),
    st.floats(0.05, 1.0),
)
def test_matching_is_greedy_by_score(errors: np.ndarray, threshold: float) -> None:
    """Written out: one estimate after another takes the nearest block that is left."""
    left = set(range(errors.shape[1]))
    for row in list(errors)[: errors.shape[1]]:
        near = sorted((row[block], block) for block in left if row[block] < threshold)
        if near:
            left.remove(near[0][1])
    assert count_matches(errors, threshold) == errors.shape[1] - len(left)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.0, 0.3), min_size=1, max_size=20))
def test_the_area_is_that_of_the_curve(values: list[float]) -> None:
    errors = np.array([*values, np.inf])
    thresholds = (np.arange(4000) + 0.5) / 4000 * 0.1
    curve = [(errors < threshold).mean() for threshold in thresholds]
    assert area_under_curve(errors, 0.1) == pytest.approx(np.mean(curve), abs=1e-3)
