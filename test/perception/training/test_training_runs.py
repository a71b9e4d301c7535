"""Runs: the same from the same seed, whatever stops them; configured, recorded and watched."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from simreal_cli.cli import main  # noqa: E402
from simreal_common.errors import ConfigurationError  # noqa: E402
from simreal_perception.training.batches import Batches  # noqa: E402
from simreal_perception.training.checkpoint import load_network  # noqa: E402
from simreal_perception.training.ema import moving_average  # noqa: E402
from simreal_perception.training.run_display import RunDisplay  # noqa: E402
from simreal_perception.training.run_folder import run_folder  # noqa: E402
from simreal_perception.training.tasks.registry import TASKS  # noqa: E402
from simreal_perception.training.trackers.registry import ROOM  # noqa: E402
from simreal_perception.training.training import TrainingResult, train  # noqa: E402
from simreal_perception.training.training_config import (  # noqa: E402
    TrainingConfig,
    read_config,
    write_config,
)

TOY = Path(__file__).with_name("toy_task.py")
STEPS = 6


def config(toy: ModuleType, **changes: Any) -> TrainingConfig:
    return TrainingConfig("toy", **{"steps": STEPS, **toy.SMALL, **changes})


def assert_same(first: Path, second: Path) -> None:
    """Both checkpoints hold the same weights, averages and optimizer, bit for bit."""
    states = [torch.load(path, weights_only=True) for path in (first, second)]
    assert states[0]["step"] == states[1]["step"]
    assert states[0]["generator"] == states[1]["generator"]
    for part in ("network", "average"):
        for name, value in states[0][part].items():
            assert torch.equal(value, states[1][part][name]), f"{part} {name}"
    for number, moments in states[0]["optimizer"]["state"].items():
        for name, value in moments.items():
            assert torch.equal(value, states[1]["optimizer"]["state"][number][name]), name


@pytest.mark.parametrize(("prefetch", "killed_in"), [(0, 4), (2, 3)])
def test_a_killed_run_loses_one_interval_and_ends_the_same(
    toy: ModuleType, tmp_path: Path, prefetch: int, killed_in: int
) -> None:
    whole = train(config(toy), tmp_path / "whole").checkpoint
    killed = subprocess.run(
        [sys.executable, TOY, tmp_path / "parts", str(STEPS), str(prefetch), str(killed_in)],
        check=False, timeout=120,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL
    parts = tmp_path / "parts" / "toy.pt"
    assert torch.load(parts, weights_only=True)["step"] == killed_in - 1
    train(config(toy, prefetch=prefetch), parts.parent)
    assert_same(whole, parts)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_saves_and_goes_on(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    whole = train(config(toy), tmp_path / "whole").checkpoint

    class Interrupted(toy.ToyTask):
        step = 0

        def loss(self, network: Any, batch: Any) -> Any:
            self.step += 1
            if self.step == 3:
                os.kill(os.getpid(), number)
            return super().loss(network, batch)

    long = config(toy, checkpoint_s=1000.0)
    with monkeypatch.context() as patch:
        patch.setitem(TASKS, "toy", Interrupted)
        stopped = train(long, tmp_path / "parts")
    assert (stopped.step, stopped.finished) == (3, False)
    resumed = train(long, tmp_path / "parts")
    assert (resumed.step, resumed.finished) == (STEPS, True)
    assert_same(whole, resumed.checkpoint)


def test_neither_drawing_ahead_nor_watching_changes_what_is_learned(
    toy: ModuleType, tmp_path: Path
) -> None:
    plain = train(config(toy, checkpoint_s=1000.0), tmp_path / "plain")
    ahead = train(config(toy, prefetch=2), tmp_path / "ahead")
    assert_same(plain.checkpoint, ahead.checkpoint)
    assert plain.held_out == ahead.held_out


def test_another_seed_gives_other_weights(toy: ModuleType, tmp_path: Path) -> None:
    first = train(config(toy), tmp_path / "first").held_out
    assert train(config(toy, seed=6), tmp_path / "second").held_out != first


def test_a_failing_source_fails_the_run_and_leaves_no_thread(toy: ModuleType) -> None:
    class Broken(toy.ToySource):
        def draw(self, count: int) -> Any:
            if count and self.rng.uniform() < 0.5:
                raise ConfigurationError("no image")
            return super().draw(count)

    before = threading.active_count()
    with (
        pytest.raises(ConfigurationError, match="no image"),
        Batches(Broken(1), 4, count=100, ahead=2, threads=1) as batches,
    ):
        for _ in batches:
            pass
    with Batches(toy.ToySource(1), 4, count=100, ahead=1, threads=1) as batches:
        next(iter(batches))  # and leave
    assert threading.active_count() == before


def test_another_configuration_does_not_overwrite_a_run(toy: ModuleType, tmp_path: Path) -> None:
    train(config(toy), tmp_path)
    with pytest.raises(ConfigurationError, match="seed 5 -> 6"):
        train(config(toy, seed=6), tmp_path)
    train(config(toy, checkpoint_s=7.0, prefetch=1), tmp_path)  # these change no weights


def test_two_processes_do_not_train_one_network_in_one_folder(
    toy: ModuleType, tmp_path: Path
) -> None:
    with (
        run_folder(tmp_path, config(toy)),
        pytest.raises(ConfigurationError, match="another process"),
    ):
        train(config(toy), tmp_path)


def test_a_run_records_what_made_it(toy: ModuleType, tmp_path: Path) -> None:
    made = config(toy, disabled=("lens",))
    train(made, tmp_path)
    assert read_config(tmp_path / "toy.config.yaml", "toy") == made
    train(made, tmp_path)
    starts = json.loads((tmp_path / "toy.environment.json").read_text())
    assert [start["from_step"] for start in starts] == [0, STEPS]
    assert starts[0]["torch"] == torch.__version__
    assert starts[0]["threads"] == 1
    assert starts[0]["precision"] in ("float32", "bfloat16")
    assert starts[0]["precision_because"]


def test_the_average_is_that_of_the_weights_and_is_what_is_loaded(
    toy: ModuleType, tmp_path: Path
) -> None:
    network = torch.nn.Linear(1, 1)
    ema = moving_average(network, 0.25)
    start = network.weight.item()
    for step in (1, 2):
        torch.nn.init.constant_(network.weight, float(step))
        ema.update_parameters(network)
    # Horizons 1/10 and 2/11 of the first steps are shorter than that of 0.25.
    after_one = 0.1 * start + 0.9 * 1.0
    assert ema.module.weight.item() == pytest.approx(2 / 11 * after_one + 9 / 11 * 2.0)

    checkpoint = train(config(toy), tmp_path).checkpoint
    stored = torch.load(checkpoint, weights_only=True)
    loaded = load_network(checkpoint)[1].state_dict()
    weight = next(iter(loaded))
    assert torch.equal(loaded[weight], stored["average"][weight])
    assert not torch.equal(loaded[weight], stored["network"][weight])


def test_a_run_starts_from_another_ones_weights(toy: ModuleType, tmp_path: Path) -> None:
    # A learning rate of next to nothing leaves the weights where they start.
    first = train(config(toy), tmp_path / "first")
    still = config(toy, steps=1, learning_rate=1e-12, start_from=str(tmp_path / "first"))
    second = train(still, tmp_path / "second")
    weights = [load_network(r.checkpoint)[1].state_dict() for r in (first, second)]
    for name, value in weights[0].items():
        if "running" not in name and "num_batches" not in name:
            torch.testing.assert_close(weights[1][name], value)
    with pytest.raises(ConfigurationError, match="built otherwise.*0.weight"):
        train(dataclasses.replace(still, width=5), tmp_path / "third")
    with pytest.raises(ConfigurationError, match="no checkpoint"):
        train(dataclasses.replace(still, start_from="nowhere.pt"), tmp_path / "fourth")


def test_loading_a_checkpoint_runs_no_code(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "ran"),)

    torch.save({"config": Evil(), "network": 0, "generator": 0, "step": 0}, tmp_path / "toy.pt")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Evil()))
    (tmp_path / "cut.pt").write_bytes((tmp_path / "toy.pt").read_bytes()[:100])
    for name in ("toy.pt", "plain.pt", "cut.pt"):
        with pytest.raises(ConfigurationError, match="cannot read checkpoint"):
            load_network(tmp_path / name)
    assert not (tmp_path / "ran").exists()


def test_a_configuration_file_has_common_values_and_sections(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("seed: 7\nlearning_rate: 1e-3\npose: {steps: 9, disabled: [lens]}\n")
    assert read_config(path, "pose") == TrainingConfig(
        "pose", seed=7, learning_rate=1e-3, steps=9, disabled=("lens",)
    )
    assert read_config(path, "detector") == TrainingConfig("detector", seed=7, learning_rate=1e-3)
    write_config(read_config(path, "pose"), tmp_path / "again.yaml")
    assert read_config(tmp_path / "again.yaml", "pose") == read_config(path, "pose")


@pytest.mark.parametrize("task", ["detector", "pose"])
def test_the_recipe_of_the_committed_model_can_be_read(task: str) -> None:
    assert read_config(None, task).steps > 1000


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("sed: 1", "sets sed.*names are.*seed"),
        ("steps: many", "steps: got 'many', wanted a whole number"),
        ("steps: 1.5", "wanted a whole number"),
        ("steps: 0", "steps is 0: wanted 1 or more"),
        ("average: 1", "wanted 0 or more, less than 1"),
        ("learning_rate: -1", "wanted more than 0"),
        ("device: gpu", "wanted one of cpu, cuda"),
        ("precision: double", "wanted one of auto, float32, bfloat16"),
        ("prefetch: 9", "prefetch is 9: wanted 0 to 8"),
        ("held_out: 0", "held_out is 0: wanted 1 or more"),
        ("disabled: [colour]", "no randomization is called colour"),
        ("disabled: lens", "wanted a list of names"),
        ("[1, 2]", "no table"),
        ("pose: 3", "no table"),
        ("a: b: c", "cannot read configuration"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused(
    tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=complaint):
        read_config(path, "pose")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_missing_gpu_is_said(toy: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="torch sees no GPU"):
        train(config(toy, device="cuda"), tmp_path)


def test_it_is_measured_after_a_number_of_steps(toy: ModuleType, tmp_path: Path) -> None:
    rarely = {"checkpoint_s": 1e9, "evaluate_s": 1e9}
    train(config(toy, evaluate_steps=4, steps=10, **rarely), tmp_path)
    lines = (tmp_path / "toy.log.jsonl").read_text(encoding="utf-8").splitlines()
    assert [one["step"] for one in map(json.loads, lines) if "held_out" in one] == [4, 8, 10]


def test_a_network_is_loaded_without_the_images_that_it_learned_from(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = train(config(toy), tmp_path).checkpoint
    monkeypatch.setattr(toy, "ToySource", lambda _: pytest.fail("a source was made"))
    read, network = load_network(checkpoint)
    assert read.task == "toy"
    assert not network.training


def test_it_says_what_holds_a_run_up(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(toy.ToyTask):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            draw = self.source.draw
            self.source.draw = lambda count: (time.sleep(0.05), draw(count))[1]

    fast = RunDisplay(config(toy))
    train(fast.config, tmp_path / "fast", fast)
    monkeypatch.setitem(TASKS, "toy", Slow)
    slow = RunDisplay(config(toy, checkpoint_s=1000.0))
    train(slow.config, tmp_path / "slow", slow)
    assert "rendering is the bottleneck" in slow.bottleneck()
    assert slow.drawing_share() > fast.drawing_share()


def test_tensorboard_shows_errors_and_images(toy: ModuleType, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    made = config(toy, steps=10)
    train(made, tmp_path, RunDisplay(made, trackers=["tensorboard"]))
    events = EventAccumulator(str(tmp_path / "tensorboard" / "toy"))
    events.Reload()
    tags = events.Tags()
    assert {"train/loss", "train/color", "train/learning_rate", "held_out/color"} <= set(
        tags["scalars"]
    )
    assert tags["images"] == ["predictions"]
    assert [event.step for event in events.Scalars("held_out/color")] == list(range(1, 11))


def test_without_tensorboard_a_run_goes_on(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    monkeypatch.delitem(sys.modules, f"{ROOM}.tensorboard_tracker", raising=False)
    result = train(config(toy), tmp_path, RunDisplay(config(toy), 0, ["tensorboard"]))
    assert result.finished
    assert "pip install tensorboard" in capfd.readouterr().err


def test_the_command_trains_and_options_come_before_the_file(
    toy: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("batch: 4\nsteps: 9\nwarmup: 1\n")
    run = tmp_path / "run"
    command = ["train", "--task", "toy", "--run", str(run), "--config", str(file), "--steps", "3"]
    assert main([*command, "--no-checks"]) == 0
    assert capfd.readouterr().out.split() == [str(run / "toy.pt")]
    made = read_config(run / "toy.config.yaml", "toy")
    assert (made.steps, made.batch) == (3, 4)
    assert main([*command, "--set", "warmup=3"]) == 2
    assert "another configuration (warmup 1 -> 3)" in capfd.readouterr().err
    assert main([*command, "--set", "wramup=3"]) == 2
    assert "sets wramup, which is no part of a training run" in capfd.readouterr().err
    assert main([*command, "--set", "warmup"]) == 2
    assert "--set got 'warmup': wanted NAME=VALUE" in capfd.readouterr().err
    assert main([*command, "--seed", "9"]) == 2
    assert "another configuration (seed 1 -> 9)" in capfd.readouterr().err


def test_an_unknown_network_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--task", "pse"]) == 2
    assert "no network is called 'pse'; wanted one of" in capfd.readouterr().err


def test_a_result_says_where_it_ended(toy: ModuleType, tmp_path: Path) -> None:
    result = train(config(toy), tmp_path)
    assert result == TrainingResult(tmp_path / "toy.pt", STEPS, True, result.held_out)
    assert np.isfinite(result.held_out["loss"])
