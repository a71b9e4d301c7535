"""What the networks learn from is right; they resume, are exported, and are started from again."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from simreal_cli import cli_train  # noqa: E402
from simreal_common.errors import ConfigurationError  # noqa: E402
from simreal_common.shapes.shape import CUBE  # noqa: E402
from simreal_perception.labelled_batches import replayed_source  # noqa: E402
from simreal_perception.labelled_batches.detector_data import WindowSource  # noqa: E402
from simreal_perception.labelled_batches.pose_data import VIEWS_PER_SCENE, CropBatch, CropSource  # noqa: E402
from simreal_perception.labelled_batches.proposals import propose  # noqa: E402
from simreal_perception.model_export.export import export  # noqa: E402
from simreal_perception.model_files.model_card import load_model_card  # noqa: E402
from simreal_perception.pose_estimation.crop_camera import CROP_SIZE  # noqa: E402
from simreal_perception.pose_estimation.estimator import load_networks  # noqa: E402
from simreal_perception.training.initial_weights import (  # noqa: E402
    load_initial_weights,
    progress_before,
)
from simreal_perception.training.tasks.registry import TASKS, make_network, make_task  # noqa: E402
from simreal_perception.training.training import load_network, prepare, train  # noqa: E402
from simreal_perception.training.training_config import TrainingConfig  # noqa: E402
from simreal_sim.randomization.random_scenes import draw_scenes  # noqa: E402
from simreal_sim.randomization.ranges.randomization_config import (
    LensRanges,  # noqa: E402
    RandomizationConfig,  # noqa: E402
)
from simreal_sim.randomization.ranges.ranges import Share, Uniform  # noqa: E402
from simreal_sim.rendering.raycaster import render  # noqa: E402
from simreal_sim.rendering.scene import SceneBatch, ViewBatch  # noqa: E402
from simreal_sim.rendering.textures import texture_pool  # noqa: E402

SMALL: dict[str, Any] = {"batch": 24, "width": 4, "warmup": 2, "seed": 5, "held_out": 1}
SHIPPED = ("detector", "pose")


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


@pytest.mark.parametrize("target", [0.0, 1.0, np.nan])
def test_a_batch_of_one_kind_teaches_what_it_can(target: float) -> None:
    task = make_task("pose", 1, 4, RandomizationConfig())
    batch = task.source.draw(24)
    of_blocks = (batch.target == 1) == (target == 1)
    batch = CropBatch(
        **{
            name: values[of_blocks] if isinstance(values, np.ndarray) else values
            for name, values in vars(batch).items()
        }
    )
    batch.target[:] = target
    loss = task.loss(task.network, batch)
    loss.total.backward()
    assert torch.isfinite(loss.total)
    assert all(torch.isfinite(p.grad).all() for p in task.network.parameters())
    assert np.isfinite(list(loss.figures.values())).all()
    assert ("corner_px" in loss.figures) == (target == 1)
    assert ("block" in loss.figures) == (target in (0, 1))


def test_crop_rotations_agree_with_their_points() -> None:
    from simreal_common.geometry import cube_corners

    batch = CropSource(4).draw(12)
    arms = batch.points - batch.points.mean(axis=1, keepdims=True)
    unit = np.einsum("nij,kj->nki", batch.rotation, cube_corners(1.0))
    edge = np.linalg.norm(arms, axis=-1).mean(axis=1) / np.linalg.norm(unit, axis=-1).mean(axis=1)
    np.testing.assert_allclose(arms, unit * edge[:, None, None], atol=1e-5)


def test_some_crops_show_what_a_detector_points_at() -> None:
    detector = load_networks(load_model_card("block"), 1)["detector"]
    plain, asked = CropSource(7), CropSource(7)
    asked.detector = detector
    own, proposed = plain.draw(60), asked.draw(60)
    moved = (own.focal != proposed.focal).reshape(-1, VIEWS_PER_SCENE)
    # Some scenes, and in these the first crops; the others are as they would have been.
    assert 0 < moved.any(axis=1).sum() < len(moved)
    assert (moved[:, 1:] <= moved[:, :-1]).all()
    others = ~moved.reshape(-1)
    np.testing.assert_array_equal(own.corners[others], proposed.corners[others])
    # Those of blocks lie as a detector's error leaves them, and some are of no block.
    target, corners = proposed.target[~others], proposed.corners[~others]
    blocks = corners[target == 1]
    assert len(blocks) > 5 and np.isin(target, [0, 1]).sum() > len(blocks)
    assert np.abs(blocks.mean(axis=1)).max() < 0.6
    reach = np.linalg.norm(blocks - blocks.mean(axis=1, keepdims=True), axis=-1).max(axis=1)
    assert ((reach > 0.4) & (reach < 1.2)).all()


def test_proposals_in_a_scene_do_not_depend_on_other_scenes() -> None:
    detector = load_networks(load_model_card("block"), 1)["detector"]
    ranges, rng = RandomizationConfig(), np.random.default_rng(2)
    textures = texture_pool(20, rng)
    scenes = draw_scenes(4, len(textures), ranges, rng)
    several, one = (
        propose(detector, scenes, np.array(chosen), 6, textures, ranges, 5, "cpu")
        for chosen in ([0, 2, 3], [3])
    )
    assert len(several) == 3 and several[2]
    for a, b in zip(several[2], one[0], strict=True):
        assert a.block == b.block and a.camera.focal == b.camera.focal
        np.testing.assert_array_equal(a.rotation, b.rotation)


def test_a_detector_takes_no_proposals() -> None:
    with pytest.raises(ConfigurationError, match="pose network alone"):
        TrainingConfig("detector", proposals_from="block")


def test_windows_are_labelled_at_centres() -> None:
    batch = WindowSource(3).draw(8)
    assert batch.center.any()
    assert (batch.heat[batch.center] == 1).all()
    offsets = batch.values[:, :2].transpose(0, 2, 3, 1)[batch.center]
    assert ((offsets >= 0) & (offsets <= 1)).all()


def test_surfaces_can_show_fewer_textures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        replayed_source, "TEXTURES", 60
    )  # a pool is drawn first, and takes its time
    pools = [
        prepare(TrainingConfig("detector", width=4, textures=count))[0].source.textures
        for count in (60, 40)
    ]
    np.testing.assert_array_equal(pools[0][:40], pools[1])
    assert len(pools[0]) == 60
    with pytest.raises(ConfigurationError, match="textures is 1501: wanted 1 to 1500"):
        TrainingConfig("detector", textures=1501)


Drawn = tuple[SceneBatch, ViewBatch]


def looked_at(
    source: type[CropSource] | type[WindowSource],
    randomization: RandomizationConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> list[Drawn]:
    """The scenes and cameras that a source draws 24 images of."""
    module, seen = sys.modules[source.__module__], []

    def spy(scenes: SceneBatch, views: ViewBatch, *arguments: Any) -> Any:
        seen.append((scenes, views))
        return render(scenes, views, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(module, "render", spy)
        patch.setattr(replayed_source, "TEXTURES", 60)  # a pool is drawn first, and takes its time
        source(5, randomization).draw(24)
    return seen


def standing_above(drawn: list[Drawn]) -> float:
    """Share of cameras that stand straight above some block."""
    above = []
    for scenes, views in drawn:
        away = scenes.position[views.scene, :, :2] - views.position[:, None, :2]
        near = np.linalg.norm(away, axis=-1) < 1e-5
        above += (near & scenes.is_block[views.scene]).any(axis=1).tolist()
    assert len(above) == 24
    return float(np.mean(above))


@pytest.mark.parametrize("source", [CropSource, WindowSource])
def test_the_ranges_of_cameras_reach_training(
    source: type[CropSource] | type[WindowSource], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shares = []
    for overhead in (0.0, 1.0):
        ranges = tmp_path / f"{overhead}.yaml"
        ranges.write_text(
            f"camera: {{overhead: {overhead}, overhead_deg: [0, 0], sine_elevation: [0.1, 0.6]}}\n"
            "lens: {share: 0.0}\n",
            encoding="utf-8",
        )
        drawn = looked_at(source, RandomizationConfig.load(ranges), monkeypatch)
        assert not any(views.distortion.any() for _, views in drawn)
        shares.append(standing_above(drawn))
    assert shares[0] == 0.0
    # The other crops look at what is no block.
    assert shares[1] == 1.0 if source is WindowSource else shares[1] > 0.5


def test_the_ranges_of_lenses_reach_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    bent = RandomizationConfig(lens=LensRanges(share=Share(1.0), corner_shift=Uniform(-0.2, -0.1)))
    ((_, views),) = looked_at(WindowSource, bent, monkeypatch)
    assert (views.distortion[:, 0] < 0).all()
    ((_, views),) = looked_at(WindowSource, RandomizationConfig(frozenset({"lens"})), monkeypatch)
    assert not views.distortion.any()


def test_windows_show_what_they_look_at_through_any_lens() -> None:
    """With strong lenses, too, a block lies in nearly every window."""
    bent = RandomizationConfig(
        frozenset({"distractors", "robot", "held"}),
        lens=LensRanges(Share(1.0), Uniform(-0.18, -0.15), Uniform(-0.03, 0.0)),
    )
    batch = WindowSource(6, bent).draw(40)
    assert batch.center.any(axis=(1, 2)).mean() > 0.8


def test_sources_repeat_with_their_seed() -> None:
    first, second = CropSource(9).draw(6), CropSource(9).draw(6)
    np.testing.assert_array_equal(first.images, second.images)
    np.testing.assert_array_equal(first.corners, second.corners)


@pytest.mark.parametrize("task", SHIPPED)
def test_the_network_of_a_task_is_made_without_the_images_that_it_learns_from(
    task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(1)
    learning = make_task(task, 1, SMALL["width"], RandomizationConfig()).network.state_dict()
    monkeypatch.setattr(TASKS[task], "source_apart", lambda *_: pytest.fail("a source was made"))
    torch.manual_seed(1)
    alone = make_network(task, SMALL["width"], CUBE).state_dict()
    assert list(alone) == list(learning)
    assert all(torch.equal(value, learning[name]) for name, value in alone.items())


@pytest.mark.parametrize("task", SHIPPED)
def test_a_stopped_run_goes_on_to_the_same_weights(
    task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = TrainingConfig(task, steps=5, **SMALL)
    whole = train(config, tmp_path / "whole").checkpoint
    make, steps = TASKS[task], [0]

    def stopping(*arguments: Any) -> Any:
        made = make(*arguments)
        loss = made.loss

        def counted(network: Any, batch: Any) -> Any:
            steps[0] += 1
            if steps[0] == 3:
                os.kill(os.getpid(), signal.SIGINT)
            return loss(network, batch)

        made.loss = counted
        return made

    with monkeypatch.context() as patch:
        patch.setitem(TASKS, task, stopping)
        assert train(config, tmp_path / "parts").step == 3
    parts = train(config, tmp_path / "parts").checkpoint
    states = [torch.load(path, weights_only=True) for path in (whole, parts)]
    for part in ("network", "average"):
        for name, value in states[0][part].items():
            assert torch.equal(states[1][part][name], value), name


def test_an_export_has_a_card_and_a_run_can_start_from_it(tmp_path: Path) -> None:
    for task in SHIPPED:
        train(TrainingConfig(task, steps=1, **SMALL), tmp_path / "run")
    written = export(
        tmp_path / "run", tmp_path / "m" / "tiny", {"limits": "knows nothing"}, scenes=2
    )
    card = load_model_card(str(written[-1]))
    assert card.content["limits"] == "knows nothing"
    assert card.content["seed"] == {"detector": 5, "pose": 5}
    assert {path.name for path in card.files} == {"tiny_detector.onnx", "tiny_pose.onnx"}

    for task in SHIPPED:
        trained = load_network(tmp_path / "run" / f"{task}.pt")[1].state_dict()
        for start in (str(written[-1]), str(tmp_path / "m" / f"tiny_{task}.onnx")):
            network = make_task(task, 0, SMALL["width"], RandomizationConfig()).network
            load_initial_weights(network, task, start)
            for name, value in network.state_dict().items():
                if "num_batches" not in name:
                    torch.testing.assert_close(value, trained[name], rtol=0, atol=0)
        assert progress_before(task, start).pictures_seen == SMALL["batch"]
    with pytest.raises(ConfigurationError, match="built otherwise"):
        load_initial_weights(network, "pose", str(tmp_path / "m" / "tiny_detector.onnx"))


def test_a_card_tells_how_to_make_the_model_again(tmp_path: Path) -> None:
    ranges = tmp_path / "mine.yaml"
    ranges.write_text("edge: {edge_m: [0.03, 0.05]}\ncamera: {distance_m: [0.4, 0.5]}\n")
    configs = [
        TrainingConfig(
            task, steps=2, **SMALL, decay=0.25, disabled=("lens", "robot"), ranges=str(ranges)
        )
        for task in SHIPPED
    ]
    for config in configs:
        train(config, tmp_path / "run")
    written = export(tmp_path / "run", tmp_path / "tiny", {}, scenes=2, ranges=ranges)
    content = load_model_card(str(written[-1])).content

    *trainings, exported = (shlex.split(one) for one in content["command"].split("; "))
    parser = argparse.ArgumentParser()
    cli_train.add_arguments(parser)
    for words, config in zip(trainings, configs):
        assert words[:2] == ["simreal", "train"]
        assert cli_train.configurations(parser.parse_args(words[2:])) == [config]
    assert exported == [
        "simreal",
        "export",
        "run",
        "tiny",
        "--scenes",
        "2",
        "--ranges",
        "mine.yaml",
    ]

    parity = content["parity"]
    assert set(parity["largest_difference"]["pose"]) == {"corners", "spread", "score", "field"}
    for differences in parity["largest_difference"].values():
        assert all(0 <= value < parity["tolerance"] for value in differences.values())
    for task in SHIPPED:
        log = content["log"][task]
        assert log["weights"] == f"{task}.best.pt"
        assert (log["step"], log["pictures_seen"]) == (2, 2 * SMALL["batch"])
        assert log["held_out"][-1]["hour"] == 1
        assert log["held_out"][-1]["loss"] > 0
        assert log["spent_h"] > 0
    assert content["calibrated_on"]["scenes"] == 2
    assert "of mine.yaml" in content["calibrated_on"]["source"]


def test_a_network_that_the_run_has_not_trained_comes_from_another_model(tmp_path: Path) -> None:
    train(TrainingConfig("pose", steps=1, adr=True, adr_images=6, **SMALL), tmp_path / "run")
    written = export(tmp_path / "run", tmp_path / "half", {}, scenes=2, rest_from="block")
    card, block = load_model_card(str(written[-1])), load_model_card("block")
    new, old = ({f.stem.rsplit("_", 1)[-1]: f.read_bytes() for f in c.files} for c in (card, block))
    assert new["detector"] == old["detector"] and new["pose"] != old["pose"]
    assert card.content["seed"] == {"detector": block.content["seed"]["detector"], "pose": 5}
    assert card.content["log"]["detector"] == block.content["log"]["detector"]
    commands = card.content["command"].split("; ")
    assert sum("--task detector" in command for command in commands) == 1
    assert "--adr --set" in commands[-2] and "--rest-from block" in commands[-1]


@pytest.mark.parametrize(("trained", "other"), [("detector", "pose"), ("pose", "detector")])
def test_an_export_of_one_network_alone_says_where_the_other_comes_from(
    tmp_path: Path, trained: str, other: str
) -> None:
    train(TrainingConfig(trained, steps=1, **SMALL), tmp_path)
    with pytest.raises(ConfigurationError, match=f"has the {trained} network alone") as refused:
        export(tmp_path, tmp_path / "m", {})
    assert f"--task {other} --run {tmp_path}" in str(refused.value)
    assert "--rest-from MODEL" in str(refused.value)


def test_an_export_without_a_run_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="train first"):
        export(tmp_path, tmp_path / "m", {})
