"""Starts launch files as a person does, and finds what they leave behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="no ROS: install ROS 2 or embedded_ros2")
pytest.importorskip("pybullet", reason="the simulation needs PyBullet: pip install 'simreal[sim]'")

MARK = "SIMREAL_TEST_RUN"


def ros2() -> str:
    """The `ros2` of this environment, else the one on PATH."""
    own = Path(sys.executable).with_name("ros2")
    found = str(own) if own.exists() else shutil.which("ros2")
    if found is None:
        pytest.skip("no ros2 command")
    return found


class Launch:
    """`ros2 launch simreal FILE` with some arguments, and all that it starts."""

    def __init__(
        self, environment: dict[str, str], folder: Path, file: str, *arguments: str
    ) -> None:
        self.mark = uuid.uuid4().hex
        self.lines: list[str] = []
        command = [ros2(), "launch", "simreal", file, *arguments]
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env={**environment, MARK: self.mark},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def wait_for_line(self, text: str, timeout_s: float) -> None:
        """Wait until a line contains the text."""
        self.wait_until(lambda: text in self.output, timeout_s, f"'{text}' was not said")

    def wait_until(self, true: Callable[[], bool], timeout_s: float, otherwise: str) -> None:
        deadline = time.monotonic() + timeout_s
        while not true():
            assert self.process.poll() is None, f"the launch ended early:\n{self.output}"
            assert time.monotonic() < deadline, f"{otherwise}:\n{self.output}"
            time.sleep(0.05)

    def wait(self, timeout_s: float) -> int:
        """Wait for the end; the exit code."""
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            pytest.fail(f"the launch did not end within {timeout_s} s:\n{self.output}")
        self._reader.join(5.0)
        return code

    def processes(self, name: str = "") -> list[int]:
        """Ids of the living processes of this launch whose command line contains `name`."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                environment = (folder / "environ").read_bytes()
                command = (folder / "cmdline").read_bytes()
            except OSError:
                continue  # ended meanwhile, or another user's
            ours = f"{MARK}={self.mark}".encode() in environment
            if ours and command and name.encode() in command:  # a zombie has no command line
                found.append(int(folder.name))
        return found

    def close(self) -> None:
        """End whatever is left."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(10.0)
            except subprocess.TimeoutExpired:
                self.process.kill()
        for number in self.processes():
            os.kill(number, signal.SIGKILL)


@pytest.fixture
def launch(child_environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Launch]]:
    """Starts launches that are gone when the test is over."""
    started: list[Launch] = []

    def start(*arguments: str, file: str = "simulation.launch.xml") -> Launch:
        started.append(Launch(child_environment, tmp_path, file, *arguments))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def ask(child_environment: dict[str, str]) -> Callable[[str], str]:
    """Ask the controller to pause, resume or stop, as a person does; what it says."""

    def call(request: str) -> str:
        command = [ros2(), "service", "call", f"/stacking/{request}", "std_srvs/srv/Trigger"]
        done = subprocess.run(
            command, env=child_environment, capture_output=True, text=True, timeout=40, check=True
        )
        return done.stdout

    return call
