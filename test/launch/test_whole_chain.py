"""The main job from launch to verdict, as a person runs it."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simreal_cli.cli import main
from simreal_common.resources import share_directory
from simreal_sim.physics.arms.registry import SIMULATED_ARMS

NODES = ("sim_node", "perception_node", "control_node", "recorder_node", "scorer_node")
START_S = 40.0
RUN_S = 400.0  # wall time of a run on two busy cores
AFTER_KILL_S = 5.0

pytestmark = pytest.mark.skipif(
    not (share_directory() / "models" / "block.json").is_file(),
    reason="models/block.json is missing: make train",
)


EMBEDDED = importlib.util.find_spec("ros2cli_embedded") is not None


def run_seed(launch: Callable[..., Any], out: Path, seed: int, *more: str) -> dict[str, Any]:
    """One run; checks that exit code and result agree, whatever they say."""
    run = launch(f"seed:={seed}", "blocks:=3", f"out:={out}", *more)
    code = run.wait(RUN_S)
    assert "Traceback" not in run.output, run.output
    assert run.processes() == []
    result: dict[str, Any] = json.loads((out / "result.json").read_text())
    if EMBEDDED:  # that of ROS 2 says nothing of its nodes
        assert (code == 0) == (result["success"] is True), run.output
    return result


def test_a_run_is_judged_filmed_and_told(
    launch: Callable[..., Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = run_seed(launch, tmp_path, 1)
    assert result["seed"] == 1
    assert result["blocks"] == 3
    assert result["success"], result
    assert result["placed"] == 3
    assert len(result["blocks_detail"]) == 3
    assert result["perception"]["matched"] > 0
    assert 0.0 < result["perception"]["mean_mm"] <= result["perception"]["max_mm"]
    assert result["sim_seconds"] > 0
    assert result["wall_seconds"] > 0
    assert (tmp_path / "demo.mp4").stat().st_size > 50_000
    assert (tmp_path / "detections.png").stat().st_size > 50_000
    assert main(["explain", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "for level 2" in said
    assert "from the truth: success" in said
    assert "With images" in said
    assert (tmp_path / "report.html").read_text().count("base64,") >= 3


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(node, marks=[] if node == "perception_node" else [pytest.mark.slow])
        for node in NODES
    ],
)
def test_a_killed_node_ends_it_all(launch: Callable[..., Any], tmp_path: Path, name: str) -> None:
    run = launch(f"out:={tmp_path}")
    run.wait_until(
        lambda: all(run.processes(node) for node in NODES), START_S, "not all nodes came up"
    )
    run.wait_for_line("blocks of 50 mm", START_S)  # perception is ready, the others run
    (victim,) = run.processes(name)
    os.kill(victim, signal.SIGKILL)
    run.wait_for_failure(AFTER_KILL_S)
    assert name in "\n".join(line for line in run.lines if "died" in line or "kill" in line.lower())
    assert run.processes() == []


@pytest.mark.slow
def test_without_the_truth_the_arm_still_stacks(launch: Callable[..., Any], tmp_path: Path) -> None:
    result = run_seed(launch, tmp_path, 1, "truth_topic:=somewhere/else")
    assert result["success"], result


@pytest.mark.slow
@pytest.mark.parametrize("robot", [name for name in SIMULATED_ARMS if name != "panda"])
def test_another_arm_stacks(launch: Callable[..., Any], tmp_path: Path, robot: str) -> None:
    result = run_seed(launch, tmp_path, 1, f"robot:={robot}")
    assert result["success"], result


def test_two_cameras_are_fused_and_a_block_is_taken(
    launch: Callable[..., Any], tmp_path: Path
) -> None:
    run = launch(f"out:={tmp_path}", "camera:=both")
    run.wait_for_line("taking the block at", 2 * START_S)
    assert len(run.processes("perception_node")) == 2
    assert "going on with" not in run.output, run.output
    assert "sigmas" not in run.output, run.output


@pytest.mark.slow
@pytest.mark.parametrize("camera", ["wrist", "both"])
def test_a_camera_on_the_hand_stacks(
    launch: Callable[..., Any], tmp_path: Path, camera: str
) -> None:
    result = run_seed(launch, tmp_path, 1, f"camera:={camera}")
    assert result["success"], result
    assert result["perception"]["matched"] > 0


@pytest.mark.slow
def test_eight_towers_of_ten(launch: Callable[..., Any], tmp_path: Path) -> None:
    results = {seed: run_seed(launch, tmp_path / str(seed), seed) for seed in range(1, 11)}
    failed = {seed: result["reason"] for seed, result in results.items() if not result["success"]}
    assert len(failed) <= 2, failed
