"""The vacuum of a suction cup, as drivers offer it: a switch, and whether something is held."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from rclpy.node import Node
from std_msgs.msg import Bool
from std_srvs.srv import SetBool

from simreal_common.ros_qos import GOAL_QOS, LATEST_STATE_QOS
from simreal_common.untrusted_text import shortened
from simreal_control.robot_interface.task_io import ActionOutcome, ActionResult, SwitchSuction

LONGEST_REASON = 300  # characters of a driver's words


@dataclass(eq=False)
class _Switching:
    """A command under way; `switched_at` is when the driver had it, None before."""

    command: SwitchSuction
    switched_at: float | None = None


class VacuumSwitch:
    """Switches a vacuum by a service std_srvs/SetBool or a topic std_msgs/Bool.

    A command ends when the feedback says what was wanted, or else `settle_s` after the driver had it:
    what the cup then holds is for the task to judge. Any thread may call it.

    Args:
        node: owns client or publisher, and the subscription.
        name: of the service or topic.
        by_topic: which of them it is.
        feedback: topic std_msgs/Bool that says whether something is held; empty for none.
        settle_s: until a cup holds or has let go.
        now: the node's time, seconds.
        group: callback group of the client.
    """

    def __init__(
        self,
        node: Node,
        name: str,
        by_topic: bool,
        feedback: str,
        settle_s: float,
        now: Callable[[], float],
        group: Any = None,
    ) -> None:
        self._node, self._name, self._settle_s, self._now = node, name, settle_s, now
        self._client: Any = None
        self._publisher: Any = None
        if by_topic:
            self._publisher = node.create_publisher(Bool, name, GOAL_QOS)
        else:
            self._client = node.create_client(SetBool, name, callback_group=group)
        self._feedback: Any = None
        if feedback:
            self._feedback = node.create_subscription(
                Bool, feedback, self._on_feedback, LATEST_STATE_QOS
            )
        self._held: bool | None = None
        self._lock = threading.RLock()
        self._under_way: _Switching | None = None
        self._results: list[ActionResult] = []
        self._ended = False

    @property
    def holding(self) -> bool | None:
        """Whether the cup holds something; None where nobody tells."""
        if self._feedback is None or not self._node.count_publishers(self._feedback.topic_name):
            return None
        return self._held

    def missing_servers(self) -> list[str]:
        """The service or topic, where nobody serves it."""
        if self._client is not None:
            there = self._client.service_is_ready()
        else:
            there = self._publisher.get_subscription_count() > 0
        return [] if there else [self._name]

    def execute(self, command: SwitchSuction) -> None:
        """Switch; nothing after the end."""
        with self._lock:
            if self._ended:
                return
            switching = self._under_way = _Switching(command)
            if self._client is None:
                self._publisher.publish(Bool(data=command.on))
                switching.switched_at = self._now()
                return
        future = self._client.call_async(SetBool.Request(data=command.on))
        future.add_done_callback(partial(self._on_answer, switching))

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
        agrees = self.holding is switching.command.on
        if agrees or self._now() - switching.switched_at >= self._settle_s:
            self._finish(switching, ActionOutcome.SUCCEEDED)

    def _finish(self, switching: _Switching, outcome: ActionOutcome, message: str = "") -> None:
        self._under_way = None
        self._results.append(ActionResult(switching.command.number, outcome, message))

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

    def _on_feedback(self, message: Bool) -> None:
        self._held = bool(message.data)
