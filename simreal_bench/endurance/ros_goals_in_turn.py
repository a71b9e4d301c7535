"""Gives control one goal after the other, so that the arm never rests for long."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from std_msgs.msg import String

from simreal_common.errors import MessageError
from simreal_common.ros_qos import GOAL_QOS, LATCHED_QOS
from simreal_common.stacking_status import read_status

Spin = Callable[[float], None]
AGAIN_S = 10.0  # until a goal that nothing came of is given again


class GoalsInTurn:
    """Publishes the next goal whenever control is idle or done.

    Args:
        node: owns the subscription and the publisher.
        goals: as on `stacking/goal`, begun anew after the last.

    Attributes:
        ended: how many goals control has ended.
        built: how many of them with all blocks in their places.
    """

    def __init__(self, node: Node, goals: Sequence[str]) -> None:
        self.ended, self.built = 0, 0
        self._goals = itertools.cycle(goals)
        self._goal = next(self._goals)
        self._waits, self._at_work = False, False
        self._given_at = -math.inf
        self._publisher = node.create_publisher(String, "stacking/goal", GOAL_QOS)
        self._subscription = node.create_subscription(
            String, "stacking/status", self._on_status, LATCHED_QOS
        )

    def _on_status(self, message: String) -> None:
        try:
            status = read_status(message.data)
        except MessageError:
            return
        self._waits = status.finished or status.state == "idle"
        given = math.isfinite(self._given_at)
        if given and not self._waits and not self._at_work:
            self._at_work, self._goal = True, next(self._goals)  # it was taken
        elif self._waits and self._at_work:
            self._at_work, self._given_at = False, -math.inf
            self.ended += 1
            self.built += status.placed == status.goal > 0

    def step(self) -> None:
        """Give a goal if one is waited for; again after a while, as nobody may have heard it."""
        now = time.monotonic()
        if self._waits and now - self._given_at > AGAIN_S:
            self._given_at = now
            self._publisher.publish(String(data=self._goal))


@contextmanager
def goals_in_turn(domain: int, goals: Sequence[str]) -> Iterator[tuple[GoalsInTurn, Spin]]:
    """The giver of goals, and what hears the status for so many seconds, or until one comes."""
    context = rclpy.Context()
    rclpy.init(args=[], context=context, domain_id=domain)
    node = Node("goals_in_turn", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    try:
        yield GoalsInTurn(node, goals), lambda seconds: executor.spin_once(timeout_sec=seconds)
    finally:
        executor.remove_node(node)
        node.destroy_node()
        executor.shutdown()
        rclpy.try_shutdown(context=context)
