"""The two actions that ros2_control offers on a robot, served on the physics world.

Both controllers are told before and after every step of the physics; what a goal's coroutine waits
for is a future that such a step completes, so that any executor, single-threaded too, will do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from control_msgs.action import FollowJointTrajectory, GripperCommand
from numpy.typing import NDArray
from rclpy.action import ActionServer, CancelResponse
from rclpy.node import Node
from rclpy.task import Future
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectoryPoint

from simreal_common.errors import MessageError
from simreal_common.ros_messages import duration_seconds, stamp_seconds, to_stamp
from simreal_common.settings.parameters import check_parameters, parameter
from simreal_sim.physics.gripper_execution import GripperExecution
from simreal_sim.physics.pacing import Schedule
from simreal_sim.physics.trajectory_execution import (
    ErrorCode,
    JointTrajectory,
    Tolerances,
    TrajectoryExecution,
    TrajectoryOutcome,
    TrajectoryPoint,
    TrajectoryRejected,
    checked_trajectory,
    from_here,
    merged_tolerances,
    stopping_trajectory,
)
from simreal_sim.physics.world import STEP_S, JointStates, World

Array = NDArray[np.float64]

FEEDBACK_RATE_HZ = 10.0
# A trajectory whose start lies further back than this has been on the way for too long.
OLDEST_START_S = 1.0
MOST_EFFORT_N = 70.0  # of a finger; no gripper that is simulated has more

SUCCEEDED, ABORTED, CANCELED = "succeeded", "aborted", "canceled"


@dataclass(frozen=True)
class ControllerParameters:
    """Tolerances that hold where a goal names none; the gripper's force."""

    path_tolerance: float = parameter(
        0.1, "largest error on the way, rad, where a goal names none", range=(0.0, 10.0)
    )
    goal_tolerance: float = parameter(
        0.01, "largest error at the end, rad, where a goal names none", range=(0.0, 1.0)
    )
    goal_time_tolerance: float = parameter(
        1.0, "how late the goal may be reached, seconds, where a goal says 0", range=(0.0, 60.0)
    )
    gripper_effort: float = parameter(
        20.0, "force of a finger, N, where a goal says 0", range=(0.1, MOST_EFFORT_N)
    )

    def __post_init__(self) -> None:
        check_parameters(self)


@dataclass
class _Goal:
    handle: Any
    done: Future
    feedback: Schedule


def _end(goal: _Goal | None, how: str, outcome: Any) -> None:
    if goal is not None and not goal.done.done():
        goal.done.set_result((how, outcome))


def _finish(handle: Any, how: str) -> None:
    {SUCCEEDED: handle.succeed, ABORTED: handle.abort, CANCELED: handle.canceled}[how]()


