"""From the call of stacking/stop to an arm that holds: real processes, measured at the robot."""

from __future__ import annotations

import subprocess
import sys
import time
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
from simreal_common.ros_qos import LATCHED_QOS, STATE_QOS

STAND_IN = Path(__file__).with_name("stand_in_robot.py")
CONTROL = "import sys; from simreal_control.control_node import main; sys.exit(main())"
# Planning that takes long, and holds the interpreter as planning does.
SLOW_CONTROL = """
import sys, time
from simreal_control.stacking_task import StackingTask
tick = StackingTask.tick
def slow(self, inputs):
    outputs = tick(self, inputs)
    if outputs.commands:
        print("planning", flush=True)
        until = time.monotonic() + 2.0
        while time.monotonic() < until:
            sum(range(1000))
        print("planned", flush=True)
    return outputs
StackingTask.tick = slow
from simreal_control.control_node import main
sys.exit(main())
"""
START_S = 40.0
HOLDING_S = 0.1  # from the call to the arm at rest
STILL_RAD_S = 0.02
AWAY = "[0.6, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785]"  # to get there the arm has to move


class Watcher(Node):
    """Calls a service as an emergency button would, and watches the joints."""

    def __init__(self) -> None:
        super().__init__("watcher")
        self.speeds: list[tuple[float, float]] = []
        self.status = ""
        self._kept = [
            self.create_subscription(JointState, "joint_states", self._on_joints, STATE_QOS),
            self.create_subscription(String, "stacking/status", self._on_status, LATCHED_QOS),
        ]
        self._buttons = {
            name: self.create_client(Trigger, f"stacking/{name}") for name in ("stop", "pause")
        }

    def _on_joints(self, message: JointState) -> None:
        speed = float(np.abs(np.array(message.velocity)[:7]).max())
        self.speeds.append((stamp_seconds(message.header.stamp), speed))

    def _on_status(self, message: String) -> None:
        self.status = message.data

    def spin_until(self, true: Callable[[], bool], seconds: float, otherwise: str) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, otherwise
            rclpy.spin_once(self, timeout_sec=0.02)

    def ready(self, name: str) -> bool:
        return bool(self._buttons[name].service_is_ready())

    def press(self, name: str) -> tuple[float, float, str]:
        """When it was pressed (the robot's clock), how long the answer took, and what it was."""
        pressed, began = time.time(), time.monotonic()
        future = self._buttons[name].call_async(Trigger.Request())
        self.spin_until(future.done, 10.0, f"no answer to {name}")
        return pressed, time.monotonic() - began, str(future.result().message)

    def moving_after(self, pressed: float) -> float:
        """Seconds from then until the last joint state that shows motion."""
        moving = [stamp for stamp, speed in self.speeds if speed > STILL_RAD_S]
        return max(moving, default=pressed) - pressed


@pytest.fixture
def watcher(ros: None) -> Iterator[Watcher]:
    node = Watcher()
    yield node
    node.destroy_node()


@pytest.fixture
def start(child_environment: dict[str, str]) -> Iterator[Callable[..., Any]]:
    """Starts Python processes that are gone when the test is over."""
    started: list[subprocess.Popen[str]] = []

    def start_one(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *arguments], env=child_environment, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start_one
    for process in started:
        process.kill()
        process.wait()


def wait_for(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(word):
            return
    raise AssertionError(f"'{word}' was not said")


@pytest.mark.parametrize(("button", "scaling"), [("stop", 0.1), ("stop", 0.5), ("pause", 0.5)])
def test_the_arm_holds_within_a_tenth_of_a_second(
    watcher: Watcher, start: Callable[..., Any], button: str, scaling: float
) -> None:
    wait_for(start(str(STAND_IN), "--blind", "--late-s", "0"), "the robot is ready")
    start("-c", CONTROL, "--ros-args", "-p", f"home:={AWAY}", "-p", f"velocity_scaling:={scaling}")

    def fast() -> bool:
        return bool(watcher.speeds) and watcher.speeds[-1][1] > 0.9 * scaling

    watcher.spin_until(fast, START_S, "the arm did not move")
    pressed, answered_s, words = watcher.press(button)
    assert ("stopped" if button == "stop" else "paused") in words
    watcher.spin_until(lambda: time.time() > pressed + 1.5, 5.0, "")
    held_s = watcher.moving_after(pressed)
    print(f"{button} at {scaling} of full speed: answer {answered_s:.3f} s, at rest {held_s:.3f} s")
    assert held_s <= HOLDING_S
    assert answered_s <= HOLDING_S


def test_a_stop_while_it_plans_is_heard_and_the_plan_is_never_sent(
    watcher: Watcher, start: Callable[..., Any]
) -> None:
    wait_for(start(str(STAND_IN), "--blind", "--late-s", "0"), "the robot is ready")
    control = start("-c", SLOW_CONTROL, "--ros-args", "-p", f"home:={AWAY}")
    watcher.spin_until(lambda: watcher.ready("stop"), START_S, "no service")
    wait_for(control, "planning")
    pressed, answered_s, words = watcher.press("stop")
    assert "will not be sent" in words
    print(f"stop while it plans: answer {answered_s:.3f} s")
    assert answered_s <= HOLDING_S
    wait_for(control, "planned")
    watcher.spin_until(lambda: "stopped by request" in watcher.status, 5.0, watcher.status)
    until = time.time() + 1.0
    watcher.spin_until(lambda: time.time() > until, 5.0, "")
    assert watcher.moving_after(pressed) <= 0.0
