"""An arm's controller that says "succeeded" halfway: the hand waits; measured at the robot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

STAND_IN = Path(__file__).with_name("stand_in_robot.py")
CONTROL = "import sys; from simreal_control.control_node import main; sys.exit(main())"
RUN_S = 120.0
ARM_AT_REST_RAD_S = 0.02
FINGERS_MOVE_M_S = 0.02
OPEN_M = 0.07


def test_the_hand_closes_and_opens_only_when_the_arm_is_at_rest(
    watcher: Any, start: Callable[..., Any]
) -> None:
    robot = start(str(STAND_IN), "--early", "--eyes", "truth")
    robot.wait_for("the robot is ready")
    start("-c", CONTROL, "--ros-args", "-p", "blocks:=2", "-p", "limits.velocity_scaling:=0.5")
    watcher.spin_until(lambda: "the tower of 2 stands" in watcher.status, RUN_S, watcher.status)
    openings = [opening for opening, _ in watcher.fingers]
    assert max(openings) > OPEN_M > min(openings)
    begins = [
        speed
        for (_, before), (_, fast), (_, speed) in zip(
            watcher.fingers, watcher.fingers[1:], watcher.speeds[1:], strict=False
        )
        if before < FINGERS_MOVE_M_S <= fast
    ]
    print(f"the hand began to move {len(begins)} times, the arm at {max(begins):.4f} rad/s at most")
    assert len(begins) >= 2
    assert max(begins) < ARM_AT_REST_RAD_S
