"""Entry points that a launch starts: what they find, and a Ctrl-C before their first line."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .workbench import Launched, Package, wait_until_gone

Ros2 = Callable[..., Launched]

STARTING = """
import os, time
where = os.environ.get("STARTING")
if where:
    open(where, "w").close()
    time.sleep(0.7)
"""
ROLL = """
import os, sys, time
{loading}
class Wheel:
    @staticmethod
    def main():
        print("names", sys.argv[0], sys.argv[-1], __name__, "start_entry" in sys.modules)
        print("paths", [p for p in sys.path if p.endswith("launch")])
        os.system("grep -E 'Sig(Blk|Ign)' /proc/self/status")
        try:
            time.sleep({seconds})
        except KeyboardInterrupt:
            print("told to end")
            return 7
        return 5
"""
END_S = 4.0
"""Sooner than a launch that has told a process to end gets impatient."""


@pytest.fixture
def roll(package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the distribution `demo` with the console script `roll`, and a launch file with it."""
    site = tmp_path / "site"
    info = site / "demo-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[console_scripts]\nroll = wheely:Wheel.main\n")
    (site / "sitecustomize.py").write_text(STARTING)
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=":")

    def make(seconds: float, loading: str = "") -> None:
        (site / "wheely.py").write_text(ROLL.format(seconds=seconds, loading=loading))
        package.launch_file(
            '<node pkg="demo" exec="roll" args="last" output="screen" on_exit="shutdown">'
            f'<env name="STARTING" value="{tmp_path}/starting"/></node>'
        )

    return make


def wait_for_file(path: Path) -> None:
    deadline = time.monotonic() + 60.0
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not come"
        time.sleep(0.01)


def test_an_entry_point_finds_what_its_script_would(roll: Callable[..., None], ros2: Ros2) -> None:
    roll(0.0)
    launched = ros2("launch", "demo", "test.launch.xml")
    assert launched.wait() == 1
    assert "exit code 5" in launched.output
    assert "[roll-1] names roll " in launched.output
    assert " wheely False\n" in launched.output
    assert "[roll-1] paths []\n" in launched.output
    for line in launched.output.splitlines():
        if "SigBlk" in line or "SigIgn" in line:  # of what it starts
            assert not int(line.split()[-1], 16) & 1 << signal.SIGINT - 1, line


def test_once_it_runs_it_hears_an_interrupt_as_ever(
    roll: Callable[..., None], ros2: Ros2, tmp_path: Path
) -> None:
    roll(100.0)
    launched = ros2("launch", "demo", "test.launch.xml")
    launched.wait_for("SigIgn")
    time.sleep(0.2)
    launched.process.send_signal(signal.SIGINT)
    assert launched.wait(END_S) == 130
    assert "[roll-1] told to end" in launched.output
    assert "exit code 7" in launched.output


@pytest.mark.parametrize("to", ["the launch", "the process"])
def test_an_interrupt_while_the_interpreter_starts_is_quiet_and_not_lost(
    roll: Callable[..., None], ros2: Ros2, tmp_path: Path, to: str
) -> None:
    roll(100.0)
    launched = ros2("launch", "demo", "test.launch.xml")
    pid = launched.pid_of("roll-1")
    wait_for_file(tmp_path / "starting")
    if to == "the launch":
        launched.process.send_signal(signal.SIGINT)
    else:
        os.kill(pid, signal.SIGINT)
    assert launched.wait(END_S) == (130 if to == "the launch" else 1)
    wait_until_gone(pid)
    for words in ("Traceback", "Fatal", "KeyboardInterrupt", "escalating", "[roll-1] names"):
        assert words not in launched.output, launched.output


def test_an_interrupt_while_it_loads_its_libraries_is_quiet(
    roll: Callable[..., None], ros2: Ros2
) -> None:
    roll(100.0, "print('loading'); time.sleep(100)")
    launched = ros2("launch", "demo", "test.launch.xml")
    launched.wait_for("[roll-1] loading")
    launched.process.send_signal(signal.SIGINT)
    assert launched.wait(END_S) == 130
    assert "Traceback" not in launched.output
    assert "escalating" not in launched.output


def test_another_program_in_front_is_left_to_hear_interrupts(
    roll: Callable[..., None], ros2: Ros2
) -> None:
    roll(100.0)
    prefix = "--launch-prefix=sh -c 'grep SigBlk /proc/self/status; sleep 100; :'"
    launched = ros2("launch", prefix, "demo", "test.launch.xml")
    line = next(x for x in launched.wait_for("SigBlk").splitlines() if "SigBlk" in x)
    assert not int(line.split()[-1], 16) & 1 << signal.SIGINT - 1
    launched.process.send_signal(signal.SIGINT)
    assert launched.wait(END_S) == 130
