"""The bench of stacking: one real tower from images, resumption, and bad arguments."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_bench.simulated_robot.stack_result import StackResult
from simreal_bench.stacking.stack_bench import StackBench, summary
from simreal_cli.cli import main
from simreal_sim.physics.arms.registry import SIMULATED_ARMS


def result(seed: int, success: bool = True, log: tuple[str, ...] = ()) -> StackResult:
    return StackResult(
        seed=seed, blocks=3, success=success, reason="", placed=3 if success else 1,
        simulated_s=20.0, wall_s=5.0, placement_mm=(1.0, 3.0), plan_ms=30.0, collisions=(),
        limit_violations=0, tracking_rad=0.0, log=log,
    )  # fmt: skip


@pytest.mark.parametrize(
    "robot",
    [
        pytest.param(name, marks=pytest.mark.slow if name == "kuka_suction" else ())
        for name in SIMULATED_ARMS
    ],
)
def test_a_tower_of_two_is_built_from_images_and_not_built_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], robot: str
) -> None:
    out = tmp_path / "bench"
    command = ["bench", "stack", "--seeds", "1", "--blocks", "2", "--out", str(out)]
    command += ["--robot", robot]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "towers of 2, from images" in said
    content = json.loads((out / "seed_1.json").read_text())
    assert content["success"], content["log"]
    assert content["limit_violations"] == 0
    assert content["collisions"] == []
    assert main(["explain", str(out / "seed_1")]) == 0
    assert "The ending: the tower of 2 stands" in capsys.readouterr().out
    stamp = (out / "seed_1.json").stat().st_mtime_ns
    assert main([*command, "--json", str(tmp_path / "figures.json")]) == 0
    assert (out / "seed_1.json").stat().st_mtime_ns == stamp
    assert json.loads((tmp_path / "figures.json").read_text())["stood"] == 1


@pytest.mark.parametrize(
    ("robot", "camera"),
    [
        ("panda", "wrist"),
        pytest.param("panda", "both", marks=pytest.mark.slow),
        *(
            pytest.param(name, "wrist", marks=pytest.mark.slow)
            for name in SIMULATED_ARMS
            if name != "panda"
        ),
    ],
)
def test_a_tower_of_two_is_built_by_a_camera_on_the_hand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], robot: str, camera: str
) -> None:
    command = ["bench", "stack", "--seeds", "1", "--blocks", "2", "--out", str(tmp_path)]
    command += ["--robot", robot]
    assert main([*command, "--camera", camera]) == 0
    assert f"towers of 2, camera {camera}, from images" in capsys.readouterr().out
    content = json.loads((tmp_path / "seed_1.json").read_text())
    assert content["success"], content["log"]
    assert content["collisions"] == content["old_data"] == []
    assert main(command) == 2  # a folder holds one kind of camera
    assert f"holds runs of another kind (camera {camera} -> none)" in capsys.readouterr().err


def test_faults_go_with_the_fixed_camera(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "stack", "--faults", "all", "--camera", "wrist"]) == 2
    assert "wanted the fixed camera with faults" in capsys.readouterr().err


def test_a_row_of_two_is_built_from_images(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["bench", "stack", "--seeds", "1", "--blocks", "2", "--out", str(tmp_path)]
    assert main([*command, "--goal", "{build: row, blocks: 2}"]) == 0
    assert "a row of 2, 2 blocks, from images" in capsys.readouterr().out
    content = json.loads((tmp_path / "seed_1.json").read_text())
    assert content["success"], content["log"]
    assert main(command) == 2  # a folder holds one goal
    assert "holds runs of another kind" in capsys.readouterr().err


def test_a_folder_of_another_bench_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bench.json").write_text('{"blocks": 5}')
    assert main(["bench", "stack", "--seeds", "1", "--out", str(tmp_path)]) == 2
    assert "holds runs of another kind" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argument", "says"),
    [("--seeds=9..1", "wanted one seed or A..B"), ("--blocks=9", "wanted a tower of 2 to")],
)
def test_a_bad_argument(argument: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = main(["bench", "stack", argument])
    except SystemExit as stop:
        code = int(stop.code or 0)
    assert code == 2
    assert says in capsys.readouterr().err


def test_the_summary_counts_towers_errors_and_causes() -> None:
    failed = result(2, success=False, log=("12.50 no base for the tower: x",))
    figures = summary([result(1), failed])
    assert figures["stood"] == 1
    assert figures["success"] == 0.5
    assert figures["placement_mean_mm"] == 2.0
    assert figures["failed_seeds"] == [2]
    assert figures["causes"] == {"no base for the tower": 1}
    assert figures["blocks_an_hour"] == pytest.approx(2 / 40 * 3600)


def test_results_that_are_there_are_read_again(tmp_path: Path) -> None:
    bench = StackBench((1, 2), 3, "block", 0.5, tmp_path)
    assert bench.done() == []
    there = result(2, success=False, log=("12.50 no base for the tower: x",))
    bench.file(2).write_text(json.dumps(asdict(there)))
    assert bench.done() == [there]
