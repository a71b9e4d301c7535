"""Scoring estimates against truth: matching, thresholds, tables, reliability, the card."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.geometry import Pose, cube_symmetries
from simreal_perception.evaluation.evaluation import WITHIN, Evaluation
from simreal_perception.evaluation.evaluation_card import write_figures
from simreal_perception.evaluation.evaluation_report import report, text_report
from simreal_perception.evaluation.evaluation_run import EvaluationOutcome
from simreal_perception.evaluation.reliability import (
    draw_reliability,
    expected_calibration_error,
    reliability_bins,
)
from simreal_perception.model_files.model_card import ModelCard

EDGE = 0.05
TURNED = Rotation.from_rotvec([0.3, -0.2, 0.5]).as_matrix()


def block(x: float, y: float = 0.0, z: float = 0.9) -> Pose:
    return Pose.from_rotation(TURNED, np.array([x, y, z]))


def estimate(pose: Pose, score: float = 0.9, off: tuple[float, ...] = (0, 0, 0)) -> BlockEstimate:
    moved = Pose(pose.position + np.array(off), pose.orientation)
    return BlockEstimate(moved, np.eye(6) * 1e-4, score, EDGE)


def evaluated(*images: tuple[list[BlockEstimate], list[Pose]]) -> Evaluation:
    evaluation = Evaluation()
    for estimates, truths in images:
        evaluation.add(estimates, truths, edge=EDGE)
    return evaluation


def test_a_right_estimate_has_no_error_whichever_of_the_24_rotations_it_gives() -> None:
    for symmetry in cube_symmetries()[::5]:
        pose = block(0.1)
        turned = Pose.from_rotation(pose.rotation @ symmetry, pose.position)
        figures = evaluated(([estimate(turned)], [pose])).summary()
        assert figures["recall"] == figures["precision"] == 1.0
        assert figures["position_mean_mm"] == pytest.approx(0, abs=1e-9)
        assert figures["rotation_mean_deg"] == pytest.approx(0, abs=1e-5)


def test_errors_are_split_along_the_ray_and_across_it() -> None:
    (error,) = evaluated(([estimate(block(0.0), off=(0.003, 0, 0.02))], [block(0.0)])).errors
    assert error.range_m == pytest.approx(0.02)
    assert error.lateral_m == pytest.approx(0.003)
    assert error.position_m == pytest.approx(np.hypot(0.02, 0.003))
    assert error.nees == pytest.approx((0.02**2 + 0.003**2) / 1e-4)


def test_blocks_of_several_sizes_are_compared_at_their_own_edge() -> None:
    """Told 50 mm, an estimator takes a block of 25 mm for one of 50 mm twice as far away."""
    small, large = block(0.05, z=0.45), block(-0.2)
    far = Pose(2 * small.position, small.orientation)
    evaluation = Evaluation()
    evaluation.add(
        [estimate(far), estimate(large, 0.8)], [large], [small], EDGE, edges=[0.05, 0.025]
    )
    figures = evaluation.summary()
    assert figures["recall"] == figures["precision"] == 1.0
    assert figures["position_mean_mm"] == pytest.approx(0, abs=1e-9)
    assert [b.error is not None and b.error.position_m < 1e-12 for b in evaluation.blocks] == [
        True
    ] * 2
    # At one edge for both it is a false alarm.
    assert evaluated(([estimate(far), estimate(large, 0.8)], [large, small])).false == 1


def test_errors_are_told_in_pixels_where_the_camera_is_known() -> None:
    camera = Camera(640, 480, np.array([[500, 0, 320], [0, 500, 240], [0, 0, 1.0]]), np.zeros(0))
    evaluation = Evaluation()
    found = estimate(block(0.0, z=0.5), off=(0.003, -0.004, 0.0))  # 500 px / 0.5 m
    evaluation.add([found], [block(0.0, z=0.5)], edge=EDGE, camera=camera)
    assert evaluation.errors[0].lateral_px == pytest.approx(5)
    evaluation.add([found], [block(0.0, z=0.5)], edge=EDGE)
    assert evaluation.errors[1].lateral_px is None
    assert evaluation.summary()["lateral_mean_px"] == pytest.approx(5)


def test_a_block_counts_once_and_what_is_beside_it_is_a_miss_and_a_false_alarm() -> None:
    twice = evaluated(([estimate(block(0.0)), estimate(block(0.0), 0.6)], [block(0.0)]))
    assert (len(twice.errors), twice.missed, twice.false) == (1, 0, 1)
    assert twice.errors[0].score == 0.9
    beside = evaluated(([estimate(block(0.0), off=(0.04, 0, 0))], [block(0.0)]))
    assert (len(beside.errors), beside.missed, beside.false) == (0, 1, 1)


def test_hidden_blocks_are_neither_missed_nor_false() -> None:
    evaluation = Evaluation()
    evaluation.add([estimate(block(0.2))], [block(0.0)], [block(0.2), block(0.4)], EDGE)
    assert (len(evaluation.errors), evaluation.missed, evaluation.false) == (0, 1, 0)


@given(st.integers(0, 10_000), st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_one_pass_serves_every_threshold(seed: int, threshold: float) -> None:
    rng = np.random.default_rng(seed)
    truths = [block(*rng.uniform(-0.1, 0.1, 2), rng.uniform(0.8, 1.0)) for _ in range(4)]
    found = [
        estimate(truths[int(rng.integers(4))], float(rng.uniform()), tuple(rng.normal(0, 0.02, 3)))
        for _ in range(6)
    ]
    least = [one for one in found if one.score >= threshold]
    once, again = evaluated((found, truths)).above(threshold), evaluated((least, truths))
    assert json.dumps(once.summary()) == json.dumps(again.summary())


def test_a_score_promises_a_block_and_no_more() -> None:
    for off, good in ((0.0095, True), (0.0105, False), (0.1, False)):
        pose = block(0.0)
        evaluation = evaluated(([estimate(pose, 0.7, (0, 0, off))], [pose]))
        scores, kept = evaluation.promises
        assert scores.tolist() == [0.7]
        assert kept.tolist() == [True]
        assert evaluation.errors[0].good is good
    scores, kept = evaluated(([estimate(block(0.3), 0.7)], [block(0.0)])).promises
    assert kept.tolist() == [False]


def test_a_good_position_is_judged_by_distance() -> None:
    for distance, off, good in ((0.9, 0.0105, False), (1.8, 0.019, True)):
        pose = block(0.0, z=distance)
        assert evaluated(([estimate(pose, off=(0, 0, off))], [pose])).errors[0].good is good


@given(st.integers(0, 1000))
@settings(max_examples=5, deadline=None)
def test_errors_drawn_from_their_covariances_are_covered_as_they_should(seed: int) -> None:
    rng = np.random.default_rng(seed)
    images = []
    for _ in range(1500):
        truth = block(*rng.uniform(-0.2, 0.2, 2), rng.uniform(0.6, 1.2))
        root = rng.normal(size=(3, 3)) * 2e-3 + 2e-3 * np.eye(3)
        covariance = np.eye(6) * 1e-4
        covariance[:3, :3] = root @ root.T
        pose = Pose(truth.position + root @ rng.normal(size=3), truth.orientation)
        images.append(([BlockEstimate(pose, covariance, 0.9, EDGE)], [truth]))
    figures = evaluated(*images).summary()
    for number, share in enumerate(WITHIN, 1):
        assert figures[f"range_within_{number}_sigma"] == pytest.approx(share, abs=0.05)
    assert figures["nees_mean"] == pytest.approx(3.0, abs=0.4)


def test_errors_across_the_ray_have_two_components() -> None:
    rng = np.random.default_rng(0)
    truth = block(0.0)
    images = []
    for _ in range(3000):
        pose = Pose(truth.position + rng.normal(0, 0.01, 3), truth.orientation)
        images.append(([BlockEstimate(pose, np.eye(6) * 1e-4, 0.9, EDGE)], [truth]))
    figures = evaluated(*images).summary()
    for number, share in enumerate(WITHIN, 1):
        assert figures[f"lateral_within_{number}_sigma"] == pytest.approx(share, abs=0.03)


def test_the_report_is_json_and_its_rows_add_up() -> None:
    evaluation = Evaluation()
    evaluation.add(
        [estimate(block(0.0), off=(0, 0, 0.05)), estimate(block(0.3, z=0.6), 0.3)],
        [block(0.0), block(0.3, z=0.6), block(-0.2, z=1.0)],
        edge=EDGE,
        visible=[1.0, 0.55, 0.95],
    )
    evaluation.add([], [], edge=EDGE)
    figures = report(EvaluationOutcome(evaluation, {0: "first", 1: "second"}, [3.0, 5.0], 2.0), 0.5)
    again = json.loads(json.dumps(figures, allow_nan=False))
    assert again["overall"]["blocks"] == 3
    assert again["overall"]["recall"] == pytest.approx(1 / 3)
    assert again["overall"]["near_share"] == 0.0  # 50 mm are more than 5 % of 0.9 m
    for key in ("by_visibility", "by_distance"):
        assert sum(row["blocks"] for row in again[key]) == 3
    by_score = {row["score"]: row["recall"] for row in again["by_score"]}
    assert by_score[0.2] == pytest.approx(2 / 3)
    assert by_score[0.5] == pytest.approx(1 / 3)
    assert again["best_balance"]["score"] == pytest.approx(0.3)
    assert [row["image"] for row in again["blocks"]] == ["first"] * 3
    text = text_report(figures, "a model")
    assert "recall 33.3 %" in text
    assert "50% to 60%" in text


def test_an_evaluation_of_nothing_is_reported_too() -> None:
    figures = report(EvaluationOutcome(), 0.5)
    json.dumps(figures, allow_nan=False)
    assert "recall 0.0 %" in text_report(figures, "nothing")


def test_reliability_tells_honest_scores_from_boastful_ones() -> None:
    rng = np.random.default_rng(1)
    scores = rng.uniform(size=20_000)
    honest = reliability_bins(scores, rng.uniform(size=scores.size) < scores)
    boastful = reliability_bins(scores, rng.uniform(size=scores.size) < scores - 0.2)
    assert expected_calibration_error(honest) < 0.02
    assert expected_calibration_error(boastful) == pytest.approx(0.18, abs=0.02)
    assert sum(entry.count for entry in honest) == scores.size
    assert all(entry.least < entry.score < entry.most for entry in honest[1:-1])
    assert len(reliability_bins(np.array([1.0, 0.05]), np.array([True, False]))) == 2
    assert draw_reliability(honest, "t").std() > 0
    assert draw_reliability([], "nothing").shape == draw_reliability(honest, "t").shape


def test_the_card_keeps_figures_and_counts_looks_at_real_images(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    evaluation = evaluated(([estimate(block(0.0))], [block(0.0)]))
    figures = report(EvaluationOutcome(evaluation, {0: "one"}, [3.0], 1.0), 0.5)
    path.write_text(json.dumps({"metrics": {}, "name": "m"}), encoding="utf-8")
    for real in ("cubes", None, "cubes"):
        card = ModelCard(path, (), json.loads(path.read_text(encoding="utf-8")))
        write_figures(card, f"evaluate {real}", figures, real)
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["looks"] == {"cubes": 2}
    assert content["metrics"]["evaluate None"]["recall"] == 1.0
    assert "cores" in content["metrics"]["evaluate cubes"]["machine"]
