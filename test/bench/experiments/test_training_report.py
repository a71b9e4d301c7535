"""The page of a run tells all of it in one file."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from simreal_bench.experiments.training_record import read_run
from simreal_bench.experiments.training_report import report_training, run_before
from simreal_bench.experiments.worst_cases import take, worst_cases
from simreal_cli.cli import main
from simreal_common.errors import ConfigurationError
from simreal_perception.training.training import train
from simreal_perception.training.training_config import TrainingConfig


def made(toy: ModuleType, folder: Path, age_s: float, **changes: Any) -> Path:
    values = {**toy.SMALL, "steps": 12, "evaluate_s": 1e9, "checkpoint_s": 1e9, "evaluate_steps": 4}
    train(TrainingConfig("toy", **{**values, **changes}), folder)
    log = folder / "toy.log.jsonl"
    os.utime(log, (log.stat().st_mtime - age_s,) * 2)
    return folder


def test_the_command_writes_one_page(
    toy: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(toy, tmp_path / "old", 100.0)
    made(toy, tmp_path / "before", 50.0, learning_rate=0.01)
    mine = made(toy, tmp_path / "mine", 0.0)
    made(toy, tmp_path / "later", -50.0)
    seeds = [str(made(toy, tmp_path / "seeds" / str(n), 0.0, seed=n)) for n in (6, 7)]
    assert main(["report", str(mine), "--seeds", *seeds]) == 0
    assert str(mine / "report.html") in capsys.readouterr().out
    page = (mine / "report.html").read_text(encoding="utf-8")
    assert "over 3 seeds" in page and "2 batches" in page
    assert page.count("data:image/jpeg;base64,") == 2  # predictions and worst cases
    assert page.count("<polyline") >= 2
    assert f"What changed since {tmp_path / 'before'}" in page
    assert "<td>learning_rate</td><td>0.01</td><td>0.002</td>" in page
    assert "simreal train --run mine --task toy" in page
    assert not re.search(r"""(src|href)=["'](?!data:)""", page)  # it needs no other file


@pytest.mark.parametrize("left", ["", '{"step": '])
def test_a_log_that_is_lost_is_told_apart_from_a_run_that_has_just_begun(
    toy: ModuleType, tmp_path: Path, left: str
) -> None:
    run = made(toy, tmp_path / "mine", 0.0)
    (run / "toy.log.jsonl").write_text(left)
    with pytest.raises(ConfigurationError, match="missing or damaged"):
        read_run(run)
    (run / "toy.pt").unlink()
    with pytest.raises(ConfigurationError, match="has not come to a checkpoint yet"):
        read_run(run)


def test_the_figures_are_those_of_the_log(toy: ModuleType, tmp_path: Path) -> None:
    run = read_run(made(toy, tmp_path / "mine", 0.0))
    report = report_training(run)
    assert report.since is None and report.of_seeds == {}
    assert report.figures["loss"].mean == pytest.approx(run.best["loss"], rel=1e-5)
    assert report.figures["loss"].low < report.figures["loss"].mean
    assert report.worst.losses == sorted(report.worst.losses, reverse=True)
    assert report.worst.losses[0] > report.worst.median


def test_automatic_randomization_is_told(toy: ModuleType, tmp_path: Path) -> None:
    mine = made(toy, tmp_path / "mine", 0.0)
    assert main(["report", str(mine)]) == 0
    assert "Automatic domain" not in (mine / "report.html").read_text(encoding="utf-8")
    log = mine / "toy.log.jsonl"
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        line["adr"] = {"entropy": line["step"] - 9.0, "openness": 0.2, "camera.fov_deg.high": 0.375}
    log.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert main(["report", str(mine)]) == 0
    page = (mine / "report.html").read_text(encoding="utf-8")
    assert "<td>camera.fov_deg.high</td><td>0.38</td>" in page
    assert "entropy</text>" in page and "<td>entropy</td>" not in page


def test_the_run_before_is_the_last_one_that_can_be_read(toy: ModuleType, tmp_path: Path) -> None:
    mine = read_run(made(toy, tmp_path / "mine", 0.0))
    assert run_before(mine) is None
    made(toy, tmp_path / "before", 50.0)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "toy.log.jsonl").write_text("", encoding="utf-8")
    os.utime(broken / "toy.log.jsonl", (1.0, 1.0))
    earlier = run_before(mine)
    assert earlier is not None and earlier.checkpoint.parent.name == "before"


def test_what_is_no_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path)]) == 2
    assert "holds no run" in capsys.readouterr().err
    with pytest.raises(ConfigurationError, match="holds no run of 'pose'"):
        read_run(tmp_path, "pose")


def test_the_worst_are_found(toy: ModuleType) -> None:
    task = toy.ToyTask(1, 4, None)
    network = task.network.eval()
    batches = [task.source.draw(8) for _ in range(2)]
    batches[1].color[3] = 50.0  # a label that nothing fits
    found = worst_cases(task, network, batches, 16, 3)
    assert len(found.losses) == 3 and found.losses[0] > 10 * found.median
    np.testing.assert_array_equal(found.sheet, batches[1].images[3])  # toy draws its first image
    assert len(worst_cases(task, network, batches, 5, 9).losses) == 5
    assert len(take(batches[0], [1, 2]).color) == 2
