"""Blocks of other shapes: from a YAML file to a model whose card, estimator and errors know it."""

from __future__ import annotations

import argparse
import dataclasses
import shlex
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from simreal_cli import cli_train  # noqa: E402
from simreal_cli.parsing.shapes import shape_of_model  # noqa: E402
from simreal_common.errors import ConfigurationError  # noqa: E402
from simreal_common.geometry import Pose  # noqa: E402
from simreal_common.settings.shape_file import load_shape, shape_text  # noqa: E402
from simreal_common.shapes.shape import CUBE, Shape  # noqa: E402
from simreal_common.shapes.symmetry import turns_about_z  # noqa: E402
from simreal_perception.evaluation.evaluation_run import evaluate  # noqa: E402
from simreal_perception.evaluation.evaluation_scenes import SceneSource  # noqa: E402
from simreal_perception.labelled_batches.edge_labels import edge_fields  # noqa: E402
from simreal_perception.labelled_batches.pose_data import CropSource  # noqa: E402
from simreal_perception.model_export.export import export  # noqa: E402
from simreal_perception.model_files.model_card import load_model_card  # noqa: E402
from simreal_perception.pose_estimation.crop_camera import CROP_SIZE  # noqa: E402
from simreal_perception.pose_estimation.detection import Detections  # noqa: E402
from simreal_perception.pose_estimation.estimator import BlockEstimator  # noqa: E402
from simreal_perception.training.checkpoint import load_network  # noqa: E402
from simreal_perception.training.initial_weights import load_initial_weights  # noqa: E402
from simreal_perception.training.sanity_checks.first_checks import it_runs  # noqa: E402
from simreal_perception.training.sanity_checks.overfit import overfit  # noqa: E402
from simreal_perception.training.tasks.loss import Loss  # noqa: E402
from simreal_perception.training.tasks.registry import make_task  # noqa: E402
from simreal_perception.training.training import train  # noqa: E402
from simreal_perception.training.training_config import TrainingConfig, read_config  # noqa: E402
from simreal_sim.randomization.ranges.randomization_config import (  # noqa: E402
    RandomizationConfig,
)

SMALL = {"batch": 6, "width": 4, "held_out": 1, "trackers": (), "seed": 5}
CUBOID = Shape("cuboid", (0.06, 0.04, 0.03))
CYLINDER = Shape("cylinder", radius=0.02, height=0.06)
PRISM = Shape("prism", (0.04,), height=0.05, sides=3)
both = pytest.mark.parametrize("shape", [CUBOID, CYLINDER], ids=["cuboid", "cylinder"])


