"""A node that is told to end while its libraries still load goes quietly."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("pinocchio", reason="control_node needs it: pip install 'simreal[control]'")

# The scorer goes without a verdict; of the others it shows that they were told to, and did nothing.
NODES = [("control_node", 128), ("scorer_node", 3)]

# Says that the entry has begun, then loads what takes seconds.
PROGRAM = (
    "import sys; from simreal_cli.node_entry import {node}; "
    "print('begun', flush=True); sys.exit({node}())"
)
END_S = 5.0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("after_s", [0.05, 0.3])
@pytest.mark.parametrize(("node", "code"), NODES)
def test_it_goes_quietly(
    child_environment: dict[str, str], number: int, after_s: float, node: str, code: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(node=node)],
        env=child_environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    time.sleep(after_s)
    process.send_signal(number)
    _, said = process.communicate(timeout=END_S)
    assert process.returncode == (code if code < 128 else code + number), said
    assert said == ""
