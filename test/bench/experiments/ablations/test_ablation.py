"""Ablations: each goes without one thing, all are measured alike, what is done is not done again."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from simreal_bench.experiments.ablations.ablation import Ablation, AblationResult
from simreal_bench.experiments.ablations.ablation_table import ablation_table
from simreal_bench.experiments.ablations.ablation_variants import VARIANTS
from simreal_cli.cli import main
from simreal_common.errors import ConfigurationError
from simreal_perception.training.training_config import TrainingConfig

BUDGET = ["--task", "toy", "--steps", "3", "--batch", "8", "--width", "4", "--held-out", "2"]


def command(folder: Path, *more: str) -> int:
    return main(["ablate", "--out", str(folder), *BUDGET, *more])


def test_one_command_makes_one_table_and_goes_on(
    toy: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    only = ("--only", "no_noise", "no_structured_scenes")
    assert command(tmp_path, *only, "--seeds", "1") == 0
    first = {file: file.stat().st_mtime_ns for file in (tmp_path / "results").iterdir()}
    assert len(first) == 3
    capsys.readouterr()
    next(iter(first)).unlink()
    assert command(tmp_path, *only, "--seeds", "2") == 0
    told, progress = capsys.readouterr()
    assert progress.count(": done") == 4
    again = {file: file.stat().st_mtime_ns for file in (tmp_path / "results").iterdir()}
    assert sum(again[file] == time for file, time in first.items()) == 2
    assert "no noise of the sensor (2 seeds)" in told and "photographs" not in told
    table = json.loads((tmp_path / "ablation.json").read_text(encoding="utf-8"))
    cell = table["synthetic"]["no_noise"]["loss"]
    assert len(cell["values"]) == 2 and cell["low"] < cell["mean"] < cell["high"]
    assert cell["difference"]["low"] <= cell["difference"]["mean"] <= cell["difference"]["high"]
    assert table["synthetic"]["everything"]["loss"]["difference"] is None
    assert "no structured scenes" in (tmp_path / "ablation.html").read_text(encoding="utf-8")


def test_a_run_that_was_stopped_goes_on(
    toy: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import os
    import signal

    task = toy.ToyTask

    class Stops(task):  # type: ignore[misc, valid-type]
        steps = 0

        def loss(self, network, batch):  # type: ignore[no-untyped-def]
            Stops.steps += network.training
            if Stops.steps == 5 and network.training:
                os.kill(os.getpid(), signal.SIGTERM)
            return super().loss(network, batch)

    from simreal_perception.training.tasks.registry import TASKS

    TASKS["toy"] = Stops  # the fixture puts back what was there
    assert command(tmp_path, "--only", "no_noise", "--seeds", "1") == 130
    assert "the same command goes on" in capsys.readouterr().err
    assert command(tmp_path, "--only", "no_noise", "--seeds", "1") == 0
    assert Stops.steps == 6  # none was learned twice


def test_a_folder_of_another_budget_is_refused(
    toy: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(tmp_path, "--only", "no_noise", "--seeds", "1") == 0
    assert command(tmp_path, "--only", "no_noise", "--seeds", "1", "--steps", "4") == 2
    assert "runs of another kind" in capsys.readouterr().err
    assert command(tmp_path, "--only", "no_color") == 2
    assert "there is no ablation 'no_color'; wanted" in capsys.readouterr().err
    assert command(tmp_path / "other", "--photos", str(tmp_path)) == 2


def test_what_is_missing_is_said_before_anything_is_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    options = ["ablate", "--only", "no_noise", "--seeds", "1", "--steps", "1", "--batch", "1"]
    assert main([*options, "--out", str(out), "--photos", str(tmp_path / "none")]) == 2
    assert "holds no labelled photographs" in capsys.readouterr().err
    assert not out.exists()
    out.write_text("a file")
    with pytest.raises(SystemExit):
        main([*options, "--out", str(out)])
    assert f"cannot write {out}: Not a directory" in capsys.readouterr().err


def test_each_goes_without_one_thing(tmp_path: Path) -> None:
    whole = TrainingConfig("pose")
    assert len(VARIANTS) == 7
    less = {name: one.apply(whole, tmp_path) for name, one in VARIANTS.items()}
    assert less["everything"] == whole
    for name, group in (
        ("no_distractors", "distractors"),
        ("no_camera", "camera"),
        ("no_noise", "sensor"),
        ("no_structured_scenes", "tabletop"),
    ):
        assert less[name].disabled == (group,)
        assert not less[name].randomization.on(group)
    assert less["few_textures"].textures < 100 < whole.textures
    prints = less["no_prints"].randomization.tabletop
    assert prints.grounds.plain()["printed"] == prints.looks.plain()["faces"] == 0.0
    assert (
        prints.grounds.plain()["material"]
        == whole.randomization.tabletop.grounds.plain()["material"]
    )


def test_ranges_of_ones_own_are_what_is_taken_from(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("edge: {edge_m: [0.03, 0.03]}\ntabletop: {looks: {faces: 1.0}}\n")
    config = TrainingConfig("pose", ranges=str(mine), disabled=("lens",))
    assert VARIANTS["no_noise"].apply(config, tmp_path).disabled == ("lens", "sensor")
    with pytest.raises(ConfigurationError, match=r"looks has nothing but faces"):
        VARIANTS["no_prints"].apply(config, tmp_path)
    mine.write_text("edge: {edge_m: [0.03, 0.03]}\n")
    assert VARIANTS["no_prints"].apply(config, tmp_path).randomization.edge.edge_m.high == 0.03


def test_seeds_come_one_after_another(tmp_path: Path) -> None:
    ablation = Ablation(TrainingConfig("pose"), ("everything", "no_noise"), (1, 2), tmp_path)
    assert ablation.runs == [("everything", 1), ("no_noise", 1), ("everything", 2), ("no_noise", 2)]


def test_the_table_tells_what_is_worse_without() -> None:
    def results(variant: str, errors: tuple[float, ...]) -> list[AblationResult]:
        return [
            AblationResult(variant, seed, 640, 1.0, {"loss": error}, {})
            for seed, error in enumerate(errors)
        ]

    table = ablation_table(
        "toy",
        [
            *results("everything", (1.0, 1.1, 1.2)),
            *results("no_noise", (2.0, 2.1, 2.2)),
            *results("no_camera", (0.1, 0.2, 0.15)),
            *results("few_textures", (1.1, 1.15, 1.3)),
        ],
    )
    verdicts = {row.name: row.cells["loss"].verdict for row in table.rows["synthetic"]}
    assert verdicts == {
        "everything": "unclear", "no_camera": "better", "no_noise": "worse", "few_textures": "unclear",
    }  # fmt: skip
    assert "+1 (" in table.as_text() and "worse" in table.as_page()
