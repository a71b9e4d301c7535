"""Goals that others send to a controller of ours: an arm that somebody else moves is said to be so."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable
from typing import Any

from action_msgs.msg import GoalStatus, GoalStatusArray
from rclpy.action import get_action_client_names_and_types_by_node
from rclpy.node import Node
from rclpy.qos import qos_profile_action_status_default
from unique_identifier_msgs.msg import UUID

from simreal_common.untrusted_text import shortened

REMEMBERED = 200  # goals; a controller forgets its own after some minutes
ACTIVE = (GoalStatus.STATUS_ACCEPTED, GoalStatus.STATUS_EXECUTING)


class ForeignGoals:
    """Watches the goals of one action server.

    What a controller answers to the one whose goal was replaced differs, and some never answer; but
    all of them publish the goals they have.

    Args:
        node: owns the subscription.
        action: name of the action.
        group: callback group of the subscription.
        tell: called with words about goals of somebody else's that are under way, once about each.
    """

    def __init__(self, node: Node, action: str, group: Any, tell: Callable[[str], None]) -> None:
        self._node = node
        self._action = action
        self._tell = tell
        self._ours: deque[bytes] = deque(maxlen=REMEMBERED)
        self._told: deque[bytes] = deque(maxlen=REMEMBERED)
        self._subscription = node.create_subscription(
            GoalStatusArray,
            f"{node.resolve_topic_name(action)}/_action/status",
            self.hear,
            qos_profile_action_status_default,
            callback_group=group,
        )

    def new_id(self) -> UUID:
        """An identifier for a goal of ours; known before its controller can tell of it."""
        made = uuid.uuid4().bytes
        self._ours.append(made)
        return UUID(uuid=list(made))

    def hear(self, message: GoalStatusArray) -> None:
        """Take what the controller tells of its goals."""
        active = [
            bytes(entry.goal_info.goal_id.uuid)
            for entry in message.status_list
            if entry.status in ACTIVE
        ]
        new = [one for one in active if one not in self._ours and one not in self._told]
        self._told.extend(new)
        if new:
            self._tell(f"{self._suspects()} has sent a goal to {self._action}")

    def _suspects(self) -> str:
        """Nodes that could have sent it."""
        own, found = self._node.get_fully_qualified_name(), []
        action = self._node.resolve_topic_name(self._action)
        for name, namespace in self._node.get_node_names_and_namespaces():
            full = f"{namespace.rstrip('/')}/{name}"
            try:
                clients = get_action_client_names_and_types_by_node(self._node, name, namespace)
            except Exception:  # of a private module of rclpy: the node has gone meanwhile
                continue
            if full != own and action in (client for client, _ in clients):
                found.append(full)
        return shortened(" or ".join(sorted(found)), 200) or "somebody else"
