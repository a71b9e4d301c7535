"""`simreal pictures`: Ctrl-C in a terminal reaches the command and all of its workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("numba", reason="pictures are drawn by the ray caster")

START_S = 300.0  # what draws may have to be compiled first
END_S = 60.0


@pytest.mark.parametrize("layout", ["folder", "coco"])
def test_ctrl_c_ends_it_with_all_workers_and_it_goes_on(tmp_path: Path, layout: str) -> None:
    out = tmp_path / "data"
    command = [
        sys.executable, "-m", "simreal_cli.cli", "pictures", "2000", "--out", str(out),
        "--size", "96x64", "--jobs", "2", "--format", layout,
    ]  # fmt: skip
    run = subprocess.Popen(
        command, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    deadline = time.monotonic() + START_S
    while not list(out.rglob("*.png")):
        assert time.monotonic() < deadline, "no picture came"
        assert run.poll() is None
        time.sleep(0.05)
    os.killpg(run.pid, signal.SIGINT)
    said, _ = run.communicate(timeout=END_S)
    assert run.returncode == 130, said
    assert "stopped; the same command goes on" in said
    assert "Traceback" not in said and "Exception ignored" not in said, said
    deadline = time.monotonic() + END_S
    while anybody_left(run.pid):  # multiprocessing's tracker hears a little later
        assert time.monotonic() < deadline, "a worker was left over"
        time.sleep(0.05)
    assert 0 < len(list(out.rglob("*.png"))) < 1500


def anybody_left(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
