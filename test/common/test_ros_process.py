"""A node's process: how it ends, with which exit code, and what it prints."""

from __future__ import annotations

import ast
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("rclpy")

PROGRAM = """
import sys
from rclpy.node import Node
from simreal_common.errors import ConfigurationError
from simreal_common.ros_process import NodeFinished, run_node

class Sample(Node):
    def __init__(self):
        super().__init__("sample_node")
        {constructor}
        self.timer = self.create_timer(0.1, self.tick)
        print("ready", flush=True)

    def tick(self):
        {tick}

    def destroy_node(self):
        print("cleaned", flush=True)
        super().destroy_node()

sys.exit(run_node(Sample, {args}, told_to_end={told_to_end}))
"""
ROOT = Path(__file__).parents[2]
START_S = 20.0  # a cold Python with rclpy on a busy machine
END_S = 5.0


def start(
    environment: dict[str, str],
    constructor: str = "pass",
    tick: str = "pass",
    args: str = "None",
    told_to_end: int = 0,
) -> subprocess.Popen[str]:
    program = PROGRAM.format(constructor=constructor, tick=tick, args=args, told_to_end=told_to_end)
    return subprocess.Popen(
        [sys.executable, "-c", program],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("code", [0, 3])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_cleanly(child_environment: dict[str, str], number: int, code: int) -> None:
    process = start(child_environment, told_to_end=code)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.3)
    process.send_signal(number)
    out, err = process.communicate(timeout=END_S)
    assert process.returncode == code
    assert "cleaned" in out
    assert "Traceback" not in err


# Signals that come while ROS starts: rclpy's own handlers have a gap there, into which an idle node
# falls and hangs for ever.
EARLY = """
import os, signal, rclpy

whole_init = rclpy.init

def init(**arguments):
    assert arguments["signal_handler_options"] == rclpy.signals.SignalHandlerOptions.NO
    assert callable(signal.getsignal({number})), "rclpy.init without a handler before it"
    {before}
    whole_init(**arguments)
    {after}

rclpy.init = init
"""
RAISE = "os.kill(os.getpid(), {number})"


@pytest.mark.parametrize("where", ["before", "after", "constructor"])
@pytest.mark.parametrize("number", [int(signal.SIGINT), int(signal.SIGTERM)])
def test_a_signal_while_ros_starts_ends_it(
    child_environment: dict[str, str], number: int, where: str
) -> None:
    raised = RAISE.format(number=number)
    places = {
        name: raised if name == where else "pass" for name in ("before", "after", "constructor")
    }
    program = EARLY.format(number=number, before=places["before"], after=places["after"])
    program += PROGRAM.format(
        constructor=places["constructor"], tick="pass", args="None", told_to_end=3
    )
    process = subprocess.run(
        [sys.executable, "-c", program],
        env=child_environment,
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )
    assert process.returncode == 3, process.stderr
    assert "Traceback" not in process.stderr


NODES = sorted(path for room in ROOT.glob("simreal_*") for path in room.rglob("*_node.py"))


def test_there_are_nodes() -> None:
    assert len(NODES) >= 6


@pytest.mark.parametrize("path", NODES, ids=lambda path: path.stem)
def test_every_node_starts_this_way(path: Path) -> None:
    """However it is started: `ros2 run`, a launch file, `python -m`."""
    called = {
        ast.unparse(node.func)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    }
    assert "run_node" in called
    assert not {"rclpy.init", "rclpy.spin"} & called


def test_a_node_that_is_finished(child_environment: dict[str, str]) -> None:
    process = start(child_environment, tick="raise NodeFinished(1)")
    out, err = process.communicate(timeout=START_S)
    assert process.returncode == 1
    assert "cleaned" in out
    assert err == ""


@pytest.mark.parametrize("where", ["constructor", "tick"])
def test_a_users_mistake_is_one_line(child_environment: dict[str, str], where: str) -> None:
    mistake = 'raise ConfigurationError("got a, wanted b;\\n write c")'
    process = start(child_environment, **{where: mistake})
    _, err = process.communicate(timeout=START_S)
    assert process.returncode == 2
    assert err == "error: got a, wanted b; write c\n"


def test_a_bug_keeps_its_traceback(child_environment: dict[str, str]) -> None:
    process = start(child_environment, tick="raise RuntimeError('a bug')")
    out, err = process.communicate(timeout=START_S)
    assert process.returncode == 1
    assert "Traceback" in err
    assert "a bug" in err
    assert "cleaned" in out


def own_lines(err: str) -> list[str]:
    """The one line that the process says itself; that of ROS 2's rcl may stand before it."""
    lines = [
        line for line in err.splitlines() if not re.match(r"\[ERROR\] \[[\d.]+\] \[rcl\]: ", line)
    ]
    assert len(lines) == 1, err
    return lines


