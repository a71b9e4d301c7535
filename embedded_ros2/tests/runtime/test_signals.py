"""Signals end a process that spins at once; of SIGTERM an idle rclpy of ROS 2 does not always hear."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest

GIVE_UP_S = 60.0  # when something is taken for hung

LOOP = """
    import sys, rclpy
    from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
    rclpy.init()
    node = rclpy.create_node("n")
    print("ready")
    try:
        if sys.argv[1] == "many":
            executor = MultiThreadedExecutor()
            executor.add_node(node)
            executor.spin()
        else:
            rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException) as error:
        print(type(error).__name__, rclpy.ok())
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
"""


@pytest.mark.parametrize("mode", ["one", "many"])
@pytest.mark.parametrize(
    ("number", "error"),
    [(signal.SIGINT, "KeyboardInterrupt"), (signal.SIGTERM, "ExternalShutdownException")],
)
def test_signals_end_a_spinning_process_at_once(
    spawn: Any, mode: str, number: int, error: str
) -> None:
    process = spawn(LOOP, mode)
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.2)
    start = time.monotonic()
    process.send_signal(number)
    said = process.stdout.readline()
    assert said.split() == [error, "False"] and time.monotonic() - start < 2.0
    assert process.communicate(timeout=GIVE_UP_S)[0] == "" and process.returncode == 0
