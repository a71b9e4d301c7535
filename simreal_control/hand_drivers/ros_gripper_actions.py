"""Fingers by the two actions that grippers' controllers offer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

from action_msgs.msg import GoalStatus
from control_msgs.action import GripperCommand
from rclpy.node import Node
from sensor_msgs.msg import JointState

from simreal_common.errors import MissingDependencyError
from simreal_control.hand_drivers.hand_connection import HandConnection
from simreal_control.hand_drivers.ros_hand_driver import HandDriver
from simreal_control.planning.finger_mapping import FingerMapping
from simreal_control.robot_interface.checked_item import CheckedItem
from simreal_control.robot_interface.ros_action_check import OfferedActions, action_finding
from simreal_control.robot_interface.ros_action_goals import ActionGoals
from simreal_control.robot_interface.task_io import ActionOutcome, HandCommand, MoveGripper


class GripperActionDriver(HandDriver):
    """Sends openings as goals of an action; fingers slide unless it knows better.

    Raises:
        MissingDependencyError: the installed control_msgs has no such action.
    """

    kind: ClassVar[str]  # the action's type, as ROS 2 shows it

    def __init__(
        self,
        node: Node,
        connection: HandConnection,
        goals: ActionGoals,
        now: Callable[[], float],
        group: Any = None,
    ) -> None:
        self._goals, self._joints = goals, connection.joints
        self._fingers = FingerMapping.sliding(connection.joints)
        self._client = goals.client(connection.name, self.action())

    def know(self, fingers: FingerMapping) -> None:
        self._fingers = fingers

    def execute(self, command: HandCommand) -> None:
        assert isinstance(command, MoveGripper)  # hands with another drive make others
        position = self._fingers.position(command.opening_m)
        goal = self.goal(self._joints, position, command.effort_n)
        read = partial(self._end, self._fingers)
        self._goals.send(self._client, goal, command.number, read)

    def give_up(self) -> None:
        """There is nothing but goals."""

    def end(self) -> None:
        """The same."""

    @classmethod
    def seen(cls, node: Node, connection: HandConnection, offered: OfferedActions) -> bool:
        return cls.kind in offered.get(node.resolve_topic_name(connection.name), ())

    @classmethod
    def findings(
        cls, node: Node, connection: HandConnection, offered: OfferedActions
    ) -> list[CheckedItem]:
        name = node.resolve_topic_name(connection.name)
        where = " (parameter 'gripper.type')"
        return [action_finding("gripper.action", name, cls.kind, offered, where)]

    @staticmethod
    @abstractmethod
    def action() -> Any:
        """The action's type."""

    @staticmethod
    @abstractmethod
    def goal(joints: Sequence[str], position: float, effort_n: float) -> Any:
        """A goal for the first of the joints, radians or metres."""

    @staticmethod
    @abstractmethod
    def reached(result: Any) -> Sequence[float]:
        """Where a result says that the joint is; empty where it does not."""

    @classmethod
    def _end(cls, fingers: FingerMapping, answer: Any) -> tuple[ActionOutcome, str]:
        # Fingers that were stopped by a block have not reached 0, and that is well.
        if answer.status == GoalStatus.STATUS_SUCCEEDED:
            return ActionOutcome.SUCCEEDED, ""
        result = answer.result
        words = _hand_words(fingers, cls.reached(result), bool(result.stalled))
        return ActionOutcome.ABORTED, words


class GripperCommandDriver(GripperActionDriver):
    """By control_msgs/GripperCommand."""

    kind = "control_msgs/action/GripperCommand"

    @staticmethod
    def action() -> Any:
        return GripperCommand

    @staticmethod
    def goal(joints: Sequence[str], position: float, effort_n: float) -> Any:
        goal = GripperCommand.Goal()
        goal.command.position = position
        goal.command.max_effort = effort_n
        return goal

    @staticmethod
    def reached(result: Any) -> Sequence[float]:
        return [result.position]


class ParallelGripperCommandDriver(GripperActionDriver):
    """By control_msgs/ParallelGripperCommand."""

    kind = "control_msgs/action/ParallelGripperCommand"

    @staticmethod
    def action() -> Any:
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

    @staticmethod
    def goal(joints: Sequence[str], position: float, effort_n: float) -> Any:
        """For one finger: controllers take one joint, and others follow it as mimics."""
        goal = ParallelGripperCommandDriver.action().Goal()
        goal.command = JointState(name=list(joints[:1]), position=[position], effort=[effort_n])
        return goal

    @staticmethod
    def reached(result: Any) -> Sequence[float]:
        return list(result.state.position)


def _hand_words(fingers: FingerMapping, positions: Sequence[float], stalled: bool) -> str:
    """Where the fingers are, as the joint is told and as an opening."""
    if not len(positions):
        return f"fingers at unknown, stalled {stalled}"
    at = float(positions[0])
    return f"fingers at {at:.4f} ({1000 * fingers.opening(at):.1f} mm open), stalled {stalled}"
