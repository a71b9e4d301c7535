"""Two launches in one ROS_DOMAIN_ID: one of them drives the arm, the other ends and says why."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simreal_common.resources import share_directory

START_S = 90.0
END_S = 20.0
OWNERS = ("sim_node", "control_node", "scorer_node")

pytestmark = pytest.mark.skipif(
    not (share_directory() / "models" / "block.json").is_file(),
    reason="models/block.json is missing: make train",
)


def refusals(run: Any) -> list[str]:
    return [line for line in run.lines if "error: " in line and " already " in line]


def check_refused(run: Any, domain: int) -> None:
    """It has ended because it saw the other's nodes, and has said so in a line a node."""
    run.wait_for_failure(START_S, 1)
    said = refusals(run)
    assert 1 <= len(said) <= len(OWNERS)
    for line in said:
        assert any(f"error: /{node} (process " in line for node in OWNERS)
        assert f"in ROS_DOMAIN_ID {domain}," in line
    assert "Traceback" not in run.output
    assert run.processes() == []


def test_the_second_launch_refuses_and_the_first_goes_on(
    launch: Callable[..., Any], tmp_path: Path, domain: int
) -> None:
    first = launch(f"out:={tmp_path / 'first'}")
    first.wait_for_line("blocks of 50 mm", START_S)
    first.wait_until(
        lambda: all(first.processes(node) for node in OWNERS), START_S, "not all nodes came up"
    )
    began = time.monotonic()
    check_refused(launch(f"out:={tmp_path / 'second'}"), domain)
    print(f"refused after {time.monotonic() - began:.1f} s")
    assert not (tmp_path / "second" / "decisions.jsonl").exists()
    assert first.process.poll() is None
    assert refusals(first) == []
    first.process.send_signal(signal.SIGINT)
    first.wait_for_failure(END_S, 130)


@pytest.mark.slow
def test_of_two_launches_at_once_one_goes_on(
    launch: Callable[..., Any], tmp_path: Path, domain: int
) -> None:
    runs = [launch(f"out:={tmp_path / name}") for name in ("one", "other")]
    end = time.monotonic() + START_S
    while all(run.process.poll() is None for run in runs) and time.monotonic() < end:
        time.sleep(0.1)
    (refused,) = [run for run in runs if run.process.poll() is not None]
    check_refused(refused, domain)
    (left,) = [run for run in runs if run is not refused]
    left.wait_until(
        lambda: all(left.processes(node) for node in OWNERS), START_S, "not all nodes came up"
    )
    left.wait_for_line("placed)", START_S)
    assert refusals(left) == []