def config(task: str, shape: Shape, **changes: object) -> TrainingConfig:
    return TrainingConfig(task, shape=shape_text(shape), **{**SMALL, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("task", "shape"),
    [
        ("detector", CYLINDER),
        ("pose", CUBOID),
        pytest.param("detector", CUBOID, marks=pytest.mark.slow),
        pytest.param("pose", CYLINDER, marks=pytest.mark.slow),
    ],
)
def test_the_networks_run_and_learn_one_batch_by_heart(task: str, shape: Shape) -> None:
    real = dataclasses.replace(read_config(None, task), width=8, shape=shape_text(shape))
    for result in (it_runs(real), overfit(real)):
        assert result.passed, result.describe()


@pytest.mark.parametrize("shape", [CUBE, CUBOID, CYLINDER, PRISM])
def test_labels_are_of_one_pose_and_follow_a_symmetric_turn(shape: Shape) -> None:
    batch = CropSource(7, RandomizationConfig(shape=shape)).draw(24)
    known = batch.target == 1
    center = batch.points[known].mean(axis=1)
    arms = np.einsum("nij,kj->nki", batch.rotation[known], shape.keypoints)
    edge = np.linalg.norm(batch.points[known, 0] - center, axis=1) / np.linalg.norm(
        shape.keypoints[0]
    )
    np.testing.assert_allclose(
        batch.points[known], arms * edge[:, None, None] + center[:, None], atol=1e-5
    )
    turns = list(shape.symmetry.rotations[-1:])
    if shape.symmetry.free_axis:
        turns.append(turns_about_z(np.array(0.7)))
    for turn in turns:
        rotation = (batch.rotation[known] @ turn).astype(np.float32)
        points = np.einsum("nij,kj->nki", rotation, shape.keypoints) * edge[:, None, None]
        points = (points + center[:, None]).astype(np.float32)
        _, distance = edge_fields(points, rotation, batch.focal[known], shape=shape)
        np.testing.assert_allclose(distance, batch.edge_distance[known], atol=0.2)


@both
def test_another_name_of_the_same_pose_costs_the_same(shape: Shape) -> None:
    task = make_task("pose", 3, 4, RandomizationConfig(shape=shape))
    batch = task.source.draw(16)
    turn = shape.symmetry.rotations[-1]
    if shape.symmetry.free_axis:
        turn = turn @ turns_about_z(np.array(1.0))
    rotation = (batch.rotation @ turn).astype(np.float32)
    center = batch.points.mean(axis=1, keepdims=True)
    # Keypoints in the order that this other name of the same pose gives them.
    arms = np.einsum("nji,nkj->nki", batch.rotation, batch.points - center)
    points = (np.einsum("nij,nkj->nki", rotation, arms) + center).astype(np.float32)
    corners = points[..., :2] / points[..., 2:] * batch.focal[:, None, None] / (CROP_SIZE / 2)
    alike = dataclasses.replace(
        batch, rotation=rotation, points=points, corners=corners.astype(np.float32)
    )
    network = task.network.eval()
    with torch.no_grad():
        losses = [float(Loss(*task.loss(network, one)).total) for one in (batch, alike)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)


@pytest.mark.parametrize(
    "shape", [CUBOID, pytest.param(CYLINDER, marks=pytest.mark.slow)], ids=["cuboid", "cylinder"]
)
def test_a_run_its_card_and_its_estimator_know_the_shape(shape: Shape, tmp_path: Path) -> None:
    run = tmp_path / "run"
    configs = [config(task, shape, steps=1) for task in ("detector", "pose")]
    for one in configs:
        train(one, run)
    assert load_shape(run / "shape.yaml") == shape
    assert load_network(run / "pose.pt")[0].body == shape
    written = export(run, tmp_path / "mine", {}, scenes=2)
    card = load_model_card(str(written[-1]))
    assert card.shape == shape

    # The commands in the card give the same configurations again.
    parser = argparse.ArgumentParser()
    cli_train.add_arguments(parser)
    *trainings, _ = (shlex.split(words) for words in card.content["command"].split("; "))
    for words, one in zip(trainings, configs, strict=True):
        assert cli_train.configurations(parser.parse_args(words[2:])) == [one]

    estimator = BlockEstimator.load(str(card.path))
    scenes = SceneSource(20, 3, shape=shape).examples(range(20))
    example = next(scene for scene in scenes if scene.blocks)
    centers = example.camera.project(np.stack([pose.position for pose in example.blocks]))
    there = Detections(centers, np.full(len(centers), 30.0), np.ones(len(centers)))
    seen = example.image, example.camera, example.edge
    candidates = estimator.judged_candidates(*seen, there)
    assert all(np.isfinite(one.covariance).all() for one in candidates)
    found = estimator.blocks(candidates, *seen)
    assert all(estimate.shape == shape for estimate in found)
    outcome = evaluate(str(card.path), SceneSource(2, 1, shape=shape))
    assert outcome.evaluation.images == 2

    # A shape that is given has to be the one that the model finds.
    mine, other = tmp_path / "mine.yaml", tmp_path / "other.yaml"
    mine.write_text(shape_text(shape), encoding="utf-8")
    other.write_text(shape_text(PRISM), encoding="utf-8")
    assert shape_of_model(str(card.path), mine) == shape
    with pytest.raises(ConfigurationError, match="wanted the same kind and proportions"):
        shape_of_model(str(card.path), other)
    with pytest.raises(ConfigurationError, match="used for cubes"):
        estimator.estimate(example.image, example.camera, 0.05, plane=example.plane)


def test_a_run_goes_on_with_its_own_shape_alone(tmp_path: Path) -> None:
    train(config("pose", CUBOID, steps=1), tmp_path)
    with pytest.raises(ConfigurationError, match="another configuration"):
        train(config("pose", CYLINDER, steps=2), tmp_path)


def test_networks_of_two_shapes_make_no_model(tmp_path: Path) -> None:
    train(config("detector", CUBOID, steps=1), tmp_path)
    train(config("pose", CYLINDER, steps=1), tmp_path)
    with pytest.raises(ConfigurationError, match="networks of two shapes make no model"):
        export(tmp_path, tmp_path / "m", {}, scenes=2)


def test_what_names_the_corners_of_another_shape_begins_anew() -> None:
    task = make_task("pose", 1, 24, RandomizationConfig(shape=CUBOID))
    before = {name: value.clone() for name, value in task.network.state_dict().items()}
    load_initial_weights(task.network, "pose", "block", CUBOID)
    after = task.network.state_dict()
    for name in ("corners.weight", "corners.bias", "chart.weight", "log_spread.weight"):
        assert torch.equal(after[name], before[name]), name
    for name in ("to_half.0.weight", "field.2.weight", "block.weight"):
        assert not torch.equal(after[name], before[name]), name


def test_errors_are_modulo_the_shapes_own_symmetry() -> None:
    from simreal_perception.evaluation.metrics.symmetric_errors import symmetric_errors

    truth = Pose.from_rotation(np.eye(3), [0.0, 0.0, 0.6])
    quarter = turns_about_z(np.array(np.pi / 2))
    turned = Pose.from_rotation(quarter, truth.position)
    for shape, alike in ((CUBE, True), (CYLINDER, True), (CUBOID, False), (PRISM, False)):
        got = symmetric_errors(turned, truth, shape.edge_m, shape=shape)
        assert (got.mssd < 1e-6) == alike, shape.words
        assert (shape.symmetry.distance(quarter, np.eye(3)) < 1e-6) == alike
    flipped = Pose.from_rotation(np.diag([1.0, -1.0, -1.0]), truth.position)
    assert symmetric_errors(flipped, truth, 0.05, shape=CUBOID).mssd < 1e-6
