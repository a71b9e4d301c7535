"""The commands of a task as what a robot offers: goals of its arm's action, and its hand's driver."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from control_msgs.action import FollowJointTrajectory
from control_msgs.msg import JointTolerance
from rclpy.node import Node
from trajectory_msgs.msg import JointTrajectory as JointTrajectoryMessage
from trajectory_msgs.msg import JointTrajectoryPoint

from simreal_common.ros_messages import NANOSECONDS
from simreal_common.untrusted_text import shortened
from simreal_control.grasping.hands.registry import Drive
from simreal_control.hand_drivers.hand_connection import HandConnection
from simreal_control.hand_drivers.ros_registry import DRIVERS
from simreal_control.planning.finger_mapping import FingerMapping
from simreal_control.planning.trajectory import JointTrajectory
from simreal_control.robot_interface.ros_action_goals import ActionGoals
from simreal_control.robot_interface.task_io import (
    ActionOutcome,
    ActionResult,
    Cancel,
    Command,
    HandCommand,
    MoveArm,
)

LONGEST_REASON = 300  # characters of a controller's words
LONGEST_S = 3600.0  # of a motion
GOAL_TIME_S = 2.0  # so much later than planned a motion may come to its end; shorter than we wait


class RobotActions:
    """Sends commands, collects how they ended; waits at its end only. Any thread may call it.

    A command with a number that is not finite is not sent; it ends as rejected.

    Args:
        node: owns the clients.
        arm_joints: names of the columns of trajectories.
        arm_action: name of the action.
        drive: what drives the hand.
        hand: where that is found.
        now: the node's time, seconds.
        group: callback group of the clients.
        taken_over: called with words when somebody else sends a goal to a controller that has one
            of ours under way.
        goal_tolerance_rad: of the end of a motion, each joint; sent with it.

    Raises:
        MissingDependencyError: the installed control_msgs has no such action.
    """

    def __init__(
        self,
        node: Node,
        arm_joints: Sequence[str],
        arm_action: str,
        drive: Drive,
        hand: HandConnection,
        now: Callable[[], float],
        group: Any = None,
        taken_over: Callable[[str], None] = lambda _: None,
        goal_tolerance_rad: float = 0.0,
    ) -> None:
        self._node = node
        self._arm_joints = list(arm_joints)
        self._goals = ActionGoals(node, group, taken_over)
        self._arm = self._goals.client(arm_action, FollowJointTrajectory)
        self._hand = DRIVERS[drive](node, hand, self._goals, now, group)
        self._goal_tolerance_rad = goal_tolerance_rad

    def know(self, fingers: FingerMapping) -> None:
        """Take openings of the hand and positions of its joints; before the first command."""
        self._hand.know(fingers)

    @property
    def grip_sensed(self) -> bool | None:
        """Whether a sensor of the hand says that it holds something; None where nobody tells."""
        return self._hand.grip_sensed

    def missing_servers(self) -> list[str]:
        """Names of the actions, and of what else drives the hand, that nobody serves."""
        return self._goals.missing_servers() + self._hand.missing_servers()

    def execute(self, command: Command) -> None:
        """Send or give up a command; nothing after the end."""
        flaw = flaw_of(command, self._arm_joints)
        if flaw:
            self._node.get_logger().error(f"command {command.number} is not sent: {flaw}")
            self._goals.refuse(command.number, flaw)
        elif isinstance(command, MoveArm):
            goal = trajectory_goal(command.trajectory, self._arm_joints, self._goal_tolerance_rad)
            self._goals.send(self._arm, goal, command.number, _arm_end)
        elif isinstance(command, Cancel):
            self._hand.give_up()
            self._goals.cancel(command.number)
        else:
            self._hand.execute(command)

    def halt(self) -> None:
        """Cancel all goals that were sent and have not ended."""
        self._goals.halt()

    def start_anew(self) -> None:
        """Cancel all that has not ended; what comes of it is not told to the task that follows."""
        self._goals.start_anew()
        self._hand.give_up()

    def take_results(self) -> tuple[ActionResult, ...]:
        """What has ended since the last call."""
        return self._goals.take_results() + self._hand.take_results()

    def end(self) -> None:
        """Send nothing more, cancel what moves, and wait until the controllers have heard it.

        Spins the node, which must be in no executor.
        """
        self._hand.end()
        self._goals.end()

    def destroy(self) -> None:
        """Let the action clients go."""
        self._goals.destroy()


def flaw_of(command: Command, joints: Sequence[str]) -> str:
    """What of a command no robot may get, in words; empty where all of it is well."""
    if isinstance(command, HandCommand):
        return command.flaw
    if not isinstance(command, MoveArm):
        return ""
    motion = command.trajectory
    times = np.asarray(motion.times)
    # Comparisons written so that NaN is refused too.
    if not (times.size and times[0] >= 0.0 and times[-1] <= LONGEST_S):
        return f"a motion of {times.size} points, wanted times from 0 to {LONGEST_S:g} s"
    if not bool((np.diff(times) > 0.0).all()):
        return "a motion whose times do not rise"
    for what in ("positions", "velocities", "accelerations"):
        values = np.asarray(getattr(motion, what))
        if values.shape != (times.size, len(joints)):
            return f"{what} of shape {values.shape}, wanted {(times.size, len(joints))}"
        bad_points = np.argwhere(~np.isfinite(values))
        if bad_points.size:
            point, joint = bad_points[0]
            return (
                f"{what} of {joints[joint]} after {times[point]:.2f} s: {values[point, joint]}, "
                "wanted a finite number"
            )
    return ""


def trajectory_goal(
    trajectory: JointTrajectory, joint_names: Sequence[str], tolerance_rad: float
) -> Any:
    """A FollowJointTrajectory goal; a controller without tolerances of its own has those of it.

    Args:
        trajectory: starts when it arrives (stamp 0).
        joint_names: of its columns.
        tolerance_rad: of each joint at its end; 0 for that of the controller.
    """
    goal = FollowJointTrajectory.Goal()
    goal.trajectory = _trajectory_to_message(trajectory, joint_names)
    goal.goal_tolerance = [
        JointTolerance(name=name, position=tolerance_rad) for name in joint_names
    ]
    goal.goal_time_tolerance = _duration(GOAL_TIME_S)
    return goal


def _trajectory_to_message(
    trajectory: JointTrajectory, joint_names: Sequence[str]
) -> JointTrajectoryMessage:
    return JointTrajectoryMessage(
        joint_names=list(joint_names),
        points=[
            JointTrajectoryPoint(
                positions=positions.tolist(),
                velocities=velocities.tolist(),
                accelerations=accelerations.tolist(),
                time_from_start=_duration(float(time)),
            )
            for time, positions, velocities, accelerations in zip(
                trajectory.times,
                trajectory.positions,
                trajectory.velocities,
                trajectory.accelerations,
                strict=True,
            )
        ],
    )


def _duration(seconds: float) -> Duration:
    sec, nanosec = divmod(round(seconds * NANOSECONDS), NANOSECONDS)
    return Duration(sec=sec, nanosec=nanosec)


def _arm_end(answer: Any) -> tuple[ActionOutcome, str]:
    result = answer.result
    if answer.status == GoalStatus.STATUS_SUCCEEDED and result.error_code == 0:
        return ActionOutcome.SUCCEEDED, ""
    words = shortened(result.error_string, LONGEST_REASON)
    return ActionOutcome.ABORTED, f"error code {result.error_code} {words}".strip()
