"""One node of a domain drives a resource (an arm, a clock): a second one sees the first and ends.

Nothing in ROS 2 keeps two programs from commanding one controller. Each that is about to says so on a
latched topic beside the resource, waits a moment, and is the owner unless it hears of a better
claim: an owner's goes before one that only asks; among equals that of the earlier launch. The topic
stays watched, so that two who could not hear each other at first settle it as soon as they can.

Who only asks believes every claim: nothing moves yet. An owner does not end for a message alone, which
`ros2 topic pub` and a bag that is played can send too: the node that it names must be there, as a
publisher of claims in ROS's own graph. Who starts such a node is believed, as everywhere in a domain
without SROS2.
"""

from __future__ import annotations

import json
import os
import socket
import time
import uuid
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NoReturn

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from std_msgs.msg import String

from simreal_common.errors import MessageError, OwnershipError
from simreal_common.ros_qos import OWNERSHIP_QOS
from simreal_common.untrusted_text import parse_json, shortened

# Nodes of one machine hear each other in a tenth of this. A launch waits for it once: nodes start
# side by side.
DISCOVERY_S = 0.4
OWNER_TOPIC = "_owner"  # hidden, as tokens with an underscore are
REPEAT_S = 5.0
# How long the graph may take to show a node whose claim was heard, and how often it is looked at.
BELIEVE_S, LOOK_S = 3.0, 0.1
MOST_DOUBTED = 100


@dataclass(frozen=True)
class OwnershipClaim:
    """What one node says.

    Args:
        node: who it is, in words; the first is the node's full name.
        rank: among claims of one kind the smallest string wins; no two are the same.
        owns: it has waited, and has the resource.
    """

    node: str
    rank: str
    owns: bool = False

    @property
    def full_name(self) -> str:
        """Name of the node with its namespace."""
        return self.node.partition(" ")[0]

    def better_than(self, other: OwnershipClaim) -> bool:
        return (not self.owns, self.rank) < (not other.owns, other.rank)


class Ownership:
    """This node's claim on a resource.

    Args:
        node: asks; nothing else of it may wait for messages before `settle`.
        resource: name of the topic or action that one node alone may drive, as the node uses it.
        deed: what the owner does, for messages ("commands the arm").
    """

    def __init__(self, node: Node, resource: str, deed: str) -> None:
        self._node = node
        self._deed = f"{deed} ({resource})"
        name = node.get_fully_qualified_name()
        who = f"{name} (process {os.getpid()} on {socket.gethostname()})"
        self._claim = OwnershipClaim(who, launch_rank())
        self._topic = topic = f"{node.resolve_topic_name(resource)}/{OWNER_TOPIC}"
        self._name = name
        # Better claims of nodes that the graph does not show, and when they are given up, by name.
        self._doubted: dict[str, tuple[OwnershipClaim, float]] = {}
        # Of its own, so that a node that plans hears it too.
        self._group = MutuallyExclusiveCallbackGroup()
        self._claims = node.create_publisher(String, topic, OWNERSHIP_QOS)
        self._subscription = node.create_subscription(
            String, topic, self._on_claim, OWNERSHIP_QOS, callback_group=self._group
        )
        self._look = node.create_timer(
            LOOK_S, self._look_again, self._group, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )
        self._look.cancel()
        self._asked_at = time.monotonic()
        self._say()

    def settle(self) -> None:
        """Wait until `DISCOVERY_S` after the claim was made; then the resource is this node's.

        Spins the node, which must be in no executor.

        Raises:
            OwnershipError: another node has it, or goes first.
        """
        executor = SingleThreadedExecutor(context=self._node.context)
        executor.add_node(self._node)
        try:
            while (left := self._asked_at + DISCOVERY_S - time.monotonic()) > 0.0:
                executor.spin_once(timeout_sec=left)
        finally:
            executor.remove_node(self._node)
            executor.shutdown()
        self._claim = replace(self._claim, owns=True)
        self._say()

    def _say(self) -> None:
        self._claims.publish(String(data=json.dumps(asdict(self._claim))))

    def _on_claim(self, message: String) -> None:
        try:
            other = read_claim(message.data)
        except MessageError as error:
            self._node.get_logger().warning(
                f"a claim of who {self._deed} is left out: {error}",
                throttle_duration_sec=REPEAT_S,
            )
            return
        if not other.better_than(self._claim):
            return
        if not self._claim.owns:
            self._yield_to(other)
        if len(self._doubted) < MOST_DOUBTED:
            self._doubted.setdefault(other.full_name, (other, time.monotonic() + BELIEVE_S))
        self._believe()
        if self._doubted:
            self._look.reset()

    def _look_again(self) -> None:
        """Believe, as long as there is somebody to believe."""
        self._believe()
        # Here alone, where no thread is about to call it: rclpy would raise in that one.
        if not self._doubted:
            self._look.cancel()

    def _believe(self) -> None:
        """Believe those whom the graph shows by now, and give up those whom it never showed."""
        for name, (claim, until) in list(self._doubted.items()):
            if self._claims_are_published_by(name):
                self._yield_to(claim)
            if time.monotonic() > until:
                del self._doubted[name]
                self._node.get_logger().warning(
                    f"a claim that {claim.node} {self._deed} is left out: no node {name} publishes "
                    f"{self._topic}",
                    throttle_duration_sec=REPEAT_S,
                )

    def _claims_are_published_by(self, name: str) -> bool:
        """Whether a node of that name does, other than this one."""
        found = [
            f"{info.node_namespace.rstrip('/')}/{info.node_name}"
            for info in self._node.get_publishers_info_by_topic(self._topic)
        ]
        return found.count(name) > (name == self._name)

    def _yield_to(self, other: OwnershipClaim) -> NoReturn:
        domain = self._node.context.get_domain_id()
        raise OwnershipError(
            f"{other.node} already {self._deed} in ROS_DOMAIN_ID {domain}, and one node alone "
            "may: end that one, or set another ROS_DOMAIN_ID for this launch"
        )


def read_claim(text: str) -> OwnershipClaim:
    """The claim in a message.

    Raises:
        MessageError: no JSON, or a field that is missing or of another kind.
    """
    values = parse_json(text)
    kinds = {"node": str, "rank": str, "owns": bool}
    if not isinstance(values, dict) or {k: type(v) for k, v in values.items()} != kinds:
        raise MessageError(
            f"got '{shortened(text)}', wanted JSON with node and rank (strings) and owns (true or "
            "false)"
        )
    return OwnershipClaim(shortened(values["node"], 200), values["rank"], values["owns"])


def launch_rank() -> str:
    """That of the launch first: of two launches one wins with all its nodes."""
    parent = os.getppid()
    return f"{process_start(parent):020d} {parent:010d} {uuid.uuid4().hex}"


def process_start(process: int) -> int:
    """When a process was started, clock ticks since boot; 0 where the system does not tell."""
    try:
        # The name, in parentheses, may hold anything; the start is the 20th field behind it.
        fields = Path(f"/proc/{process}/stat").read_text("utf-8", "replace").rpartition(")")[2]
        return int(fields.split()[19])
    except (OSError, ValueError, IndexError):
        return 0
