"""The shipped model: on images of a renderer that training never used, and on photographs.

The bounds are far from what the model card states; they fail when something is broken, not when a
retrained model is a little worse.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError, ConfigurationError, ImageError
from simreal_common.geometry import Pose
from simreal_common.lenses.equidistant_lens import EQUIDISTANT
from simreal_perception.evaluation.evaluation import Evaluation
from simreal_perception.evaluation.evaluation_data import PhotographSource, WorldSource
from simreal_perception.pose_estimation.calibration import MIN_SCORE
from simreal_perception.pose_estimation.estimator import BlockEstimator
from simreal_perception.pose_estimation.image_pyramid import PyramidLimits

PHOTOGRAPHS = Path(__file__).resolve().parents[4] / "shared" / "data" / "real_cube"
EDGE = 0.05
SCENES = 12


@pytest.fixture(scope="module")
def estimator() -> BlockEstimator:
    return BlockEstimator.load("block")


def test_blocks_are_found_in_images_of_the_physics_world(estimator: BlockEstimator) -> None:
    pytest.importorskip("pybullet", reason="the simulation needs PyBullet")
    evaluation = Evaluation()
    for example in WorldSource(SCENES, seed=5).examples(range(SCENES)):
        found = estimator.estimate(example.image, example.camera, EDGE)
        evaluation.add([block for block in found if block.score >= MIN_SCORE], example.blocks)
    figures = evaluation.summary()
    assert figures["recall"] > 0.9, figures
    assert figures["precision"] > 0.8, figures
    assert figures["lateral_mean_mm"] < 4, figures
    assert figures["position_median_mm"] < 20, figures
    assert figures["rotation_median_deg"] < 8, figures


@pytest.mark.skipif(not PHOTOGRAPHS.is_dir(), reason="the photographs are not in the repository")
def test_the_cube_is_found_in_real_photographs(estimator: BlockEstimator) -> None:
    evaluation = Evaluation()
    source = PhotographSource(PHOTOGRAPHS)
    for example in source.examples(range(source.count)):
        best = estimator.estimate(example.image, example.camera, example.edge)[:1]
        evaluation.add(best, example.blocks, edge=example.edge)
    figures = evaluation.summary()
    assert figures["recall"] == 1.0, figures
    assert figures["position_mean_mm"] < 30, figures


def test_blocks_are_found_far_from_the_axis_of_a_fisheye(estimator: BlockEstimator) -> None:
    """The same rays of light, caught by a fisheye that looks 50 degrees past the scene."""
    pytest.importorskip("pybullet", reason="the simulation needs PyBullet")
    matrix = np.array([[520.0, 0, 640], [0, 520.0, 480], [0, 0, 1]])
    coefficients = np.array([0.02, -0.008, 0.002, -0.0004])
    fisheye = Camera(1280, 960, matrix, coefficients, EQUIDISTANT)
    turn = Rotation.from_euler("y", 50, degrees=True)
    v, u = np.mgrid[0 : fisheye.height, 0 : fisheye.width]
    rays = turn.inv().apply(fisheye.rays(np.stack([u, v], axis=-1)).reshape(-1, 3))
    evaluation = Evaluation()
    for example in WorldSource(3, seed=5).examples(range(3)):
        ahead = np.where(rays[:, 2:] > 0.2, rays, [9.0, 0.0, 1.0])
        source = example.camera.project(ahead).reshape(*u.shape, 2).astype(np.float32)
        image = np.asarray(cv2.remap(example.image, source, None, cv2.INTER_LINEAR), np.uint8)
        turned = Pose(np.zeros(3), turn.as_quat())
        found = estimator.estimate(image, fisheye, EDGE)
        evaluation.add(
            [block for block in found if block.score >= MIN_SCORE],
            [turned @ block for block in example.blocks],
        )
    figures = evaluation.summary()
    assert figures["recall"] > 0.8, figures
    assert figures["lateral_mean_mm"] < 4, figures
    assert figures["position_median_mm"] < 20, figures


def test_covariances_are_symmetric_and_positive(estimator: BlockEstimator) -> None:
    pytest.importorskip("pybullet", reason="the simulation needs PyBullet")
    (example,) = WorldSource(1, seed=1).examples(range(1))
    found = estimator.estimate(example.image, example.camera, EDGE)
    assert found
    for block in found:
        np.testing.assert_allclose(block.covariance, block.covariance.T, atol=1e-12)
        assert (np.linalg.eigvalsh(block.covariance) > 0).all()
        assert 0 <= block.score <= 1
        assert block.edge == EDGE


def test_a_scaled_world_looks_the_same(estimator: BlockEstimator) -> None:
    """Twice the edge, looked for twice as far, means twice the distance: one camera cannot tell."""
    pytest.importorskip("pybullet", reason="the simulation needs PyBullet")
    (example,) = WorldSource(1, seed=2).examples(range(1))
    once = estimator.estimate(example.image, example.camera, EDGE)
    far = BlockEstimator.load(
        "block", search=PyramidLimits(max_distance=2 * PyramidLimits.max_distance)
    )
    twice = far.estimate(example.image, example.camera, 2 * EDGE)
    np.testing.assert_allclose(
        [2 * b.pose.position for b in once], [b.pose.position for b in twice], rtol=1e-3
    )


def test_an_empty_image_has_no_block(estimator: BlockEstimator) -> None:
    camera = Camera.pinhole(640, 480, 1.0)
    grey = np.full((480, 640, 3), 128, np.uint8)
    assert [b for b in estimator.estimate(grey, camera, EDGE) if b.score >= MIN_SCORE] == []


@pytest.mark.parametrize("size", [(64, 48), (333, 77), (1920, 1080)])
def test_any_image_size_is_taken(estimator: BlockEstimator, size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    estimator.estimate(noise, Camera.pinhole(*size, 1.0), EDGE)


def test_what_cannot_be_estimated_is_refused_in_one_line(estimator: BlockEstimator) -> None:
    camera = Camera.pinhole(64, 48, 1.0)
    image = np.zeros((48, 64, 3), np.uint8)
    with pytest.raises(CalibrationError, match="32x48.*64x48"):
        estimator.estimate(image[:, :32], camera, EDGE)
    with pytest.raises(ConfigurationError, match="edge 0"):
        estimator.estimate(image, camera, 0.0)
    with pytest.raises(ImageError, match="uint8"):
        estimator.estimate(image.astype(float), camera, EDGE)  # type: ignore[arg-type]


def test_the_plane_makes_range_as_good_as_it_is_known(estimator: BlockEstimator) -> None:
    pytest.importorskip("pybullet", reason="the simulation needs PyBullet")
    without, agreed, known, badly = (Evaluation() for _ in range(4))
    for example in WorldSource(8, seed=3).examples(range(8)):
        assert example.plane is not None
        for evaluation, plane in (
            (without, None),
            (agreed, None),
            (known, example.plane),
            (badly, dataclasses.replace(example.plane, sigma=1.0)),
        ):
            found = estimator.estimate(
                example.image, example.camera, EDGE, plane, plane_from_blocks=evaluation is agreed
            )
            evaluation.add([b for b in found if b.score >= MIN_SCORE], example.blocks)
    before, by_blocks, after, same = (e.summary() for e in (without, agreed, known, badly))
    assert by_blocks["recall"] >= before["recall"]
    assert by_blocks["position_mean_mm"] < before["position_mean_mm"], (before, by_blocks)
    assert after["recall"] >= before["recall"]
    assert after["precision"] >= before["precision"]
    assert after["position_mean_mm"] < 0.6 * before["position_mean_mm"], (before, after)
    assert after["rotation_median_deg"] < before["rotation_median_deg"]
    assert same["position_mean_mm"] == pytest.approx(before["position_mean_mm"], rel=0.02)
    assert same["recall"] == before["recall"]
