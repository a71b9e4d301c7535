"""The ability to train: batches are right, a batch is learned by heart, a stopped run goes on."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from simreal_common.errors import ConfigurationError  # noqa: E402
from simreal_perception.crop_camera import CROP_SIZE  # noqa: E402
from simreal_perception.detector_data import WindowSource  # noqa: E402
from simreal_perception.export import export  # noqa: E402
from simreal_perception.model_card import load_model_card  # noqa: E402
from simreal_perception.overfit import overfit  # noqa: E402
from simreal_perception.pose_data import CropSource  # noqa: E402
from simreal_perception.training import DEFAULTS, TASKS, TrainingConfig, train  # noqa: E402

SMALL = {"batch": 6, "width": 4, "warmup": 2, "checkpoint_s": 0.0, "seed": 5}


def no_progress(step: int, figures: dict[str, float]) -> None:
    del step, figures


@pytest.mark.parametrize("task", TASKS)
def test_a_network_learns_one_batch_by_heart(task: str) -> None:
    result = overfit(task, seed=1)
    assert result.learned, result.describe()


def test_crops_are_labelled_where_their_corners_are() -> None:
    batch = CropSource(3).draw(60)
    blocks = batch.target == 1
    assert blocks.sum() > 20
    assert (batch.target == 0).sum() > 3
    # The corners stay about the middle of the crop, at about their standard distance.
    middle = batch.corners[blocks].mean(axis=1)
    assert np.abs(middle).max() < 0.8
    reach = np.linalg.norm(batch.corners[blocks] - middle[:, None], axis=-1).max(axis=1)
    assert ((reach > 0.3) & (reach < 1.3)).all()
    assert batch.images.shape == (60, CROP_SIZE, CROP_SIZE, 3)


def test_crop_rotations_agree_with_their_points() -> None:
    from simreal_common.geometry import cube_corners

    batch = CropSource(4).draw(12)
    arms = np.einsum("nij,kj->nki", batch.rotation, cube_corners(0.05))
    np.testing.assert_allclose(
        batch.points - batch.points.mean(axis=1, keepdims=True), arms, atol=1e-5
    )


def test_windows_are_labelled_at_centres() -> None:
    batch = WindowSource(3).draw(8)
    assert batch.center.any()
    assert (batch.heat[batch.center] == 1).all()
    offsets = batch.values[:, :2].transpose(0, 2, 3, 1)[batch.center]
    assert ((offsets >= 0) & (offsets <= 1)).all()


def test_sources_repeat_with_their_seed() -> None:
    first, second = CropSource(9).draw(6), CropSource(9).draw(6)
    np.testing.assert_array_equal(first.images, second.images)
    np.testing.assert_array_equal(first.corners, second.corners)


@pytest.mark.parametrize("task", TASKS)
def test_a_stopped_run_goes_on_to_the_same_weights(task: str, tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(step: int, figures: dict[str, float]) -> None:
        if step == 4:
            raise Stop

    config = TrainingConfig(task, steps=5, **SMALL)
    whole = train(config, tmp_path / "whole", no_progress)
    with pytest.raises(Stop):
        train(config, tmp_path / "parts", stop)
    parts = train(config, tmp_path / "parts", no_progress)
    expected = torch.load(whole, weights_only=True)["network"]
    actual = torch.load(parts, weights_only=True)["network"]
    for name, value in expected.items():
        torch.testing.assert_close(actual[name], value, rtol=1e-4, atol=1e-5)


def test_another_configuration_does_not_overwrite_a_run(tmp_path: Path) -> None:
    config = TrainingConfig("pose", steps=1, **SMALL)
    train(config, tmp_path, no_progress)
    with pytest.raises(ConfigurationError, match="seed 5 -> 6"):
        train(dataclasses.replace(config, seed=6), tmp_path, no_progress)


@pytest.mark.parametrize("changes", [{"task": "pse"}, {"steps": 0}, {"disabled": ("colour",)}])
def test_a_configuration_that_cannot_be_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        dataclasses.replace(DEFAULTS["pose"], **changes)


def test_an_export_has_a_card_that_fits_and_the_same_answers(tmp_path: Path) -> None:
    for task in TASKS:
        train(TrainingConfig(task, steps=1, **SMALL), tmp_path / "run", no_progress)
    written = export(
        tmp_path / "run", tmp_path / "m" / "tiny", {"limits": "knows nothing"}, scenes=2
    )
    card = load_model_card(str(written[-1]))
    assert card.content["limits"] == "knows nothing"
    assert card.content["seed"] == 5
    assert {path.name for path in card.files} == {"tiny_detector.onnx", "tiny_pose.onnx"}


def test_an_export_without_a_run_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="train first"):
        export(tmp_path, tmp_path / "m", {})
