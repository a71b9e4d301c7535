"""robot.launch.xml against a stand-in robot that offers its drivers' interfaces and no more."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from simreal_common.resources import share_directory

STAND_IN = Path(__file__).with_name("stand_in_robot.py")
PARALLEL_ACTION = "panda_hand_controller/parallel_gripper_cmd"  # as the stand-in calls it
START_S, RUN_S, END_S = 40.0, 240.0, 20.0

pytestmark = pytest.mark.skipif(
    not (share_directory() / "models" / "block.json").is_file(),
    reason="models/block.json is missing: make train",
)


@pytest.fixture
def robot(child_environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A robot with two blocks on its table."""
    process = subprocess.Popen(
        [sys.executable, str(STAND_IN)], env=child_environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "ready" in line:
            break
    yield process
    process.kill()
    process.wait()


def test_a_robot_known_by_its_interfaces_alone_builds_a_tower(
    robot: subprocess.Popen[str],
    launch: Callable[..., Any],
    ask: Callable[[str], str],
    tmp_path: Path,
) -> None:
    run = launch(
        "blocks:=2", "velocity_scaling:=0.5", f"out:={tmp_path}", "image:=my_camera/image_raw",
        "camera_info:=my_camera/camera_info", file="robot.launch.xml",
    )  # fmt: skip
    run.wait_for_line("taking the block", RUN_S)
    assert "paused while" in ask("pause")
    assert "going on" in ask("resume")
    run.wait_for_line("the tower of 2 stands", RUN_S)
    robot.send_signal(signal.SIGINT)
    said, _ = robot.communicate(timeout=END_S)
    verdict = json.loads(said.strip().splitlines()[-1])
    assert verdict["success"], (verdict, run.output)
    run.process.send_signal(signal.SIGINT)
    run.wait(END_S)
    assert "Traceback" not in run.output, run.output
    assert run.processes() == []
    assert (tmp_path / "demo.mp4").stat().st_size > 10_000


@pytest.mark.slow
def test_a_robot_whose_gripper_takes_parallel_gripper_commands(
    robot: subprocess.Popen[str], launch: Callable[..., Any], tmp_path: Path
) -> None:
    panda = (share_directory() / "config" / "panda.yaml").read_text(encoding="utf-8")
    mine = f"gripper: {{type: parallel_gripper_command, action: {PARALLEL_ACTION}}}"
    (tmp_path / "mine.yaml").write_text(
        f"{panda}/**/control_node: {{ros__parameters: {{{mine}}}}}\n", encoding="utf-8"
    )
    run = launch(
        "blocks:=2", "velocity_scaling:=0.5", f"out:={tmp_path}", "image:=my_camera/image_raw",
        "camera_info:=my_camera/camera_info", f"robot:={tmp_path / 'mine.yaml'}",
        file="robot.launch.xml",
    )  # fmt: skip
    run.wait_for_line("the tower of 2 stands", RUN_S)
    robot.send_signal(signal.SIGINT)
    said, _ = robot.communicate(timeout=END_S)
    verdict = json.loads(said.strip().splitlines()[-1])
    assert verdict["success"], (verdict, run.output)
