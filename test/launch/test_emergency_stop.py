"""From the call of stacking/stop to an arm that holds: real processes, measured at the robot."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

STAND_IN = Path(__file__).with_name("stand_in_robot.py")
CONTROL = "import sys; from simreal_control.control_node import main; sys.exit(main())"
# Planning that takes long, and holds the interpreter as planning does.
SLOW_CONTROL = """
import sys, time
from simreal_control.task.stacking_task import StackingTask
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
AWAY = "[0.6, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785]"  # to get there the arm has to move


@pytest.mark.parametrize(("button", "scaling"), [("stop", 0.1), ("stop", 0.5), ("pause", 0.5)])
def test_the_arm_holds_within_a_tenth_of_a_second(
    watcher: Any, start: Callable[..., Any], button: str, scaling: float
) -> None:
    start(str(STAND_IN), "--eyes", "none", "--late-s", "0").wait_for("the robot is ready")
    start(
        "-c",
        CONTROL,
        "--ros-args",
        "-p",
        f"home:={AWAY}",
        "-p",
        f"limits.velocity_scaling:={scaling}",
    )

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
    watcher: Any, start: Callable[..., Any]
) -> None:
    start(str(STAND_IN), "--eyes", "none", "--late-s", "0").wait_for("the robot is ready")
    control = start("-c", SLOW_CONTROL, "--ros-args", "-p", f"home:={AWAY}")
    watcher.spin_until(lambda: watcher.ready("stop"), START_S, "no service")
    control.wait_for("planning")
    pressed, answered_s, words = watcher.press("stop")
    assert "will not be sent" in words
    print(f"stop while it plans: answer {answered_s:.3f} s")
    assert answered_s <= HOLDING_S
    control.wait_for("planned")
    watcher.spin_until(lambda: "stopped by request" in watcher.status, 5.0, watcher.status)
    until = time.time() + 1.0
    watcher.spin_until(lambda: time.time() > until, 5.0, "")
    assert watcher.moving_after(pressed) <= 0.0