class ArmController:
    """Serves the arm's FollowJointTrajectory action. A new goal takes over from the old."""

    def __init__(self, node: Node, world: World, parameters: ControllerParameters) -> None:
        self._node = node
        self._world = world
        self._parameters = parameters
        self._joints = world.arm.joints
        self._limits = world.arm_limits
        self._motion: TrajectoryExecution | None = None
        self._goal: _Goal | None = None
        self._server = ActionServer(
            node,
            FollowJointTrajectory,
            world.arm.arm_action,
            execute_callback=self._execute,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )

    def destroy(self) -> None:
        self._server.destroy()

    def before_step(self) -> None:
        """Command where the arm is to be after the step that comes."""
        if self._goal is not None and self._goal.handle.is_cancel_requested:
            self._brake()
            goal, self._goal = self._goal, None
            _end(
                goal, CANCELED, TrajectoryOutcome(ErrorCode.SUCCESSFUL, "canceled, the arm brakes")
            )
        if self._motion is not None:
            after = self._world.time + STEP_S
            self._world.command_arm(*self._motion.desired(after))

    def after_step(self, measured: Array) -> None:
        """Judge where the arm is, joint positions, shape (n,)."""
        if self._motion is None:
            return
        now = self._world.time
        outcome = self._motion.update(now, measured)
        if outcome is None:
            if self._goal is not None and self._goal.feedback.is_due(self._motion.elapsed(now)):
                self._goal.handle.publish_feedback(self._feedback(self._motion, now, measured))
            return
        if outcome.code != ErrorCode.SUCCESSFUL:
            # Something is in the way: stay there instead of pushing on.
            self._world.command_arm(measured)
            self._node.get_logger().warning(f"trajectory aborted: {outcome.message}")
        self._motion = None
        goal, self._goal = self._goal, None
        _end(goal, ABORTED if outcome.code else SUCCEEDED, outcome)

    async def _execute(self, handle: Any) -> Any:
        result = FollowJointTrajectory.Result()
        try:
            motion = self._motion_for(handle.request)
        except TrajectoryRejected as rejected:
            self._node.get_logger().warning(f"trajectory rejected: {rejected}")
            how, outcome = ABORTED, rejected.outcome
        else:
            taken_over = TrajectoryOutcome(
                ErrorCode.INVALID_GOAL, "a new trajectory has taken over"
            )
            _end(self._goal, ABORTED, taken_over)
            self._motion = motion
            self._goal = _Goal(handle, Future(), Schedule(FEEDBACK_RATE_HZ))
            how, outcome = await self._goal.done
        _finish(handle, how)
        result.error_code = int(outcome.code)
        result.error_string = outcome.message
        return result

    def _motion_for(self, request: Any) -> TrajectoryExecution:
        message, parameters = request.trajectory, self._parameters
        points = [
            TrajectoryPoint(
                duration_seconds(point.time_from_start),
                list(point.positions),
                list(point.velocities),
            )
            for point in message.points
        ]
        trajectory = checked_trajectory(
            list(message.joint_names), points, self._joints, *self._limits
        )
        names = self._joints
        path, goal = (
            merged_tolerances(
                np.full(len(names), default), [(t.name, t.position) for t in given], names
            )
            for default, given in (
                (parameters.path_tolerance, request.path_tolerance),
                (parameters.goal_tolerance, request.goal_tolerance),
            )
        )
        late = duration_seconds(request.goal_time_tolerance) or parameters.goal_time_tolerance
        start, (positions, velocities) = self._world.time, self._present()
        try:
            stamp = stamp_seconds(message.header.stamp)
        except MessageError as error:
            raise TrajectoryRejected(ErrorCode.INVALID_GOAL, str(error)) from error
        if stamp and stamp < start - OLDEST_START_S:
            raise TrajectoryRejected(
                ErrorCode.OLD_HEADER_TIMESTAMP,
                f"the trajectory should have started {start - stamp:.1f} s ago: stamp it with the "
                "present, a later time, or 0 for at once",
            )
        if stamp > start:
            start, velocities = stamp, np.zeros_like(velocities)
        trajectory = from_here(trajectory, positions, velocities, names)
        return TrajectoryExecution(trajectory, Tolerances(path, goal, late), start, names)

    def _present(self) -> tuple[Array, Array]:
        if self._motion is None:
            return self._world.arm_command, np.zeros(len(self._joints))
        return self._motion.desired(self._world.time)

    def _brake(self) -> None:
        stop: JointTrajectory = stopping_trajectory(*self._present(), self._world.arm.braking)
        unlimited = np.full(len(self._joints), np.inf)
        tolerances = Tolerances(unlimited, unlimited, 0.0)
        self._motion = TrajectoryExecution(stop, tolerances, self._world.time, self._joints)

    def _feedback(self, motion: TrajectoryExecution, now: float, measured: Array) -> Any:
        desired, speed = motion.desired(now)
        feedback = FollowJointTrajectory.Feedback()
        feedback.header.stamp = to_stamp(now)
        feedback.joint_names = list(self._joints)
        feedback.desired = JointTrajectoryPoint(
            positions=desired.tolist(), velocities=speed.tolist()
        )
        feedback.actual = JointTrajectoryPoint(positions=measured.tolist())
        feedback.error = JointTrajectoryPoint(positions=(desired - measured).tolist())
        return feedback


class GripperSpeech:
    """GripperCommand: what its messages say. The values are position (m), effort (N), and two flags.

    Attributes:
        action: its type.
    """

    action: Any = GripperCommand

    def read(self, command: Any) -> tuple[float, float]:
        """Wanted position and effort, 0 for none; NaN where it says no position."""
        return float(command.position), float(command.max_effort)

    def fill(self, message: Any, values: tuple[float, float, bool, bool]) -> None:
        """Put the values into a result or feedback."""
        message.position, message.effort, message.stalled, message.reached_goal = values


