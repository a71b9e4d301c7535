"""A robot as ROS shows it: joint states, detections and transforms in, goals of actions out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import JointState

from simreal_common.frames.ros_transforms import Transforms
from simreal_common.ros_guard import MessageGuard
from simreal_common.ros_messages import stamp_seconds
from simreal_common.ros_qos import LATEST_STATE_QOS
from simreal_control.control_configuration import ControlParameters
from simreal_control.planning.finger_mapping import FingerMapping
from simreal_control.robot_interface.joint_state_buffer import JointStateBuffer
from simreal_control.robot_interface.robot import Robot
from simreal_control.robot_interface.task_io import Command, Inputs, MoveArm
from simreal_control.ros_actions import RobotActions
from simreal_control.ros_cameras import RosCameras
from simreal_control.ros_depth import RosDepth
from simreal_control.ros_diagnostics import RosDiagnostics


class RosRobot(Robot):
    """Listens to a robot and its cameras, and sends commands to its controllers.

    Args:
        node: owns subscriptions and action clients.
        parameters: of control_node.
        group: callback group of the action clients.
        complain: takes what a warning is about and its words; it may come again and again.
        taken_over: takes words when somebody else commands the robot while it does what it was told.

    Attributes:
        transforms: where the cameras are.
        cameras: what they see.
        depth: what a depth camera sees; None where the parameters name none.
    """

    def __init__(
        self,
        node: Node,
        parameters: ControlParameters,
        group: Any,
        complain: Callable[[str, str], None],
        taken_over: Callable[[str], None] = lambda _: None,
    ) -> None:
        p = self._parameters = parameters
        self._clock = node.get_clock()
        self._complain = complain
        self._node = node
        config = p.stacking_config()
        self._joints = JointStateBuffer(p.arm_joints, p.finger_joints, config.max_state_age_s)
        self._noticed: set[str] = set()
        self._actions = RobotActions(
            node,
            p.arm_joints,
            p.arm_action,
            p.hand_type.drive,
            p.hand_connection(),
            self._now,
            group,
            taken_over,
            p.goal_tolerance,
        )
        self.transforms = Transforms(node)
        guard = MessageGuard(node)
        self.cameras = RosCameras(node, p, self.transforms, guard, complain)
        self.depth = None
        if config.depth.enabled:
            self.depth = RosDepth(node, p, self.transforms, guard, complain)
        seen_by = [self.cameras.entries, *([self.depth.entries] if self.depth is not None else [])]
        self._diagnostics = RosDiagnostics(node, seen_by)
        self._subscriptions = [
            node.create_subscription(
                JointState,
                "joint_states",
                guard("joint_states", self.hear_joints),
                LATEST_STATE_QOS,
            ),
        ]

    def know(self, fingers: FingerMapping, continuous: frozenset[str]) -> None:
        """Take what the robot's description says of hand and joints; before the first command."""
        p = self._parameters
        home = dict(zip(p.arm_joints, p.home, strict=True))
        self._joints.fingers = fingers
        self._actions.know(fingers)
        self._joints.winding = {name: home[name] for name in p.arm_joints if name in continuous}

    def step(self) -> Inputs:
        """What is known now; detections and results of actions since the last call."""
        now = self._now()
        for words in self._joints.notices(now):
            if words not in self._noticed:
                self._noticed.add(words)
                self._complain(words, words)
        lack = self._joints.lack(now)
        if lack and not self._node.count_publishers(self._subscriptions[0].topic_name):
            lack = f"nobody publishes the topic joint_states ({lack})"
        results, arm = self._actions.take_results(), self._joints.state(now)
        if arm is not None:
            arm = replace(arm, grip_sensed=self._actions.grip_sensed)
        inputs = Inputs(now, arm, self.cameras.take(), results, lack)
        if self.depth is None:
            return inputs
        return replace(inputs, depth_frames=self.depth.take(), depth_lack=self.depth.lack)

    def execute(self, command: Command) -> None:
        """Send a command to its controller; any thread may call it."""
        if isinstance(command, MoveArm):
            turns = self._joints.turns()
            if turns.any():
                motion = command.trajectory
                motion = replace(motion, positions=motion.positions - turns)
                command = replace(command, trajectory=motion)
        self._actions.execute(command)

    def halt(self) -> None:
        """Cancel all that was sent and has not ended; any thread may call it."""
        self._actions.halt()

    def start_anew(self) -> None:
        """Forget what was seen and sent: time has gone back. Joints are forgotten by their stamps."""
        self.cameras.start_anew()
        if self.depth is not None:
            self.depth.start_anew()
        self._noticed.clear()
        self._actions.start_anew()

    def missing_servers(self) -> list[str]:
        """Names of the actions, and of what else drives the hand, that nobody serves."""
        return self._actions.missing_servers()

    def end(self) -> None:
        """Send nothing more, cancel what moves, and wait until the controllers have heard it."""
        self._actions.end()

    def destroy(self) -> None:
        """Let the action clients go."""
        self._actions.destroy()

    def hear_joints(self, message: JointState) -> None:
        """Take joint states of some of the joints; of others they are left out."""
        self._joints.take(
            self._now(),
            stamp_seconds(message.header.stamp),
            message.name,
            message.position,
            message.velocity,
        )

    def _now(self) -> float:
        return float(self._clock.now().nanoseconds) * 1e-9
