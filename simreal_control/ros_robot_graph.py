"""What a running robot shows of itself, as findings: description, joint states, actions."""

from __future__ import annotations

import time
from collections.abc import Callable

import rclpy
from rclpy.action import get_action_names_and_types
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from simreal_common.errors import MessageError
from simreal_common.ros_messages import stamp_seconds
from simreal_common.ros_qos import LATCHED_QOS, LATEST_STATE_QOS
from simreal_common.untrusted_text import shortened
from simreal_control.parameter_fields import GripperType
from simreal_control.parameters import ControlParameters
from simreal_control.robot_check import Finding, Verdict
from simreal_control.robot_interface.joint_state_buffer import JointStateBuffer

ARM_ACTION = "control_msgs/action/FollowJointTrajectory"
GRIPPER_ACTIONS = {
    GripperType.GRIPPER_COMMAND: "control_msgs/action/GripperCommand",
    GripperType.PARALLEL_GRIPPER_COMMAND: "control_msgs/action/ParallelGripperCommand",
}
MOST_NAMED = 8


class RobotGraph:
    """Listens to a robot; names are resolved as those of control_node are.

    Args:
        node: owns the subscriptions.
        parameters: of control_node.
    """

    def __init__(self, node: Node, parameters: ControlParameters) -> None:
        self._node, self._parameters = node, parameters
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

    def findings(self) -> list[Finding]:
        """What is there and what lacks."""
        return [
            self._joint_states(), *self._notices(), *self._actions(), *self._vacuum(),
            *self._detections(),
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

    def _joint_states(self) -> Finding:
        topic = self._node.resolve_topic_name("joint_states")
        count = self._node.count_publishers(topic)
        if not count:
            words = f"nobody publishes {topic}: start the robot's driver, or remap joint_states"
            return Finding("joint_states", Verdict.LACKS, words)
        lack = self._joints.lack(self._now())
        if lack:
            return Finding("joint_states", Verdict.LACKS, lack)
        who = "one publisher" if count == 1 else f"{count} publishers"
        joints = len(self._parameters.arm_joints)
        return Finding("joint_states", Verdict.FITS, f"all {joints} joints of the arm, from {who}")

    def _notices(self) -> list[Finding]:
        words = [*self._joints.notices(self._now()), *self._flaws[:MOST_NAMED]]
        return [Finding("joint_states", Verdict.NOTE, line) for line in words]

    def _detections(self) -> list[Finding]:
        """Of each camera; perception need not run when a robot is looked at."""
        findings = []
        for topic in map(self._node.resolve_topic_name, self._parameters.detection_topics):
            there = self._node.count_publishers(topic) > 0
            words = topic if there else f"nobody publishes {topic}: is its perception_node to come?"
            verdict = Verdict.FITS if there else Verdict.NOTE
            findings.append(Finding("perception.detection_topics", verdict, words))
        return findings

    def _wanted(self) -> dict[str, tuple[str, str]]:
        """Name and type of each action, by its parameter."""
        p = self._parameters
        wanted = {"arm_action": (self._node.resolve_topic_name(p.arm_action), ARM_ACTION)}
        gripper = GRIPPER_ACTIONS.get(GripperType(p.gripper_type))
        if gripper is not None:
            wanted["gripper.action"] = (self._node.resolve_topic_name(p.gripper_action), gripper)
        return wanted

    def _vacuum(self) -> list[Finding]:
        """What switches a suction cup, and says whether it holds something."""
        p, node = self._parameters, self._node
        if not p.vacuum:
            return []
        name = node.resolve_topic_name(p.gripper_action)
        if GripperType(p.gripper_type) is GripperType.VACUUM_TOPIC:
            there, what = node.count_subscribers(name) > 0, "the topic std_msgs/msg/Bool"
        else:
            services = dict(node.get_service_names_and_types())
            what = "the service std_srvs/srv/SetBool"
            there = "std_srvs/srv/SetBool" in services.get(name, ())
        words = f"{name}, {what}"
        if not there:
            words = f"nobody serves {words}: start the gripper's driver (parameter 'gripper.type')"
        findings = [Finding("gripper.action", Verdict.FITS if there else Verdict.LACKS, words)]
        if not p.vacuum_feedback:
            words = (
                "none: whether the cup holds a block is not known, and a lost one is not noticed"
            )
            return [*findings, Finding("gripper.vacuum_feedback", Verdict.NOTE, words)]
        topic = node.resolve_topic_name(p.vacuum_feedback)
        told = node.count_publishers(topic) > 0
        words = topic if told else f"nobody publishes {topic}: start the gripper's driver"
        verdict = Verdict.FITS if told else Verdict.LACKS
        return [*findings, Finding("gripper.vacuum_feedback", verdict, words)]

    def _offered(self) -> dict[str, list[str]]:
        """Actions that have a server."""
        return {
            name: types
            for name, types in get_action_names_and_types(self._node)
            if self._node.count_publishers(f"{name}/_action/status")
        }

    def _actions_fit(self) -> bool:
        offered = self._offered()
        return all(kind in offered.get(name, ()) for name, kind in self._wanted().values())

    def _actions(self) -> list[Finding]:
        offered, findings = self._offered(), []
        for parameter, (name, kind) in self._wanted().items():
            if kind in offered.get(name, ()):
                findings.append(Finding(parameter, Verdict.FITS, f"{name}, {kind}"))
                continue
            if name in offered:
                types = ", ".join(shortened(one) for one in offered[name])
                words = f"{name} is {types}, wanted {kind}"
                if parameter == "gripper.action":
                    words += " (parameter 'gripper.type')"
            else:
                same = [shortened(one) for one, types in offered.items() if kind in types]
                others = ", ".join(same[:MOST_NAMED]) or "none"
                words = (
                    f"nobody serves {name}; actions of its type here: {others}; name one of them, "
                    "or start the robot's controllers"
                )
            findings.append(Finding(parameter, Verdict.LACKS, words))
        return findings


def look_at_robot(parameters: ControlParameters, seconds: float) -> tuple[str, list[Finding]]:
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
