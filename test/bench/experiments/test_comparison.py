"""Runs compared: what differs, what stands against a conclusion, and whether seeds explain it."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from simreal_bench.experiments.comparison import OWN, Comparison, compare
from simreal_bench.experiments.comparison_page import comparison_page, comparison_text
from simreal_bench.experiments.training_record import TrainingRecord, read_run
from simreal_cli.cli import main
from simreal_common.errors import ConfigurationError
from simreal_perception.training.training import train
from simreal_perception.training.training_config import TrainingConfig


def made(toy: ModuleType, folder: Path, **changes: Any) -> TrainingRecord:
    rarely = {"checkpoint_s": 1e9, "evaluate_s": 1e9}
    config = TrainingConfig("toy", **{**toy.SMALL, **rarely, "steps": 4, **changes})
    train(config, folder)
    path = folder / "toy.environment.json"  # whether this checkout is clean is no matter here
    starts = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps([{**one, "uncommitted_changes": False} for one in starts]))
    return read_run(folder)


def names(found: Comparison) -> list[str]:
    return [one.name for one in found.changes]


def test_one_thing_changed_is_told_without_a_warning(toy: ModuleType, tmp_path: Path) -> None:
    sides = [
        [
            made(toy, tmp_path / f"{rate}-{seed}", learning_rate=rate, steps=60, seed=seed)
            for seed in (1, 2, 3)
        ]
        for rate in (1e-5, 0.03)
    ]
    found = compare(*sides)
    assert names(found) == ["learning_rate"]
    assert found.warnings == ()
    loss = next(one for one in found.figures[OWN] if one.name == "loss")
    assert loss.difference.exceeds_spread and loss.verdict == "better"
    assert "better" in comparison_text(found) and "learning_rate" in comparison_page(found)


def test_seeds_alone_are_within_their_spread(toy: ModuleType, tmp_path: Path) -> None:
    runs = [made(toy, tmp_path / str(seed), seed=seed) for seed in range(6)]
    found = compare(runs[::2], runs[1::2])
    assert found.changes == ()
    assert "nothing was changed but seeds" in found.warnings[0]
    assert {one.verdict for one in found.figures[OWN]} == {"within the spread"}


def test_what_stands_against_a_conclusion_is_said(toy: ModuleType, tmp_path: Path) -> None:
    ranges = tmp_path / "mine.yaml"
    ranges.write_text("edge: {edge_m: [0.03, 0.05]}\nlens: {share: 0.1}\n", encoding="utf-8")
    plain = made(toy, tmp_path / "plain")
    other = made(toy, tmp_path / "other", ranges=str(ranges), disabled=("sensor",), width=6, seed=6)
    found = compare([plain], [other])
    assert names(found) == ["width", "group sensor", "ranges edge", "ranges lens"]
    assert str(found.changes[2]) == "ranges edge: edge_m [0.02, 0.1] -> edge_m [0.03, 0.05]"
    said = " ".join(found.warnings)
    assert "5 things changed (width, group sensor, ranges edge, ranges lens, seed)" in said
    assert "one run a side" in said and "not the same on both sides" in said
    assert {one.verdict for one in found.figures[OWN]} == {"spread unknown"}


def test_start_weights_are_told_by_what_they_are(toy: ModuleType, tmp_path: Path) -> None:
    first = made(toy, tmp_path / "first", seed=1)
    made(toy, tmp_path / "second", seed=2)
    runs = [
        made(toy, tmp_path / name, start_from=str(tmp_path / start))
        for name, start in (("a", "first"), ("b", "first"), ("c", "second"))
    ]
    assert names(compare(runs[:1], runs[1:2])) == []
    assert names(compare(runs[:1], runs[2:])) == ["start weights"]
    assert names(compare([first], runs[:1])) == ["start weights"]


def test_sides_that_are_no_kinds_of_runs_are_told(toy: ModuleType, tmp_path: Path) -> None:
    runs = [made(toy, tmp_path / str(n), batch=8 + n, seed=1) for n in range(2)]
    said = " ".join(compare(runs, runs[:1]).warnings)
    assert "first side differ among themselves in batch" in said
    assert "first side share a seed" in said


def test_a_run_that_was_not_committed_is_told(toy: ModuleType, tmp_path: Path) -> None:
    plain = made(toy, tmp_path / "plain")
    path = tmp_path / "plain" / "toy.environment.json"
    path.write_text(path.read_text().replace("false", "true"), encoding="utf-8")
    said = " ".join(compare([plain], [read_run(tmp_path / "plain")]).warnings)
    assert "code that no commit has" in said


def test_the_command_compares(
    toy: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, steps in (("a", 3), ("b", 5)):
        made(toy, tmp_path / name, steps=steps)
    page = tmp_path / "page.html"
    runs = [str(tmp_path / name) for name in "ab"]
    assert main(["compare", *runs, "--common", "--images", "16", "--html", str(page)]) == 0
    told = capsys.readouterr().out
    assert "steps: 3 -> 5" in told
    assert "result on the same images of config/randomization.yaml" in told
    assert "<h2>configuration</h2>" in page.read_text(encoding="utf-8")
    assert main(["compare", runs[0]]) == 2
    assert "wanted two, or --with" in capsys.readouterr().err
    assert main(["compare", runs[0], str(tmp_path)]) == 2
    assert "holds no run" in capsys.readouterr().err


def test_networks_of_two_kinds_are_not_compared(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from simreal_perception.training.tasks.registry import TASKS

    first = made(toy, tmp_path / "a")
    monkeypatch.setitem(TASKS, "other", toy.ToyTask)
    config = TrainingConfig("other", **{**toy.SMALL, "steps": 2})
    train(config, tmp_path / "b")
    with pytest.raises(ConfigurationError, match="other and toy"):
        compare([first], [read_run(tmp_path / "b", "other")])
