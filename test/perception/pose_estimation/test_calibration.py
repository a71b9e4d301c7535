"""Scores and covariances: what they are made of, how they are fitted, where they are kept."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from simreal_common.block_estimate import BlockEstimate
from simreal_common.errors import ModelError
from simreal_common.geometry import Pose
from simreal_common.resources import share_directory
from simreal_perception.model_export.calibrate import (
    Sample,
    calibrate_model,
    fit,
    logistic_regression,
    std_regression,
)
from simreal_perception.model_files.model_card import ModelCard, load_model_card
from simreal_perception.pose_estimation.calibration import (
    Calibration,
    Evidence,
    evidence_of_pose,
    logit,
)

EDGE = 0.05


def drawn_images(rng: np.random.Generator, count: int, doubles: bool = False) -> list[list[Sample]]:
    """Images of three blocks and three distractors; the residual tells how far off a block is."""
    images = []
    for _ in range(count):
        places = [np.array([0.25 * (n - 2.5), 0.1, 0.9]) for n in range(6)]
        blocks = [(Pose(place, np.array([0.0, 0.0, 0.0, 1.0])), EDGE) for place in places[:3]]
        samples = []
        for number, place in enumerate(places):
            ray = place / np.linalg.norm(place)
            residual = rng.uniform(0.1, 1.0)
            sigma = 0.004 * np.exp(1.5 * residual)
            aside = np.cross(ray, rng.normal(size=3))
            error = rng.normal(0, sigma) * ray + 0.001 * aside
            pose = Pose(place + error, Rotation.from_rotvec(rng.normal(0, 0.02, 3)).as_quat())
            covariance = np.diag([1e-6] * 3 + [1e-4] * 3)
            covariance[:3, :3] += 0.004**2 * np.outer(ray, ray)
            evidence = Evidence(
                detection=float(rng.beta(4, 2) if number < 3 else rng.beta(2, 4)),
                block=float(rng.beta(4, 2) if number < 3 else rng.beta(2, 4)),
                normalized_residual=residual,
                **evidence_of_pose(pose, covariance, EDGE, 600.0),
            )
            estimate = BlockEstimate(pose, covariance, 0.0, EDGE)
            samples.append(Sample(estimate, evidence, evidence, blocks))
            if doubles:
                beside = Pose(pose.position + np.array([0.004, 0.0, 0.02]), pose.orientation)
                worse = evidence._replace(detection=0.0005, block=0.0005)
                double = BlockEstimate(beside, covariance, 0.0, EDGE)
                samples.append(Sample(double, worse, worse, blocks))
        images.append(samples)
    return images


def test_how_far_off_a_block_may_be_does_not_lower_its_score() -> None:
    far_off = Evidence(0.9, 0.9, along=0.1, across=0.01)
    assert Calibration().score(far_off) == Calibration().score(Evidence(0.9, 0.9)) > 0.9


@given(st.integers(0, 10_000), st.floats(0.2, 5.0), st.floats(0.2, 5.0), st.floats(0.2, 5.0))
@settings(max_examples=40, deadline=None)
def test_a_covariance_is_stretched_along_the_ray_and_across_it(
    seed: int, along: float, across: float, rotation: float
) -> None:
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(6, 6))
    covariance = root @ root.T + 1e-3 * np.eye(6)
    ray = rng.normal(size=3)
    ray /= np.linalg.norm(ray)
    calibration = Calibration(
        along={"bias": float(np.log(along))},
        across={"bias": float(np.log(across))},
        rotation={"bias": float(np.log(rotation))},
    )
    got = calibration.covariance(Evidence(0.5, 0.5), covariance, 0.7 * ray)
    aside = np.cross(ray, rng.normal(size=3))
    for direction, factor in ((ray, along), (aside, across)):
        before = direction @ covariance[:3, :3] @ direction
        assert direction @ got[:3, :3] @ direction == pytest.approx(factor**2 * before)
    np.testing.assert_allclose(got[3:, 3:], rotation**2 * covariance[3:, 3:])
    np.testing.assert_allclose(got, got.T, atol=1e-12)
    assert np.linalg.eigvalsh(got).min() > 0


def test_size_and_facing_follow_from_the_pose() -> None:
    square_on = Pose(np.array([0.0, 0.0, 1.0]), np.array([0.0, 0.0, 0.0, 1.0]))
    covariance = np.diag([1e-6, 3e-6, 4e-4, 1e-4, 1e-4, 4e-4])
    told = evidence_of_pose(square_on, covariance, EDGE, 600.0)
    assert told["size"] == pytest.approx(30.0)
    assert told["facing"] == pytest.approx(1.0)
    assert told["along"] == pytest.approx(0.02)
    assert told["across"] == pytest.approx(np.sqrt(2e-6))
    assert told["rotation"] == pytest.approx(np.sqrt(2e-4))
    on_a_corner = Rotation.align_vectors([[0, 0, 1.0]], [[1.0, 1, 1]])[0].as_quat()
    told = evidence_of_pose(Pose(2 * square_on.position, on_a_corner), covariance, EDGE, 600.0)
    assert told["facing"] == pytest.approx(1 / 3)
    assert told["size"] == pytest.approx(15.0)


def test_the_regression_finds_the_weights_that_made_the_scores_true() -> None:
    rng = np.random.default_rng(2)
    features = rng.normal(0, 2, size=(20_000, 3))
    weights = np.array([0.4, 0.9, -1.2])
    chance = 1 / (1 + np.exp(-(features @ weights - 0.5)))
    found = logistic_regression(features, rng.uniform(size=len(chance)) < chance)
    np.testing.assert_allclose(found, [-0.5, *weights], atol=0.1)
    assert np.isfinite(logit(np.array([0.0, 1.0]))).all()


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_stds_are_found_though_some_errors_are_gross(dimensions: int) -> None:
    rng = np.random.default_rng(3)
    features = rng.normal(size=(20_000, 2))
    factor = np.exp(0.7 + features @ [0.5, -0.3])
    errors = np.linalg.norm(rng.normal(size=(20_000, dimensions)), axis=1) * factor
    errors[:100] = 1000.0
    found = std_regression(features, errors, dimensions)
    np.testing.assert_allclose(found, [0.7, 0.5, -0.3], atol=0.15)


def test_a_fit_answers_both_questions() -> None:
    fitted = fit(drawn_images(np.random.default_rng(4), 150))
    images = drawn_images(np.random.default_rng(5), 300)
    scores, truth, sigmas = [], [], []
    for image in images:
        for number, sample in enumerate(image):
            scores.append(fitted.score(sample.evidence))
            truth.append(number < 3)
            if number < 3:
                place = sample.blocks[number][0].position
                ray = place / np.linalg.norm(place)
                wide = fitted.covariance(
                    sample.evidence, sample.estimate.covariance, sample.estimate.pose.position
                )
                off = (sample.estimate.pose.position - place) @ ray
                sigmas.append(abs(off) / np.sqrt(ray @ wide[:3, :3] @ ray))
    chance, kept = np.array(scores), np.array(truth)
    for low, high in ((0.0, 0.3), (0.3, 0.7), (0.7, 1.0)):
        inside = (chance >= low) & (chance <= high)
        assert kept[inside].mean() == pytest.approx(chance[inside].mean(), abs=0.07)
    assert np.mean(np.array(sigmas) < 1) == pytest.approx(0.68, abs=0.06)
    assert np.mean(np.array(sigmas) < 2) == pytest.approx(0.955, abs=0.03)
    assert fitted.along["misfit"] == pytest.approx(1.5, abs=0.3)


def test_near_duplicates_that_are_never_given_do_not_disturb_a_fit() -> None:
    once, doubled = (fit(drawn_images(np.random.default_rng(6), 60, on)) for on in (False, True))
    assert once != Calibration()
    assert asdict(doubled) == asdict(once)


def test_too_few_candidates_leave_the_default() -> None:
    assert fit(drawn_images(np.random.default_rng(7), 3)) == Calibration()
    assert fit([]) == Calibration()


def test_what_is_outside_of_what_was_fitted_counts_as_at_the_border() -> None:
    calibration = Calibration(existence={"misfit": -3.0, "size": 1.0, "distance": -1.0})
    border = Evidence(0.9, 0.9, normalized_residual=1.5, distance=1.0, size=100.0)
    beyond = Evidence(0.9, 0.9, normalized_residual=40.0, distance=9.0, size=900.0)
    assert calibration.score(beyond) == calibration.score(border)


@pytest.mark.parametrize(
    "calibration",
    [
        None,
        7,
        {"bias": -3.2, "detector_weight": 0.6, "variance_scale": 4.3},
        {**asdict(Calibration()), "along": {"bias": 0.1, "luck": 2.0}},
        {**asdict(Calibration()), "existence": {"bias": float("nan")}},
        {**asdict(Calibration()), "existence": {"bias": "high"}},
    ],
)
def test_a_card_that_cannot_be_used_says_what_to_run(calibration: object) -> None:
    card = ModelCard(Path("m.json"), (), {"calibration": calibration} if calibration else {})
    with pytest.raises(ModelError, match="`simreal calibrate-model m.json`") as refused:
        Calibration.of(card)
    assert "\n" not in str(refused.value)


def test_a_calibration_comes_back_from_a_card() -> None:
    given = Calibration(existence={"bias": 0.5, "facing": -1.0}, along={"sigma": 0.2})
    card = ModelCard(Path("m.json"), (), json.loads(json.dumps({"calibration": asdict(given)})))
    assert Calibration.of(card) == given


def test_a_model_with_an_old_card_is_calibrated_where_it_lies(tmp_path: Path) -> None:
    pytest.importorskip("numba", reason="scenes are drawn with numba")
    from simreal_perception.evaluation.evaluation_scenes import SceneSource
    from simreal_perception.pose_estimation.estimator import BlockEstimator

    shipped = load_model_card("block")
    for file in shipped.files:
        shutil.copy(file, tmp_path)
    path = tmp_path / "block.json"
    old = {**shipped.content, "calibration": {"bias": 0.0, "variance_scale": 4.0}}
    path.write_text(json.dumps(old), encoding="utf-8")
    with pytest.raises(ModelError, match="calibrate-model"):
        BlockEstimator.load(str(path))
    examples = SceneSource(30, 5).examples(range(30))
    calibration = calibrate_model(load_model_card(str(path)), examples, "how")
    card = load_model_card(str(path))
    assert calibration == Calibration.of(card) != Calibration()
    assert card.content["calibrated_by"] == "how"
    assert {**card.content, "calibration": 0} == {**old, "calibration": 0, "calibrated_by": "how"}
    BlockEstimator.load(str(path))


def test_the_shipped_calibration_rises_with_what_both_networks_say() -> None:
    calibration = Calibration.of(load_model_card(str(share_directory() / "models" / "block.json")))
    usual = Evidence(0.6, 0.6, 0.4, 0.3, 0.4)
    for size in (8.0, 20.0, 100.0):
        for name in ("detection", "block"):
            scores = [
                calibration.score(replace_one(usual, size, name, p))
                for p in np.linspace(0.01, 1, 30)
            ]
            assert (np.diff(scores) >= -1e-9).all(), (size, name)


def replace_one(evidence: Evidence, size: float, name: str, value: float) -> Evidence:
    return evidence._replace(**{"size": size, name: float(value)})