class ParallelGripperSpeech(GripperSpeech):
    """ParallelGripperCommand, as ros2_controllers' parallel_gripper_action_controller takes it.

    Args:
        joint: the one joint whose position is commanded and told.
    """

    def __init__(self, joint: str) -> None:
        # Not in the control_msgs of ROS 2 Humble.
        from control_msgs.action import ParallelGripperCommand

        self.action = ParallelGripperCommand
        self._joint = joint

    def read(self, command: Any) -> tuple[float, float]:
        if len(command.position) != 1:
            return float("nan"), 0.0
        return float(command.position[0]), float(command.effort[0]) if command.effort else 0.0

    def fill(self, message: Any, values: tuple[float, float, bool, bool]) -> None:
        position, effort, stalled, reached = values
        message.state = JointState(name=[self._joint], position=[position], effort=[effort])
        if hasattr(message, "stalled"):  # feedback has the state alone
            message.stalled, message.reached_goal = stalled, reached


class GripperController:
    """Serves the gripper's action; a position is that of one finger joint.

    Args:
        node, world, parameters: see there.
        name: of the action; None for the robot's own.
        speech: which action it is.
    """

    def __init__(
        self,
        node: Node,
        world: World,
        parameters: ControllerParameters,
        name: str | None = None,
        speech: GripperSpeech | None = None,
    ) -> None:
        self._speech = speech or GripperSpeech()
        self._node = node
        self._world = world
        self._default_effort = parameters.gripper_effort
        self._execution: GripperExecution | None = None
        self._goal: _Goal | None = None
        self._server = ActionServer(
            node,
            self._speech.action,
            name or world.arm.gripper_action,
            execute_callback=self._execute,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )

    def destroy(self) -> None:
        self._server.destroy()

    def after_step(self, states: JointStates) -> None:
        """Judge the fingers by mean position (m or rad), velocity and effort of the two joints."""
        if self._execution is None:
            return
        fingers = self._world.finger_part
        position = float(states.positions[fingers].mean())
        velocity = float(states.velocities[fingers].mean())
        effort = float(np.abs(states.efforts[fingers]).mean())
        goal, now = self._goal, self._world.time
        if goal is not None and goal.handle.is_cancel_requested:
            self._world.command_hand(position, self._default_effort)
            self._goal = self._execution = None
            _end(goal, CANCELED, (position, effort, False, False))
            return
        outcome = self._execution.update(now, position, velocity, effort)
        if outcome is not None:
            self._goal = self._execution = None
            values = (outcome.position, outcome.effort, outcome.stalled, outcome.reached_goal)
            _end(goal, SUCCEEDED, values)
        elif goal is not None and goal.feedback.is_due(now):
            feedback = self._speech.action.Feedback()
            self._speech.fill(feedback, (position, effort, False, False))
            goal.handle.publish_feedback(feedback)

    async def _execute(self, handle: Any) -> Any:
        arm = self._world.arm
        low, high = sorted((arm.finger_open, arm.finger_closed))
        margin = 1e-3 / arm.finger_lever_m
        position, effort = self._speech.read(handle.request.command)
        # Comparisons written so that NaN is refused too.
        if not low - margin <= position <= high + margin or not effort >= 0:
            self._node.get_logger().warning(
                f"gripper command rejected: position {position:g}, max_effort {effort:g} N: "
                f"wanted {low:g} to {high:g} (one finger joint, m or rad) and 0 (default) or more N"
            )
            how, values = ABORTED, (0.0, 0.0, False, False)
        else:
            _end(self._goal, ABORTED, (position, 0.0, False, False))
            target = min(max(position, low), high)
            self._world.command_hand(target, effort or self._default_effort)
            self._execution = GripperExecution(target, self._world.time, arm.finger_lever_m)
            self._goal = _Goal(handle, Future(), Schedule(FEEDBACK_RATE_HZ))
            how, values = await self._goal.done
        _finish(handle, how)
        result = self._speech.action.Result()
        self._speech.fill(result, values)
        return result
