"""The commands of a task as goals of the two actions that robots offer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from control_msgs.action import FollowJointTrajectory, GripperCommand
from control_msgs.msg import JointTolerance
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory as JointTrajectoryMessage
from trajectory_msgs.msg import JointTrajectoryPoint

from simreal_common.errors import MissingDependencyError
from simreal_common.ros_messages import NANOSECONDS
from simreal_common.untrusted_text import shortened
from simreal_control.parameter_fields import GripperType
from simreal_control.planning.finger_mapping import FingerMapping
from simreal_control.planning.trajectory import JointTrajectory
from simreal_control.robot_interface.task_io import (
    ActionOutcome,
    ActionResult,
    Cancel,
    Command,
    MoveArm,
    MoveGripper,
)
from simreal_control.ros_foreign_goals import ForeignGoals

LONGEST_REASON = 300  # characters of a controller's words
LONGEST_S = 3600.0  # of a motion
# So long after a goal of ours has ended badly another's may be told to have replaced it.
LOST_S = 1.0
COMPLAINT_PERIOD_S = 5.0
GOAL_TIME_S = 2.0  # so much later than planned a motion may come to its end; shorter than we wait
END_S = 1.0  # so long controllers have to hear that a motion is cancelled
MOST_COMMANDS = 1_000_000  # of one task


class RobotActions:
    """Sends commands, collects how they ended; waits at its end only. Any thread may call it.

    A command with a number that is not finite is not sent; it ends as rejected.

    Args:
        node: owns the action clients.
        group: callback group of the action clients.
        arm_joints: names of the columns of trajectories.
        finger_joints: their controller takes the position of one.
        arm_action, gripper_action: names of the actions.
        gripper_type: which action the gripper's controller offers; none for a vacuum.
        taken_over: called with words when somebody else sends a goal to a controller that has one
            of ours under way.
        goal_tolerance_rad: of the end of a motion, each joint; sent with it.

    Attributes:
        fingers: makes a position of an opening; fingers slide unless set.

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
        taken_over: Callable[[str], None] = lambda _: None,
        goal_tolerance_rad: float = 0.0,
    ) -> None:
        self._node = node
        self._arm_joints = list(arm_joints)
        self._finger_joints = list(finger_joints)
        self.fingers = FingerMapping.sliding(finger_joints)
        self._parallel = gripper_type is GripperType.PARALLEL_GRIPPER_COMMAND
        self._arm = ActionClient(node, FollowJointTrajectory, arm_action, callback_group=group)
        self._clients: dict[str, Any] = {arm_action: self._arm}
        self._gripper: Any = None
        if not gripper_type.vacuum:
            gripper = parallel_gripper_command() if self._parallel else GripperCommand
            self._gripper = ActionClient(node, gripper, gripper_action, callback_group=group)
            self._clients[gripper_action] = self._gripper
        self._foreign = {
            client: ForeignGoals(node, name, group, partial(self._on_foreign, client))
            for name, client in self._clients.items()
        }
        self._taken_over = taken_over
        self._goal_tolerance_rad = goal_tolerance_rad
        self._lock = threading.RLock()
        self._results: list[ActionResult] = []
        # Tasks count their commands from 1: the numbers here are theirs plus this, which no two tasks
        # share. What an older one gets to hear is of no use to anybody.
        self._first = 0
        self._handles: dict[int, Any] = {}
        self._unanswered: set[int] = set()
        self._under_way: dict[int, Any] = {}  # number of a command: client of its controller
        self._lost: dict[Any, float] = {}  # client: when a goal of ours last ended badly
        self._cancelled: set[int] = set()  # by us, and not ended yet
        self._unheard: set[int] = set()  # cancelled, but the controller has not answered
        self._ended = False

    def missing_servers(self) -> list[str]:
        """Names of the actions that nobody serves."""
        return [name for name, client in self._clients.items() if not client.server_is_ready()]

    def execute(self, command: Command) -> None:
        """Send or cancel a goal; nothing after the end."""
        flaw = flaw_of(command, self._arm_joints)
        if flaw:
            self._node.get_logger().error(f"command {command.number} is not sent: {flaw}")
            with self._lock:
                self._end_command(self._first + command.number, ActionOutcome.REJECTED, flaw)
        elif isinstance(command, MoveArm):
            goal = trajectory_goal(command.trajectory, self._arm_joints, self._goal_tolerance_rad)
            self._send(self._arm, goal, self._first + command.number, _arm_end)
        elif isinstance(command, MoveGripper):
            position = self.fingers.position(command.opening_m)
            if self._parallel:
                goal = self._parallel_goal(position, command.effort_n)
                end = partial(_parallel_end, self.fingers)
            else:
                goal, end = GripperCommand.Goal(), partial(_gripper_end, self.fingers)
                goal.command.position = position
                goal.command.max_effort = command.effort_n
            self._send(self._gripper, goal, self._first + command.number, end)
        elif isinstance(command, Cancel):
            self._cancel(self._first + command.number)

    def halt(self) -> None:
        """Cancel all that was sent and has not ended."""
        with self._lock:
            for number in (*self._handles, *self._unanswered):
                self._cancel(number)

    def start_anew(self) -> None:
        """Cancel all that has not ended; what comes of it is not told to the task that follows."""
        with self._lock:
            self.halt()
            self._first += MOST_COMMANDS
            self._results.clear()

    def take_results(self) -> tuple[ActionResult, ...]:
        """What has ended since the last call."""
        with self._lock:
            results, self._results = tuple(self._results), []
        return results

    def end(self) -> None:
        """Send nothing more, cancel what moves, and wait until the controllers have heard it.

        Spins the node, which must be in no executor.
        """
        with self._lock:
            self._ended = True
            moving = bool(self._handles or self._unanswered)
        if not moving:
            return
        logger = self._node.get_logger()
        if not self._node.context.ok():
            logger.error("control ends without ROS: what moves cannot be cancelled")
            return
        logger.warning("control ends: what moves is cancelled")
        self.halt()
        executor = SingleThreadedExecutor(context=self._node.context)
        executor.add_node(self._node)
        deadline = time.monotonic() + END_S
        while (self._unanswered or self._unheard) and time.monotonic() < deadline:
            try:
                executor.spin_once(timeout_sec=0.05)
            except Exception as error:  # the node ends anyway; the arm must not go on for it
                logger.error(f"while control ends: {shortened(str(error))}")
        executor.remove_node(self._node)
        executor.shutdown()
        if self._unanswered or self._unheard:
            logger.error(f"no controller has confirmed within {END_S:g} s that it stops")

    def destroy(self) -> None:
        for client in self._clients.values():
            client.destroy()

    def _end_command(self, number: int, outcome: ActionOutcome, message: str = "") -> None:
        if number >= self._first:
            self._results.append(ActionResult(number - self._first, outcome, message))

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
                self._cancelled.add(number)
                self._unheard.add(number)
                answer = handle.cancel_goal_async()
                answer.add_done_callback(lambda _: self._unheard.discard(number))
            elif number in self._unanswered:
                self._cancelled.add(number)  # as soon as it is accepted

    def _send(
        self, client: Any, goal: Any, number: int, read: Callable[[Any], tuple[ActionOutcome, str]]
    ) -> None:
        with self._lock:
            if self._ended:
                return
            self._unanswered.add(number)
            self._under_way[number] = client
        future = client.send_goal_async(goal, goal_uuid=self._foreign[client].new_id())
        future.add_done_callback(lambda done: self._on_answer(done, number, read))

    def _on_answer(
        self, future: Any, number: int, read: Callable[[Any], tuple[ActionOutcome, str]]
    ) -> None:
        handle = future.result()
        with self._lock:
            self._unanswered.discard(number)
            if handle is None or not handle.accepted:
                self._cancelled.discard(number)
                self._under_way.pop(number)
                self._end_command(number, ActionOutcome.REJECTED)
                return
            self._handles[number] = handle
            if number in self._cancelled:
                self._cancel(number)
        handle.get_result_async().add_done_callback(
            lambda done: self._on_result(done, number, read)
        )

    def _on_result(
        self, future: Any, number: int, read: Callable[[Any], tuple[ActionOutcome, str]]
    ) -> None:
        answer = future.result()
        outcome, message = read(answer)
        with self._lock:
            self._handles.pop(number, None)
            client = self._under_way.pop(number)
            if outcome is not ActionOutcome.SUCCEEDED and number not in self._cancelled:
                self._lost[client] = time.monotonic()
            if answer.status == GoalStatus.STATUS_CANCELED and number not in self._cancelled:
                message = f"somebody else has cancelled it; {message}"
            self._cancelled.discard(number)
            self._end_command(number, outcome, message)

    def _on_foreign(self, client: Any, words: str) -> None:
        with self._lock:
            lost = time.monotonic() - self._lost.get(client, -np.inf) < LOST_S
            ours = lost or client in self._under_way.values()
        if ours:
            self._taken_over(f"{words} while ours is under way")
        else:
            self._node.get_logger().warning(
                f"{words}: the robot is commanded from elsewhere too",
                throttle_duration_sec=COMPLAINT_PERIOD_S,
            )


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
            "parameter 'gripper.type' to gripper_command"
        ) from error
    return ParallelGripperCommand


