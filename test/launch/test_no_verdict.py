"""A run that ends before its verdict says so: by its exit code, and by no older verdict."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simreal_common.resources import share_directory

NODES = ("sim_node", "perception_node", "control_node", "recorder_node", "scorer_node")
START_S = 60.0
END_S = 15.0
QUICK = {("perception_node", signal.SIGTERM), ("recorder_node", signal.SIGINT)}

pytestmark = pytest.mark.skipif(
    not (share_directory() / "models" / "block.json").is_file(),
    reason="models/block.json is missing: make train",
)


def begin(launch: Callable[..., Any], out: Path) -> Any:
    """A launch whose arm is at work."""
    run = launch(f"out:={out}")
    run.wait_for_line("blocks of 50 mm", START_S)
    run.wait_until(
        lambda: all(run.processes(node) for node in NODES), START_S, "not all nodes came up"
    )
    return run


@pytest.mark.parametrize(
    ("name", "number"),
    [
        pytest.param(
            node,
            number,
            marks=[] if (node, number) in QUICK else [pytest.mark.slow],
            id=f"{node}-{number.name}",
        )
        for node in NODES
        for number in (signal.SIGTERM, signal.SIGINT)
    ],
)
def test_a_node_that_is_told_to_end(
    launch: Callable[..., Any], tmp_path: Path, name: str, number: signal.Signals
) -> None:
    (tmp_path / "result.json").write_text('{"success": true}')
    run = begin(launch, tmp_path)
    run.wait_until(
        lambda: not (tmp_path / "result.json").exists(), START_S, "the old verdict stays"
    )
    (victim,) = run.processes(name)
    os.kill(victim, number)
    run.wait_for_failure(END_S, 1)
    assert "no verdict: the run was ended before it was over" in run.output
    assert "Traceback" not in run.output
    assert not (tmp_path / "result.json").exists()
    assert run.processes() == []


def test_a_second_run_into_the_same_folder(
    launch: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = begin(launch, tmp_path)
    decisions = tmp_path / "decisions.jsonl"
    first.wait_until(decisions.exists, START_S, "nothing is recorded")
    # In the same domain the nodes would meet; here it is the folder alone that they share.
    second = launch(f"out:={tmp_path}", domain=int(os.environ["ROS_DOMAIN_ID"]) + 101)
    second.wait_for_failure(START_S, 1)
    refused = [line for line in second.lines if "another run is writing" in line]
    assert refused
    assert all(line.endswith("wait for it, or give another folder") for line in refused)
    assert "Traceback" not in second.output
    assert first.process.poll() is None
    first.process.send_signal(signal.SIGINT)
    first.wait_for_failure(END_S, 130)
    # What the first was writing is whole.
    for line in decisions.read_text(encoding="utf-8").splitlines():
        json.loads(line)
    assert (tmp_path / "demo.mp4").stat().st_size > 0
