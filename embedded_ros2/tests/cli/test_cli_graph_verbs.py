"""`ros2 topic`, `node`, `param`, `service` and `action` against a node in another process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from embedded_ros2_core.typehash import type_hash

from .workbench import GIVE_UP_S, SOURCE

NODE = """
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from std_msgs.msg import Int32, String
from std_srvs.srv import SetBool


class Bench(Node):
    def __init__(self):
        super().__init__("bench", namespace="work")
        self.declare_parameter("rate", 5.0)
        self.declare_parameter("names", ["a", "b"])
        self.told = self.create_publisher(Int32, "told", 10)
        self.chatter = self.create_publisher(String, "chatter", 10)
        self.create_timer(0.05, lambda: self.chatter.publish(String(data="hello")))
        self.create_subscription(
            Int32, "tell", lambda m: print("told", m.data, flush=True), 10)
        self.create_service(SetBool, "switch", self.switch)

    def switch(self, request, response):
        response.success, response.message = request.data, "switched"
        return response


rclpy.init()
node = Bench()
print("ready", flush=True)
try:
    rclpy.spin(node)
except (KeyboardInterrupt, ExternalShutdownException):
    pass
"""

ACTION_NODE = """
import time
import rclpy
from control_msgs.action import GripperCommand
from rclpy.action import ActionServer
from rclpy.executors import ExternalShutdownException


def execute(handle):
    handle.publish_feedback(GripperCommand.Feedback(position=0.5))
    time.sleep(0.1)
    result = GripperCommand.Result(position=handle.request.command.position, reached_goal=True)
    if handle.request.command.position < 0.0:
        handle.abort()
    else:
        handle.succeed()
    return result


rclpy.init()
node = rclpy.create_node("gripper")
server = ActionServer(node, GripperCommand, "grip", execute)
print("ready", flush=True)
try:
    rclpy.spin(node)
except (KeyboardInterrupt, ExternalShutdownException):
    pass
"""


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """A domain of its own, so that nothing else on the machine is seen."""
    return {
        **os.environ,
        "PYTHONPATH": SOURCE,
        "ROS_DOMAIN_ID": str(1 + os.getpid() % 101),
        "OMP_NUM_THREADS": "1",
    }


def _start(source: str, environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", source], env=environment, stdout=file, stderr=subprocess.STDOUT
        )
    deadline = time.monotonic() + GIVE_UP_S
    while "ready" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
    return process


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(GIVE_UP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


@pytest.fixture(scope="module")
def bench(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A running node; yields the file with its output."""
    log = tmp_path_factory.mktemp("bench") / "output.txt"
    process = _start(NODE, environment, log)
    yield log
    _stop(process)


@dataclass(frozen=True)
class Result:
    returncode: int
    stdout: str
    stderr: str