def flaw_of(command: Command, joints: Sequence[str]) -> str:
    """What of a command no robot may get, in words; empty where all of it is well."""
    if isinstance(command, MoveGripper):
        numbers = {"opening": command.opening_m, "effort": command.effort_n}
        bad = [f"{name} {value}" for name, value in numbers.items() if not np.isfinite(value)]
        return f"{bad[0]}, wanted a finite number" if bad else ""
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


def _gripper_end(fingers: FingerMapping, answer: Any) -> tuple[ActionOutcome, str]:
    result = answer.result
    # Fingers that were stopped by a block have not reached 0, and that is well.
    if answer.status == GoalStatus.STATUS_SUCCEEDED:
        return ActionOutcome.SUCCEEDED, ""
    return ActionOutcome.ABORTED, _hand_words(fingers, [result.position], bool(result.stalled))


def _parallel_end(fingers: FingerMapping, answer: Any) -> tuple[ActionOutcome, str]:
    result = answer.result
    if answer.status == GoalStatus.STATUS_SUCCEEDED:
        return ActionOutcome.SUCCEEDED, ""
    return ActionOutcome.ABORTED, _hand_words(fingers, result.state.position, bool(result.stalled))


def _hand_words(fingers: FingerMapping, positions: Sequence[float], stalled: bool) -> str:
    """Where the fingers are, as the joint is told and as an opening."""
    if not len(positions):
        return f"fingers at unknown, stalled {stalled}"
    at = float(positions[0])
    return f"fingers at {at:.4f} ({1000 * fingers.opening(at):.1f} mm open), stalled {stalled}"
