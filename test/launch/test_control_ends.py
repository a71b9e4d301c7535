"""However control ends, the arm does not go on: real processes, measured at the robot."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

STAND_IN = Path(__file__).with_name("stand_in_robot.py")
CONTROL = "import sys; from simreal_control.control_node import main; sys.exit(main())"
# A mistake of ours in a tick, some time after the arm has begun to move.
BROKEN_CONTROL = """
import sys, time
from simreal_control.task.stacking_task import StackingTask
tick, began = StackingTask.tick, []
def broken(self, inputs):
    outputs = tick(self, inputs)
    began.extend([time.monotonic()] if outputs.commands else [])
    if began and time.monotonic() > began[0] + 1.5:
        raise ZeroDivisionError("a mistake of ours")
    return outputs
StackingTask.tick = broken
from simreal_control.control_node import main
sys.exit(main())
"""
START_S = 40.0
# From the end of control to an arm at rest; control itself needs time to hear of it.
HOLDING_S = 0.3
AWAY = "[0.6, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785]"  # three seconds away at this speed
OPTIONS = ("--ros-args", "-p", f"home:={AWAY}", "-p", "limits.velocity_scaling:=0.1")


def moving(watcher: Any) -> Callable[[], bool]:
    return lambda: bool(watcher.speeds) and watcher.speeds[-1][1] > 0.09


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_cancels_the_motion(
    watcher: Any, start: Callable[..., Any], number: signal.Signals
) -> None:
    start(str(STAND_IN), "--eyes", "none", "--late-s", "0").wait_for("the robot is ready")
    control = start("-c", CONTROL, *OPTIONS)
    watcher.spin_until(moving(watcher), START_S, "the arm did not move")
    told = time.time()
    control.process.send_signal(number)
    watcher.spin_until(lambda: control.process.poll() is not None, 5.0, "control does not end")
    watcher.spin_until(lambda: time.time() > told + 2.0, 5.0, "")
    held_s = watcher.moving_after(told)
    print(f"{number.name}: at rest {held_s:.3f} s later")
    assert held_s <= HOLDING_S


def test_a_mistake_of_ours_ends_control_loudly_and_cancels_the_motion(
    watcher: Any, start: Callable[..., Any]
) -> None:
    start(str(STAND_IN), "--eyes", "none", "--late-s", "0").wait_for("the robot is ready")
    control = start("-c", BROKEN_CONTROL, *OPTIONS)
    watcher.spin_until(moving(watcher), START_S, "the arm did not move")
    watcher.spin_until(lambda: control.process.poll() is not None, 20.0, "control does not end")
    ended = time.time()
    assert control.process.returncode == 1
    watcher.spin_until(lambda: time.time() > ended + 2.0, 5.0, "")
    held_s = watcher.moving_after(ended)
    print(f"after the end at rest {held_s:.3f} s later")
    assert held_s <= HOLDING_S
