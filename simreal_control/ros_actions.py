"""The commands of a task as goals of the two actions that robots offer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from control_msgs.action import FollowJointTrajectory, GripperCommand
from rclpy.action import ActionClient
from rclpy.node import Node
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory as JointTrajectoryMessage
from trajectory_msgs.msg import JointTrajectoryPoint

from simreal_common.errors import MissingDependencyError
from simreal_common.ros_messages import NANOSECONDS
from simreal_control.parameters import GripperType
from simreal_control.planning.trajectory import JointTrajectory
from simreal_control.robot_interface.task_io import (
    ActionResult,
    Cancel,
    Command,
    MoveArm,
    MoveGripper,
    Outcome,
)


class RobotActions:
    """Sends commands, collects how they ended; never waits. Any thread may call it.

    Args:
        node: owns the action clients.
        group: callback group of the action clients.
        arm_joints: names of the columns of trajectories.
        finger_joints: an opening divides evenly into their positions.
        arm_action, gripper_action: names of the actions.
        gripper_type: which action the gripper's controller offers.

    Raises:
        MissingDependencyError: the installed control_msgs has no such action.
    """

    def __init__(
        self,
        node: Node,
        arm_joints: Sequence[str],
        finger_joints: Sequence[str],
        arm_action: str,
        gripper_action: str,
        gripper_type: GripperType = GripperType.GRIPPER_COMMAND,
        group: Any = None,
    ) -> None:
        self._arm_joints = list(arm_joints)
        self._finger_joints = list(finger_joints)
        self._parallel = gripper_type is GripperType.PARALLEL_GRIPPER_COMMAND
        gripper = parallel_gripper_command() if self._parallel else GripperCommand
        self._names = (arm_action, gripper_action)
        self._arm = ActionClient(node, FollowJointTrajectory, arm_action, callback_group=group)
        self._gripper = ActionClient(node, gripper, gripper_action, callback_group=group)
        self._lock = threading.RLock()
        self._results: list[ActionResult] = []
        self._handles: dict[int, Any] = {}
        self._unanswered: set[int] = set()
        self._cancelled: set[int] = set()

    def missing_servers(self) -> list[str]:
        """Names of the actions that nobody serves."""
        clients = zip(self._names, (self._arm, self._gripper), strict=True)
        return [name for name, client in clients if not client.server_is_ready()]

    def execute(self, command: Command) -> None:
        """Send or cancel a goal."""
        if isinstance(command, MoveArm):
            goal = FollowJointTrajectory.Goal()
            goal.trajectory = trajectory_to_message(command.trajectory, self._arm_joints)
            self._send(self._arm, goal, command.number, _arm_end)
        elif isinstance(command, MoveGripper):
            position = command.opening_m / max(len(self._finger_joints), 1)
            if self._parallel:
                goal, end = self._parallel_goal(position, command.effort_n), _parallel_end
            else:
                goal, end = GripperCommand.Goal(), _gripper_end
                goal.command.position = position
                goal.command.max_effort = command.effort_n
            self._send(self._gripper, goal, command.number, end)
        elif isinstance(command, Cancel):
            self._cancel(command.number)

    def halt(self) -> None:
        """Cancel all that was sent and has not ended."""
        with self._lock:
            for number in (*self._handles, *self._unanswered):
                self._cancel(number)

    def take_results(self) -> tuple[ActionResult, ...]:
        """What has ended since the last call."""
        with self._lock:
            results, self._results = tuple(self._results), []
        return results

    def destroy(self) -> None:
        self._arm.destroy()
        self._gripper.destroy()

    def _parallel_goal(self, position: float, effort: float) -> Any:
        """For one finger: controllers take one joint, and others follow it as mimics."""
        goal = parallel_gripper_command().Goal()
        goal.command = JointState(
            name=self._finger_joints[:1], position=[position], effort=[effort]
        )
        return goal

    def _cancel(self, number: int) -> None:
        with self._lock:
            handle = self._handles.get(number)
            if handle is not None:
                handle.cancel_goal_async()
            elif number in self._unanswered:
                self._cancelled.add(number)  # as soon as it is accepted

    def _send(
        self, client: Any, goal: Any, number: int, read: Callable[[Any], tuple[Outcome, str]]
    ) -> None:
        with self._lock:
            self._unanswered.add(number)
        future = client.send_goal_async(goal)
        future.add_done_callback(lambda done: self._on_answer(done, number, read))

    def _on_answer(
        self, future: Any, number: int, read: Callable[[Any], tuple[Outcome, str]]
    ) -> None:
        handle = future.result()
        with self._lock:
            self._unanswered.discard(number)
            cancelled = number in self._cancelled
            self._cancelled.discard(number)
            if handle is None or not handle.accepted:
                self._results.append(ActionResult(number, Outcome.REJECTED))
                return
            self._handles[number] = handle
            if cancelled:
                handle.cancel_goal_async()
        handle.get_result_async().add_done_callback(
            lambda done: self._on_result(done, number, read)
        )

    def _on_result(
        self, future: Any, number: int, read: Callable[[Any], tuple[Outcome, str]]
    ) -> None:
        outcome, message = read(future.result())
        with self._lock:
            self._handles.pop(number, None)
            self._results.append(ActionResult(number, outcome, message))


def parallel_gripper_command() -> Any:
    """The action type, which control_msgs has from ROS 2 Jazzy on.

    Raises:
        MissingDependencyError: this one has not.
    """
    try:
        from control_msgs.action import ParallelGripperCommand
    except ImportError as error:
        raise MissingDependencyError(
            "control_msgs has no ParallelGripperCommand here: install a newer one, or set "
            "parameter 'gripper_type' to gripper_command"
        ) from error
    return ParallelGripperCommand


def trajectory_to_message(
    trajectory: JointTrajectory, joint_names: Sequence[str]
) -> JointTrajectoryMessage:
    """A trajectory that starts when it arrives (stamp 0)."""
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


def _arm_end(answer: Any) -> tuple[Outcome, str]:
    result = answer.result
    if answer.status == GoalStatus.STATUS_SUCCEEDED and result.error_code == 0:
        return Outcome.SUCCEEDED, ""
    return Outcome.ABORTED, f"error code {result.error_code} {result.error_string}".strip()


def _gripper_end(answer: Any) -> tuple[Outcome, str]:
    result = answer.result
    # Fingers that were stopped by a block have not reached 0, and that is well.
    if answer.status == GoalStatus.STATUS_SUCCEEDED:
        return Outcome.SUCCEEDED, ""
    return Outcome.ABORTED, f"fingers at {result.position:.4f} m, stalled {bool(result.stalled)}"


def _parallel_end(answer: Any) -> tuple[Outcome, str]:
    result = answer.result
    if answer.status == GoalStatus.STATUS_SUCCEEDED:
        return Outcome.SUCCEEDED, ""
    where = ", ".join(f"{position:.4f}" for position in result.state.position) or "unknown"
    return Outcome.ABORTED, f"fingers at {where} m, stalled {bool(result.stalled)}"
