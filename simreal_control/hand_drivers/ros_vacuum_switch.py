"""The vacuum of a suction cup, as drivers offer it: a switch, and whether something is held."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from rclpy.node import Node
from std_msgs.msg import Bool
from std_srvs.srv import SetBool

from simreal_common.ros_qos import GOAL_QOS, LATEST_STATE_QOS
from simreal_common.untrusted_text import shortened
from simreal_control.hand_drivers.hand_connection import HandConnection
from simreal_control.hand_drivers.ros_hand_driver import HandDriver
from simreal_control.planning.finger_mapping import FingerMapping
from simreal_control.robot_interface.checked_item import CheckedItem, Verdict
from simreal_control.robot_interface.ros_action_check import OfferedActions
from simreal_control.robot_interface.ros_action_goals import ActionGoals
from simreal_control.robot_interface.task_io import (
    ActionOutcome,
    ActionResult,
    HandCommand,
    SwitchSuction,
)

LONGEST_REASON = 300  # characters of a driver's words


@dataclass(eq=False)
class _Switching:
    """A command under way; `switched_at` is when the driver had it, None before."""

    command: SwitchSuction
    switched_at: float | None = None


class VacuumSwitch(HandDriver):
    """Switches a vacuum, by what a subclass says.

    A command ends when the feedback says what was wanted, or else `settle_s` after the driver had it:
    what the cup then holds is for the task to judge. Any thread may call it.

    Attributes:
        what: it is switched by, in words.
    """

    what: ClassVar[str]

    def __init__(
        self,
        node: Node,
        connection: HandConnection,
        goals: ActionGoals,
        now: Callable[[], float],
        group: Any = None,
    ) -> None:
        self._node, self._connection, self._now = node, connection, now
        self._connect(group)
        self._feedback: Any = None
        if connection.feedback:
            self._feedback = node.create_subscription(
                Bool, connection.feedback, self._on_feedback, LATEST_STATE_QOS
            )
        self._held: bool | None = None
        self._lock = threading.RLock()
        self._under_way: _Switching | None = None
        self._results: list[ActionResult] = []
        self._ended = False

    def know(self, fingers: FingerMapping) -> None:
        """A cup has none."""

    @property
    def grip_sensed(self) -> bool | None:
        """Whether the cup holds something; None where nobody tells."""
        if self._feedback is None or not self._node.count_publishers(self._feedback.topic_name):
            return None
        return self._held

    def missing_servers(self) -> list[str]:
        """The service or topic, where nobody serves it."""
        return [] if self._is_served() else [self._connection.name]

    def execute(self, command: HandCommand) -> None:
        """Switch; nothing after the end."""
        assert isinstance(command, SwitchSuction)  # hands with another drive make others
        with self._lock:
            if self._ended:
                return
            switching = self._under_way = _Switching(command)
        self._switch(switching)

    @classmethod
    def findings(
        cls, node: Node, connection: HandConnection, offered: OfferedActions
    ) -> list[CheckedItem]:
        """What switches it, and says whether it holds something."""
        name = node.resolve_topic_name(connection.name)
        words = f"{name}, {cls.what}"
        there = cls._is_offered(node, name)
        if not there:
            words = f"nobody serves {words}: start the gripper's driver (parameter 'gripper.type')"
        findings = [CheckedItem("gripper.action", Verdict.FITS if there else Verdict.LACKS, words)]
        if not connection.feedback:
            words = (
                "none: whether the cup holds a block is not known, and a lost one is not noticed"
            )
            return [*findings, CheckedItem("gripper.vacuum_feedback", Verdict.NOTE, words)]
        topic = node.resolve_topic_name(connection.feedback)
        told = node.count_publishers(topic) > 0
        words = topic if told else f"nobody publishes {topic}: start the gripper's driver"
        verdict = Verdict.FITS if told else Verdict.LACKS
        return [*findings, CheckedItem("gripper.vacuum_feedback", verdict, words)]

    def give_up(self) -> None:
        """Wait no longer for what was sent. The vacuum stays: what hangs there must not fall."""
        with self._lock:
            self._under_way = None
            self._results.clear()

    def end(self) -> None:
        """Send nothing more."""
        with self._lock:
            self._ended = True
            self.give_up()

    def take_results(self) -> tuple[ActionResult, ...]:
        """What has ended since the last call."""
        with self._lock:
            self._look()
            results, self._results = tuple(self._results), []
        return results

    def _look(self) -> None:
        switching = self._under_way
        if switching is None or switching.switched_at is None:
            return
        agrees = self.grip_sensed is switching.command.on
        if agrees or self._now() - switching.switched_at >= self._connection.settle_s:
            self._finish(switching, ActionOutcome.SUCCEEDED)

    def _finish(self, switching: _Switching, outcome: ActionOutcome, message: str = "") -> None:
        self._under_way = None
        self._results.append(ActionResult(switching.command.number, outcome, message))

    def _on_feedback(self, message: Bool) -> None:
        self._held = bool(message.data)

    @abstractmethod
    def _connect(self, group: Any) -> None:
        """Make client or publisher."""

    @abstractmethod
    def _is_served(self) -> bool:
        """Whether somebody is there who hears it."""

    @abstractmethod
    def _switch(self, switching: _Switching) -> None:
        """Tell the driver, and note when it had it."""

    @staticmethod
    @abstractmethod
    def _is_offered(node: Node, name: str) -> bool:
        """Whether a robot that is looked at offers it."""


class VacuumService(VacuumSwitch):
    """By a service std_srvs/SetBool, which may refuse."""

    what = "the service std_srvs/srv/SetBool"

    def _connect(self, group: Any) -> None:
        self._client = self._node.create_client(
            SetBool, self._connection.name, callback_group=group
        )

    def _is_served(self) -> bool:
        return bool(self._client.service_is_ready())

    def _switch(self, switching: _Switching) -> None:
        future = self._client.call_async(SetBool.Request(data=switching.command.on))
        future.add_done_callback(partial(self._on_answer, switching))

    def _on_answer(self, switching: _Switching, future: Any) -> None:
        answer = future.result()
        with self._lock:
            if self._under_way is not switching:
                return
            if answer is None or not answer.success:
                words = shortened(answer.message, LONGEST_REASON) if answer is not None else ""
                self._finish(switching, ActionOutcome.REJECTED, words)
            else:
                switching.switched_at = self._now()

    @staticmethod
    def _is_offered(node: Node, name: str) -> bool:
        services = dict(node.get_service_names_and_types())
        return "std_srvs/srv/SetBool" in services.get(name, ())


class VacuumTopic(VacuumSwitch):
    """By a topic std_msgs/Bool: who hears it has it at once."""

    what = "the topic std_msgs/msg/Bool"

    def _connect(self, group: Any) -> None:
        self._publisher = self._node.create_publisher(Bool, self._connection.name, GOAL_QOS)

    def _is_served(self) -> bool:
        return bool(self._publisher.get_subscription_count() > 0)

    def _switch(self, switching: _Switching) -> None:
        with self._lock:
            if not self._ended:
                self._publisher.publish(Bool(data=switching.command.on))
                switching.switched_at = self._now()

    @staticmethod
    def _is_offered(node: Node, name: str) -> bool:
        return node.count_subscribers(name) > 0
