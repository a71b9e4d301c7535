"""A sweep finds what is better, gives up what is hopeless, and goes on where it was."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")
optuna = pytest.importorskip("optuna", reason="sweeps need optuna: pip install '.[sweep]'")

from simreal_bench.experiments.sweeps.search_space import USUAL, Varied
from simreal_bench.experiments.sweeps.sweep import RUN, Sweep
from simreal_bench.experiments.sweeps.sweep_page import importances
from simreal_cli.cli import main
from simreal_common.errors import ConfigurationError
from simreal_perception.training.tasks.registry import TASKS
from simreal_perception.training.training_config import TrainingConfig

BUDGET = ["--task", "toy", "--steps", "40", "--batch", "8", "--width", "4"]


def command(folder: Path, *more: str) -> int:
    return main(["sweep", "--out", str(folder), *BUDGET, *more])


def test_it_finds_the_rate_that_learns_and_what_mattered(
    toy: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vary = ("--vary", "learning_rate=log:0.000001..0.03", "weight_decay=0.001..0.002")
    assert command(tmp_path, *vary, "--trials", "14") == 0
    told = json.loads((tmp_path / "sweep.json").read_text(encoding="utf-8"))
    assert told["trials"] == 14 and told["given_up"] > 0
    assert told["best"]["settings"]["learning_rate"] > 0.002
    assert set(told["importances"]) == {"learning_rate", "weight_decay"}
    assert told["importances"]["learning_rate"] > 0.5
    page = (tmp_path / "sweep.html").read_text(encoding="utf-8")
    assert "What mattered" in page and "given up at step" in page
    assert "explains" in capsys.readouterr().out
    # Those that are done are not done again.
    assert command(tmp_path, *vary, "--trials", "14") == 0
    assert json.loads((tmp_path / "sweep.json").read_text(encoding="utf-8")) == told
    assert command(tmp_path, "--vary", "learning_rate=0.1..0.2") == 2
    assert "runs of another kind" in capsys.readouterr().err


def test_a_trial_that_was_stopped_goes_on(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stops(toy.ToyTask):
        steps = 0

        def loss(self, network: Any, batch: Any) -> Any:
            Stops.steps += network.training
            if Stops.steps == 50 and network.training:
                os.kill(os.getpid(), signal.SIGTERM)
            return super().loss(network, batch)

    monkeypatch.setitem(TASKS, "toy", Stops)
    vary = ("--vary", "learning_rate=0.001..0.01", "--trials", "2")
    assert command(tmp_path, *vary) == 130
    assert command(tmp_path, *vary) == 0
    assert Stops.steps == 80  # none was learned twice
    study = optuna.load_study(study_name="sweep", storage=f"sqlite:///{tmp_path / 'sweep.db'}")
    ended = [one for one in study.trials if one.state.name == "COMPLETE"]
    assert [one.user_attrs[RUN] for one in ended] == ["trial-0", "trial-1"]
    assert study.trials[1].params == ended[1].params


def test_a_rate_that_diverges_does_not_end_the_sweep(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Diverges(toy.ToyTask):
        def loss(self, network: Any, batch: Any) -> Any:
            loss, figures = super().loss(network, batch)
            return loss * float("nan"), figures

    monkeypatch.setitem(TASKS, "toy", Diverges)
    sweep = Sweep(
        TrainingConfig("toy", **{**toy.SMALL, "steps": 4}),
        (Varied.parse("learning_rate=0.1..0.2"),),
        tmp_path,
    )
    sweep.run(2, lambda study: None)
    assert [one.state.name for one in sweep.study().trials] == ["FAIL", "FAIL"]
    assert importances(sweep.study()) == {}


@pytest.mark.parametrize("command", ["sweep", "ablate"])
def test_a_folder_is_not_taken_for_what_could_not_begin(
    toy: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    config, out = tmp_path / "config.yaml", tmp_path / "out"
    config.write_text("start_from: nowhere.pt\n")
    given = [command, "--out", str(out), *BUDGET]
    assert main([*given, "--config", str(config)]) == 2
    assert "nowhere" in capsys.readouterr().err
    assert not out.exists()


def test_what_cannot_be_at_the_end_of_its_range_is_told_at_once(
    toy: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(tmp_path / "out", "--vary", "average=0.5..2") == 2
    assert "--vary average: average is 2.0: wanted 0 or more" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "text",
    ["seed=1..3", "batch=8,16", "learning_rate", "learning_rate=0.1", "learning_rate=0.2..0.1",
     "learning_rate=log:0..1", "width=4.5..8", "colour=1..2", "width=a,b",
     "width=8,0"],
)  # fmt: skip
def test_what_cannot_be_varied_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="--vary got"):
        Varied.parse(text)


def test_ranges_are_read() -> None:
    assert Varied.parse("width=8..24") == Varied("width", 8, 24)
    assert Varied.parse("decay=0..1") == Varied("decay", 0.0, 1.0)
    assert Varied.parse("average=0.9,0.99").choices == (0.9, 0.99)
    assert Varied.parse("learning_rate=log:1e-4..1e-2").log
    assert len({Varied.parse(text).name for text in USUAL}) == len(USUAL)
