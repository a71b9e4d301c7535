"""What a running robot shows of itself, as findings: description, joint states, actions."""

from __future__ import annotations

import time
from collections.abc import Callable

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from simreal_common.errors import MessageError
from simreal_common.ros_messages import stamp_seconds
from simreal_common.ros_qos import LATCHED_QOS, LATEST_STATE_QOS
from simreal_control.control_configuration import ControlParameters
from simreal_control.hand_drivers.ros_registry import DRIVERS
from simreal_control.robot_interface.checked_item import CheckedItem, Verdict
from simreal_control.robot_interface.joint_state_buffer import JointStateBuffer
from simreal_control.robot_interface.ros_action_check import (
    MOST_NAMED,
    action_finding,
    offered_actions,
)

ARM_ACTION = "control_msgs/action/FollowJointTrajectory"


class RobotGraph:
    """Listens to a robot; names are resolved as those of control_node are.

    Args:
        node: owns the subscriptions.
        parameters: of control_node.
    """

    def __init__(self, node: Node, parameters: ControlParameters) -> None:
        self._node, self._parameters = node, parameters
        self._hand = parameters.hand_connection()
        self._hand_driver = DRIVERS[parameters.hand_type.drive]
        max_age_s = parameters.stacking_config().max_state_age_s
        self._joints = JointStateBuffer(parameters.arm_joints, parameters.finger_joints, max_age_s)
        self._flaws: list[str] = []
        self._description = ""
        self._subscriptions_kept = [
            node.create_subscription(
                JointState, "joint_states", self._hear_joints, LATEST_STATE_QOS
            ),
            node.create_subscription(
                String, "robot_description", self._hear_description, LATCHED_QOS
            ),
        ]

    @property
    def description(self) -> str:
        """Text of the robot description; empty as long as none has come."""
        return self._description

    def listen(self, seconds: float, spin_once: Callable[[float], None]) -> None:
        """Listen until everything is there, or for so long at most.

        Args:
            spin_once: serves the node's callbacks, for so many seconds at most.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            spin_once(0.05)
            if self._description and not self._joints.lack(self._now()) and self._actions_fit():
                return

    def findings(self) -> list[CheckedItem]:
        """What is there and what lacks."""
        return [
            self._joint_states(), *self._notices(), *self._arm_and_hand(), *self._detections(),
        ]  # fmt: skip

    def _now(self) -> float:
        return float(self._node.get_clock().now().nanoseconds) * 1e-9

    def _hear_joints(self, message: JointState) -> None:
        try:
            self._joints.take(
                self._now(), stamp_seconds(message.header.stamp), message.name, message.position,
                message.velocity,
            )  # fmt: skip
        except MessageError as error:
            if str(error) not in self._flaws[:MOST_NAMED]:
                self._flaws.append(str(error))

    def _hear_description(self, message: String) -> None:
        self._description = message.data

    def _joint_states(self) -> CheckedItem:
        topic = self._node.resolve_topic_name("joint_states")
        count = self._node.count_publishers(topic)
        if not count:
            words = f"nobody publishes {topic}: start the robot's driver, or remap joint_states"
            return CheckedItem("joint_states", Verdict.LACKS, words)
        lack = self._joints.lack(self._now())
        if lack:
            return CheckedItem("joint_states", Verdict.LACKS, lack)
        who = "one publisher" if count == 1 else f"{count} publishers"
        joints = len(self._parameters.arm_joints)
        return CheckedItem(
            "joint_states", Verdict.FITS, f"all {joints} joints of the arm, from {who}"
        )

    def _notices(self) -> list[CheckedItem]:
        words = [*self._joints.notices(self._now()), *self._flaws[:MOST_NAMED]]
        return [CheckedItem("joint_states", Verdict.NOTE, line) for line in words]

    def _detections(self) -> list[CheckedItem]:
        """Of each camera; perception need not run when a robot is looked at."""
        findings = []
        for topic in map(self._node.resolve_topic_name, self._parameters.detection_topics):
            there = self._node.count_publishers(topic) > 0
            words = topic if there else f"nobody publishes {topic}: is its perception_node to come?"
            verdict = Verdict.FITS if there else Verdict.NOTE
            findings.append(CheckedItem("perception.detection_topics", verdict, words))
        return findings

    def _arm_action(self) -> str:
        return str(self._node.resolve_topic_name(self._parameters.arm_action))

    def _actions_fit(self) -> bool:
        offered = offered_actions(self._node)
        fits = ARM_ACTION in offered.get(self._arm_action(), ())
        return fits and self._hand_driver.seen(self._node, self._hand, offered)

    def _arm_and_hand(self) -> list[CheckedItem]:
        """What takes the commands of the arm, and of the hand."""
        offered = offered_actions(self._node)
        return [
            action_finding("arm_action", self._arm_action(), ARM_ACTION, offered),
            *self._hand_driver.findings(self._node, self._hand, offered),
        ]


def look_at_robot(parameters: ControlParameters, seconds: float) -> tuple[str, list[CheckedItem]]:
    """The description that is published, empty if none is, and what the robot shows.

    Args:
        parameters: of control_node.
        seconds: to listen at most.
    """
    context = Context()
    rclpy.init(args=[], context=context)
    try:
        node = Node("check_robot", context=context)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(node)
        graph = RobotGraph(node, parameters)
        graph.listen(seconds, lambda timeout: executor.spin_once(timeout_sec=timeout))
        found = graph.description, graph.findings()
        executor.shutdown()
        node.destroy_node()
        return found
    finally:
        rclpy.shutdown(context=context)
