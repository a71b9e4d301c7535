"""A package made for one test, and the `ros2` command run as a person runs it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import ros2cli_embedded

SOURCE = str(Path(ros2cli_embedded.__file__).parent.parent)
GIVE_UP_S = 120.0
"""When a process is taken for hung; on a busy machine each takes many times as long as alone."""


class Package:
    """An installed package `demo` below `prefix`."""

    def __init__(self, prefix: Path) -> None:
        self.prefix = prefix
        index = prefix / "share" / "ament_index" / "resource_index" / "packages"
        index.mkdir(parents=True)
        (index / "demo").touch()
        self.share = prefix / "share" / "demo"
        (self.share / "launch").mkdir(parents=True)
        (prefix / "lib" / "demo").mkdir(parents=True)

    def executable(self, name: str, body: str, libraries: bool = False) -> Path:
        """Install a Python executable, without `libraries` one that starts faster."""
        path = self.prefix / "lib" / "demo" / name
        path.write_text(f"#!{sys.executable}{'' if libraries else ' -S'}\n{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def launch_file(self, inside: str, name: str = "test.launch.xml") -> Path:
        """Install a launch file; `inside` stands between the <launch> tags from line 2 on."""
        path = self.share / "launch" / name
        path.write_text(f"<launch>\n{inside}\n</launch>\n", encoding="utf-8")
        return path


class Launched:
    """A running `ros2`; its output so far can be read at any time."""

    def __init__(self, arguments: tuple[str, ...], environment: dict[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ros2cli_embedded", *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        """What was printed so far."""
        return self._log.read_text()

    def wait_for(self, text: str, timeout_s: float = GIVE_UP_S) -> str:
        """Wait until `text` was printed and return all output."""
        deadline = time.monotonic() + timeout_s
        while text not in self.output:
            assert time.monotonic() < deadline, f"no '{text}' in:\n{self.output}"
            assert self.process.poll() is None, f"ended without '{text}':\n{self.output}"
            time.sleep(0.02)
        return self.output

    def wait(self, timeout_s: float = GIVE_UP_S) -> int:
        """Wait for the end and return the exit code."""
        return self.process.wait(timeout_s)

    def pid_of(self, name: str) -> int:
        """Return the process id of the process `name`, e.g. ``node-1``."""
        line = self.wait_for(f"[{name}]: process started with pid [")
        return int(line.split(f"[{name}]: process started with pid [")[1].split("]")[0])


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """The package `demo`, found through AMENT_PREFIX_PATH."""
    demo = Package(tmp_path / "prefix")
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(demo.prefix))
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "log"))
    monkeypatch.setenv("PYTHONPATH", SOURCE)
    return demo


@pytest.fixture
def ros2(package: Package, tmp_path: Path) -> Iterator[Callable[..., Launched]]:
    """Start `ros2` in the background; whatever still runs at the end of the test is killed."""
    started: list[Launched] = []

    def start(*arguments: str) -> Launched:
        log = tmp_path / f"output_{len(started)}.txt"
        started.append(Launched(arguments, dict(os.environ), log))
        return started[-1]

    yield start
    for launched in started:
        if launched.process.poll() is None:
            launched.process.kill()
            launched.process.wait()


def is_alive(pid: int) -> bool:
    """Return whether the process runs (a zombie does not)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


def wait_until_gone(*pids: int, timeout_s: float = 3.0) -> None:
    """Wait until none of the processes runs any more."""
    deadline = time.monotonic() + timeout_s
    while left := [pid for pid in pids if is_alive(pid)]:
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.02)
