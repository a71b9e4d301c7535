"""Somebody else sends the arm a trajectory while control moves it: control says who, and pauses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from builtin_interfaces.msg import Duration
from control_msgs.action import FollowJointTrajectory
from rclpy.action import ActionClient
from trajectory_msgs.msg import JointTrajectoryPoint

from simreal_control.control_configuration import ControlParameters
from simreal_control.parameters import PANDA_JOINTS

STAND_IN = Path(__file__).with_name("stand_in_robot.py")
CONTROL = "import sys; from simreal_control.control_node import main; sys.exit(main())"
START_S = 40.0
AWAY = "[0.6, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785]"  # three seconds away at this speed
OPTIONS = ("--ros-args", "-p", f"home:={AWAY}", "-p", "limits.velocity_scaling:=0.1")
ACTION = ControlParameters().arm_action


def other_goal() -> FollowJointTrajectory.Goal:
    goal = FollowJointTrajectory.Goal()
    goal.trajectory.joint_names = list(PANDA_JOINTS)
    there = [0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785]
    goal.trajectory.points = [
        JointTrajectoryPoint(positions=there, time_from_start=Duration(sec=3))
    ]
    return goal


def test_control_names_who_commands_the_arm_and_pauses(
    watcher: Any, start: Callable[..., Any], capfd: Any
) -> None:
    start(str(STAND_IN), "--eyes", "none", "--late-s", "0").wait_for("the robot is ready")
    control = start("-c", CONTROL, *OPTIONS)
    client = ActionClient(watcher, FollowJointTrajectory, ACTION)
    watcher.spin_until(
        lambda: bool(watcher.speeds) and watcher.speeds[-1][1] > 0.09, START_S, "no motion"
    )
    watcher.spin_until(client.server_is_ready, START_S, "the action is not offered")
    sent = client.send_goal_async(other_goal())
    watcher.spin_until(sent.done, 10.0, "no answer to the goal")
    watcher.spin_until(
        lambda: json.loads(watcher.status)["message"].startswith("paused"), 10.0, "not paused"
    )
    # The other's motion goes on to its end: control sends nothing against it.
    result = sent.result().get_result_async()
    watcher.spin_until(result.done, 20.0, "the other's goal does not end")
    assert result.result().result.error_code == 0, result.result().result.error_string
    assert control.process.poll() is None
    words = f"/watcher has sent a goal to {ACTION} while ours is under way: paused"
    assert words in capfd.readouterr().err
    watcher.press("resume")
    watcher.speeds.clear()
    watcher.spin_until(
        lambda: bool(watcher.speeds) and watcher.speeds[-1][1] > 0.09, START_S, "does not go on"
    )
    client.destroy()
