"""Starts launch files as a person does, and finds what they leave behind."""

from __future__ import annotations

import importlib.util
import json
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
from typing import Any

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy", reason="no ROS: install ROS 2 or embedded_ros2")
pytest.importorskip("pybullet", reason="the simulation needs PyBullet: pip install 'simreal[sim]'")

from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from std_srvs.srv import Trigger

from simreal_common.ros_messages import stamp_seconds
from simreal_common.ros_qos import GOAL_QOS, LATCHED_QOS, STATE_QOS

STILL_RAD_S = 0.02
MARK = "SIMREAL_TEST_RUN"
EMBEDDED = importlib.util.find_spec("ros2cli_embedded") is not None


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

    def wait_for_failure(self, timeout_s: float, code: int | None = None) -> None:
        """Wait for the end; it is one with an exit code that says so, on request `code`.

        The embedded launcher's code is that of what went wrong. That of ROS 2 says nothing of its
        nodes, and is not looked at.
        """
        ended = self.wait(timeout_s)
        if EMBEDDED:
            assert ended == code if code is not None else ended != 0, self.output

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

    def start(
        *arguments: str, file: str = "simulation.launch.xml", domain: int | None = None
    ) -> Launch:
        environment = dict(child_environment)
        if domain is not None:
            environment["ROS_DOMAIN_ID"] = str(domain)
        started.append(Launch(environment, tmp_path, file, *arguments))
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


class MachinePauses:
    """When the whole machine stood still: a virtual one is stopped for 100 ms every so often.

    A thread that sleeps in short steps sees it by waking late. What is measured against a bound in
    milliseconds leaves these times out, for nothing could run then.
    """

    STEP_S, PAUSE_S = 0.005, 0.03

    def __init__(self) -> None:
        self._pauses: list[tuple[float, float]] = []  # from, to; time.time()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        last = time.time()
        while not self._ended.wait(self.STEP_S):
            now = time.time()
            if now - last > self.PAUSE_S:
                self._pauses.append((last, now))
            last = now

    def between(self, begin: float, end: float) -> float:
        """Seconds of standing still in an interval that has passed."""
        time.sleep(2 * self.STEP_S)  # one that ended just now is noted
        spans = [min(b, end) - max(a, begin) for a, b in list(self._pauses)]
        return sum(span for span in spans if span > 0)

    def end(self) -> None:
        self._ended.set()
        self._thread.join()


class Watcher(Node):
    """A person in front of the robot: presses buttons, gives goals, watches the joints."""

    def __init__(self) -> None:
        super().__init__("watcher")
        self.pauses = MachinePauses()
        self.speeds: list[tuple[float, float]] = []
        self.fingers: list[tuple[float, float]] = []
        self.status = ""
        self._kept = [
            self.create_subscription(JointState, "joint_states", self._on_joints, STATE_QOS),
            self.create_subscription(String, "stacking/status", self._on_status, LATCHED_QOS),
            self.create_subscription(String, "stacking/goal_answer", self._on_answer, LATCHED_QOS),
        ]
        self._goals = self.create_publisher(String, "stacking/goal", GOAL_QOS)
        self._answers: list[dict[str, Any]] = []
        self._buttons = {
            name: self.create_client(Trigger, f"stacking/{name}")
            for name in ("stop", "pause", "resume")
        }

    def _on_joints(self, message: JointState) -> None:
        speeds, positions = np.abs(message.velocity), np.array(message.position)
        self.speeds.append((stamp_seconds(message.header.stamp), float(speeds[:7].max())))
        self.fingers.append((float(positions[7:].sum()), float(speeds[7:].max())))

    def _on_status(self, message: String) -> None:
        self.status = message.data

    def _on_answer(self, message: String) -> None:
        self._answers.append(json.loads(message.data))

    def give_goal(self, goal: str) -> dict[str, Any]:
        """Publish it; what the controller answers."""
        self.spin_until(lambda: self._goals.get_subscription_count() > 0, 40.0, "nobody listens")
        self._answers.clear()
        self._goals.publish(String(data=goal))
        self.spin_until(lambda: bool(self._answers), 20.0, "no answer to the goal")
        return self._answers[-1]

    def spin_until(self, true: Callable[[], bool], seconds: float, otherwise: str) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, otherwise
            rclpy.spin_once(self, timeout_sec=0.02)

    def ready(self, name: str) -> bool:
        return bool(self._buttons[name].service_is_ready())

    def press(self, name: str) -> tuple[float, float, str]:
        """When it was pressed (the robot's clock), how long the answer took, and what it was."""
        pressed = time.time()
        future = self._buttons[name].call_async(Trigger.Request())
        self.spin_until(future.done, 10.0, f"no answer to {name}")
        answered = time.time()
        took_s = answered - pressed - self.pauses.between(pressed, answered)
        return pressed, took_s, str(future.result().message)

    def moving_after(self, pressed: float) -> float:
        """Seconds from then until the last joint state that shows motion."""
        moving = [stamp for stamp, speed in self.speeds if speed > STILL_RAD_S]
        rest = max(moving, default=pressed)
        return rest - pressed - self.pauses.between(pressed, rest)


@pytest.fixture
def watcher(ros: None) -> Iterator[Watcher]:
    node = Watcher()
    yield node
    node.pauses.end()
    node.destroy_node()


class Started:
    """A Python process, and what it says."""

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *arguments], env=environment, stdout=subprocess.PIPE, text=True
        )

    def wait_for(self, word: str) -> None:
        """Until a line begins with it."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(word):
                return
        raise AssertionError(f"'{word}' was not said")

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def start(child_environment: dict[str, str]) -> Iterator[Callable[..., Started]]:
    """Starts Python processes that are gone when the test is over."""
    started: list[Started] = []

    def start_one(*arguments: str) -> Started:
        started.append(Started(child_environment, *arguments))
        return started[-1]

    yield start_one
    for one in started:
        one.close()