@pytest.mark.parametrize(
    "args",
    ['["--ros-args", "-p", "nonsense"]', '["--ros-args", "--params-file", "/no/such/file.yaml"]'],
)
def test_ros_arguments_that_cannot_be_read(child_environment: dict[str, str], args: str) -> None:
    process = start(child_environment, args=args)
    _, err = process.communicate(timeout=START_S)
    assert process.returncode == 2
    assert own_lines(err)[0].startswith("error: cannot start: ")


@pytest.mark.parametrize("name", ["it's", "[", "a b", "1", "a//b", "#", "{x}"])
def test_a_topic_that_is_told_to_have_a_name_that_is_none(
    child_environment: dict[str, str], name: str
) -> None:
    process = start(
        child_environment,
        constructor='from std_msgs.msg import String; self.create_publisher(String, "image", 1)',
        args=str(["--ros-args", "-r", f"image:={name}"]),
    )
    _, err = process.communicate(timeout=START_S)
    assert process.returncode == 2
    assert own_lines(err)[0].startswith("error: cannot start: ")


def test_a_params_file_that_is_not_yaml(child_environment: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("sample_node: [")
    process = start(child_environment, args=f'["--ros-args", "--params-file", "{path}"]')
    _, err = process.communicate(timeout=START_S)
    assert process.returncode == 2
    own_lines(err)


# As cron and bare containers have it.
ASCII = [
    {"PYTHONIOENCODING": "ascii"},
    {"LC_ALL": "C"},
    {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]


@pytest.mark.parametrize(
    "locale", ASCII, ids=lambda one: ",".join(f"{k}={v}" for k, v in one.items())
)
def test_an_ascii_locale_loses_no_line(
    child_environment: dict[str, str], locale: dict[str, str]
) -> None:
    say = (
        r"""print("said \u00fc"); self.get_logger().info("logged \u00fc \u20ac"); """
        r"""raise ConfigurationError("failed \u00fc")"""
    )
    process = start({**child_environment, **locale}, tick=say)
    out, err = process.communicate(timeout=START_S)
    assert process.returncode == 2
    said = [line for line in out.splitlines() if line.startswith("said ")]
    assert said in (["said \u00fc"], [r"said \xfc"])
    assert "]: logged " in err
    assert "error: failed " in err
    assert "Traceback" not in err


# Ctrl-C before each line that run_node runs itself, one after the other, in one process.
AT_EVERY_LINE = """
import signal, sys
from rclpy.node import Node
from simreal_common import ros_process
from simreal_common.ros_process import NodeFinished, run_node

cleaned = []

class Sample(Node):
    def __init__(self):
        super().__init__("sample_node")
        self.timer = self.create_timer(0.01, self.tick)

    def tick(self):
        raise NodeFinished(4)

    def destroy_node(self):
        cleaned.append(True)
        super().destroy_node()

def run(at):
    # The exit code, and how many lines there were, with Ctrl-C before the line of that number.
    count = 0
    def trace(frame, event, _):
        nonlocal count
        if frame.f_code.co_filename != ros_process.__file__:
            return None
        if event == "line":
            count += 1
            if count == at:
                sys.settrace(None)
                signal.raise_signal(signal.SIGINT)
        return trace
    sys.settrace(trace)
    try:
        return run_node(Sample, [], told_to_end=3), count
    finally:
        sys.settrace(None)

signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever starts a node hears it before and after
code, lines = run(0)
assert code == 4, code
for at in range(1, lines + 1):
    made = len(cleaned)
    code, _ = run(at)
    assert code in (3, 4), (at, code)
print(lines, len(cleaned))
"""


def test_ctrl_c_at_every_line_ends_it_without_a_traceback(
    child_environment: dict[str, str],
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", AT_EVERY_LINE],
        env=child_environment, capture_output=True, text=True, timeout=6 * START_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    lines, cleaned = map(int, done.stdout.split())
    assert lines > 40
    assert cleaned > 10


# Where Python cannot let an exception out: it would be told with a traceback, and end nothing.
IN_A_FINALIZER = """
import signal, sys, time
from rclpy.node import Node
from simreal_common.ros_process import run_node

class Interrupted:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

def starts_for_a_minute():
    Interrupted()
    time.sleep(60)

sys.exit(run_node(starts_for_a_minute, [], told_to_end=3))
"""


def test_ctrl_c_in_a_finalizer_ends_it_without_a_traceback(
    child_environment: dict[str, str],
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IN_A_FINALIZER],
        env=child_environment, capture_output=True, text=True, timeout=START_S,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert done.stderr == ""
