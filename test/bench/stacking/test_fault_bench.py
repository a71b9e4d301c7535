"""The bench of faults: they are injected, and what counts as recovered is not too little."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_bench.simulated_robot.stack_result import StackResult
from simreal_bench.stacking.fault_bench import FaultBench
from simreal_bench.stacking.fault_run import FaultResult
from simreal_bench.stacking.fault_summary import fault_rows, fault_summary
from simreal_cli.cli import main


def test_a_dropped_block_in_physics_and_no_second_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "bench"
    command = ["bench", "stack", "--faults", "dropped", "--seeds", "1", "--out", str(out)]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "towers of 3, one fault each" in said
    content = json.loads((out / "dropped_1.json").read_text())
    assert content["recovered"], content
    assert content["injected_at"] > 0
    assert any("the block was lost on the way" in line for line in content["stack"]["log"])
    stamp = (out / "dropped_1.json").stat().st_mtime_ns
    assert main([*command, "--json", str(tmp_path / "figures.json")]) == 0
    assert (out / "dropped_1.json").stat().st_mtime_ns == stamp
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["kinds"]["dropped"] == {"runs": 1, "injected": 1, "recovered": 1, "share": 1.0}


def test_a_fault_that_was_never_injected_is_a_failure(stood: StackResult) -> None:
    never = FaultResult("joints", None, "", False, stood)
    assert never.cause == "the fault was never injected"
    well = FaultResult("joints", 4.0, "no joint states", True, stood)
    figures = fault_summary([never, well])
    assert figures["kinds"]["joints"] == {"runs": 2, "injected": 1, "recovered": 1, "share": 0.5}
    assert figures["failed"][0]["cause"] == "the fault was never injected"
    assert fault_rows(figures)[-1] == ("all", "2", "1", "1", "50 %")


def test_a_tower_that_stands_is_not_enough_after_a_collision_or_on_old_data(
    stood: StackResult,
) -> None:
    hit = FaultResult(
        "fell", 4.0, "", False, replace(stood, collisions=((1.0, "hand", "a block"),))
    )
    assert hit.cause == "hand touched a block"
    old = FaultResult("fell", 4.0, "", False, replace(stood, old_data=((1.0, "pictures"),)))
    assert "old data" in old.cause


def test_a_fault_of_no_kind_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "stack", "--faults", "earthquake"]) == 2
    assert "wanted all, or some of dropped, slipped" in capsys.readouterr().err


def test_a_bench_that_began_before_its_figures_were_renamed_goes_on(
    tmp_path: Path, stood: StackResult
) -> None:
    bench = FaultBench((1,), 3, "block", 0.5, tmp_path, kinds=("fell",))
    result = FaultResult("fell", 4.0, "pushed over", True, stood)
    content = asdict(result)
    content["planted_at"] = content.pop("injected_at")
    bench.file(("fell", 1)).write_text(json.dumps(content))
    assert bench.done() == [result]
