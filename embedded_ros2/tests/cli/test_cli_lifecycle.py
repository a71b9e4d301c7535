"""`ros2 lifecycle` against a managed node in another process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .workbench import GIVE_UP_S, SOURCE

NODE = """
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn


class Managed(LifecycleNode):
    def on_activate(self, state):
        return TransitionCallbackReturn.FAILURE


rclpy.init()
node = Managed("managed")
print("ready", flush=True)
try:
    rclpy.spin(node)
except (KeyboardInterrupt, ExternalShutdownException):
    pass
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Of a domain in which the node runs."""
    environment = {
        **os.environ,
        "PYTHONPATH": SOURCE,
        "ROS_DOMAIN_ID": str(1 + (os.getpid() + 50) % 101),
        "OMP_NUM_THREADS": "1",
    }
    log: Path = tmp_path_factory.mktemp("managed") / "output.txt"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", NODE], env=environment, stdout=file, stderr=subprocess.STDOUT
        )
    deadline = time.monotonic() + GIVE_UP_S
    while "ready" not in log.read_text():
        assert process.poll() is None and time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
    yield environment
    process.terminate()
    process.wait(GIVE_UP_S)


def lifecycle(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ros2cli_embedded", "lifecycle", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=GIVE_UP_S,
    )


def test_a_node_is_found_and_its_state_changed(environment: dict[str, str]) -> None:
    assert lifecycle(environment, "nodes").stdout == "/managed\n"
    assert lifecycle(environment, "get", "managed").stdout == "unconfigured [1]\n"
    told = lifecycle(environment, "set", "/managed", "configure")
    assert (told.returncode, told.stdout) == (0, "Transitioning successful\n")
    assert lifecycle(environment, "get").stdout == "/managed: inactive [2]\n"
    assert "- cleanup [2]\n\tStart: inactive\n" in lifecycle(environment, "list", "managed").stdout
    refused = lifecycle(environment, "set", "/managed", "3")
    assert (refused.returncode, refused.stdout) == (1, "Transitioning failed\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("set", "/managed", "activat"), "activate"),
        (("get", "/nobody"), "no managed node '/nobody'"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    environment: dict[str, str], words: tuple[str, ...], said: str
) -> None:
    told = lifecycle(environment, *words)
    assert told.returncode == 1 and said in told.stderr
    assert told.stderr.count("\n") == 1