def run_each(environment: dict[str, str], *commands: Sequence[str]) -> list[Result]:
    """Run several commands side by side, for each spends most of its time waiting."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "ros2cli_embedded", *words],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for words in commands
    ]
    outputs = [process.communicate(timeout=GIVE_UP_S) for process in processes]
    return [
        Result(process.returncode, out, err)
        for process, (out, err) in zip(processes, outputs, strict=True)
    ]


def run(environment: dict[str, str], *words: str) -> Result:
    return run_each(environment, words)[0]


def test_what_is_there(bench: Path, environment: dict[str, str]) -> None:
    nodes, topics, services, info = run_each(
        environment,
        ["node", "list"],
        ["topic", "list", "-t"],
        ["service", "list"],
        ["topic", "info", "-v", "work/chatter"],
    )
    assert nodes.stdout == "/work/bench\n"
    assert "/work/chatter [std_msgs/msg/String]" in topics.stdout.splitlines()
    assert "/work/switch" in services.stdout.splitlines()
    assert "Type: std_msgs/msg/String" in info.stdout
    lines = info.stdout.splitlines()
    for line in (
        "Publisher count: 1",
        "Node name: bench",
        "Node namespace: /work",
        f"Topic type hash: {type_hash('std_msgs/msg/String')}",
        "Endpoint type: PUBLISHER",
        "  Reliability: RELIABLE",
        "  Durability: VOLATILE",
        "Subscription count: 0",
    ):
        assert line in lines


def test_what_a_node_has(bench: Path, environment: dict[str, str]) -> None:
    info, hidden, missing = run_each(
        environment,
        ["node", "info", "/work/bench"],
        ["node", "info", "--include-hidden", "work/bench"],
        ["node", "info", "/work/bensh"],
    )
    lines = info.stdout.splitlines()
    assert lines[0] == "/work/bench"
    sections = [line.strip() for line in lines if line.startswith("  ") and line[2] != " "]
    assert sections == [
        "Subscribers:",
        "Publishers:",
        "Service Servers:",
        "Service Clients:",
        "Action Servers:",
        "Action Clients:",
    ]
    subscribers, publishers = lines.index("  Subscribers:"), lines.index("  Publishers:")
    assert "    /work/tell: std_msgs/msg/Int32" in lines[subscribers:publishers]
    assert "    /work/chatter: std_msgs/msg/String" in lines[publishers:]
    assert "    /work/switch: std_srvs/srv/SetBool" in lines[lines.index("  Service Servers:") :]
    assert hidden.returncode == 0 and set(lines) <= set(hidden.stdout.splitlines())
    assert missing.returncode == 1
    assert missing.stderr.startswith("ros2 node: no node '/work/bensh'; did you mean '/work/bench'")


def test_echo_says_that_it_cuts(bench: Path, environment: dict[str, str]) -> None:
    cut, short, full = run_each(
        environment,
        ["topic", "echo", "--once", "-l", "2", "/work/chatter"],
        ["topic", "echo", "--once", "-l", "5", "/work/chatter"],
        ["topic", "echo", "--once", "-l", "2", "--full-length", "/work/chatter"],
    )
    assert cut.stdout == "data: he...\n---\n"
    assert cut.stderr == (
        "ros2 topic: what is longer than 2 is cut, '...' marks it; --full-length (-f) shows all\n"
    )
    assert (short.stdout, short.stderr) == ("data: hello\n---\n", "")
    assert (full.stdout, full.stderr) == ("data: hello\n---\n", "")


def test_topic_echo(bench: Path, environment: dict[str, str]) -> None:
    whole, field, silent = run_each(
        environment,
        ["topic", "echo", "--once", "/work/chatter"],
        ["topic", "echo", "--once", "/work/chatter", "--field", "data"],
        ["topic", "echo", "--timeout", "0.3", "/work/told"],
    )
    assert (whole.returncode, whole.stdout) == (0, "data: hello\n---\n")
    assert field.stdout == "hello\n---\n"
    assert silent.returncode == 1
    assert silent.stderr == "ros2 topic: no message on '/work/told' within 0.3 s\n"


def test_topic_hz_and_interrupt(bench: Path, environment: dict[str, str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "ros2cli_embedded", "topic", "hz", "/work/chatter"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    while not (line := process.stdout.readline()).startswith("average rate: "):
        assert line
    words = process.stdout.readline().split()
    process.send_signal(signal.SIGINT)
    assert process.wait(GIVE_UP_S) == 130
    rate_hz, shortest_s, longest_s = (
        float(word.rstrip("s")) for word in (line.split()[-1], words[1], words[3])
    )
    # It publishes 20 a second, but on a busy machine messages wait, and then come in a bunch.
    assert rate_hz > 0.0
    assert shortest_s - 0.001 <= 1.0 / rate_hz <= longest_s + 0.001


def test_topic_pub(bench: Path, environment: dict[str, str]) -> None:
    result = run(
        environment, "topic", "pub", "--once", "/work/tell", "std_msgs/msg/Int32", "{data: 42}"
    )
    assert result.returncode == 0
    assert "publishing #1: std_msgs.msg.Int32(data=42)" in result.stdout
    deadline = time.monotonic() + GIVE_UP_S
    while "told 42" not in bench.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_parameters(bench: Path, environment: dict[str, str]) -> None:
    assert run(environment, "param", "set", "/work/bench", "rate", "7").returncode == 0
    names, rate, texts = run_each(
        environment,
        ["param", "list", "/work/bench"],
        ["param", "get", "/work/bench", "rate"],
        ["param", "get", "--hide-type", "/work/bench", "names"],
    )
    assert {"names", "rate", "use_sim_time"} <= set(names.stdout.split())
    assert rate.stdout == "Double value is: 7.0\n"
    assert texts.stdout == "['a', 'b']\n"


def test_service_call(bench: Path, environment: dict[str, str]) -> None:
    result = run(
        environment, "service", "call", "/work/switch", "std_srvs/srv/SetBool", "{data: true}"
    )
    assert result.returncode == 0
    assert "SetBool_Response(success=True, message='switched')" in result.stdout


MISTAKES = {
    "topic echo /work/chater": "no topic '/work/chater'; did you mean '/work/chatter'",
    "param get /work/bench raet": "no parameter 'raet'; did you mean 'rate'?; it has: names",
    "param get /work/bensh rate": "no node '/work/bensh'; did you mean '/work/bench'",
    "param set /work/bench rate text": "setting parameter failed: ",
    "service call /work/switch std_srvs/srv/SetBool {dat}": "has no field 'dat'",
    "topic pub /x std_msgs/msg/Strin {}": "has no msg 'Strin'; did you mean 'String'",
}


def test_mistakes_end_in_one_line(bench: Path, environment: dict[str, str]) -> None:
    results = run_each(environment, *(words.split() for words in MISTAKES))
    for result, message in zip(results, MISTAKES.values(), strict=True):
        assert result.returncode in (1, 2)
        assert message in result.stderr
        assert result.stderr.count("\n") == 1


def test_actions(environment: dict[str, str], tmp_path: Path) -> None:
    process = _start(ACTION_NODE, environment, tmp_path / "action.txt")
    try:
        assert run(environment, "action", "list", "-t").stdout == (
            "/grip [control_msgs/action/GripperCommand]\n"
        )
        words = ("action", "send_goal", "-f", "/grip", "control_msgs/action/GripperCommand")
        result, aborted = run_each(
            environment,
            [*words, "{command: {position: 0.25}}"],
            [*words, "{command: {position: -1}}"],
        )
        served = run(environment, "node", "info", "/gripper").stdout
        assert "  Action Servers:\n    /grip: control_msgs/action/GripperCommand\n" in served
        assert result.returncode == 0, result.stderr
        for line in ("Goal accepted with ID: ", "Feedback:", "    position: 0.25", "reached_goal:"):
            assert line in result.stdout
        assert result.stdout.endswith("Goal finished with status: SUCCEEDED\n")
        assert aborted.returncode == 1
        assert "status: ABORTED" in aborted.stdout
    finally:
        _stop(process)
