"""Goals of the actions that a robot offers: sent, cancelled, and how they end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from simreal_common.untrusted_text import shortened
from simreal_control.robot_interface.ros_foreign_goals import ForeignGoals
from simreal_control.robot_interface.task_io import ActionOutcome, ActionResult

# So long after a goal of ours has ended badly another's may be told to have replaced it.
LOST_S = 1.0
COMPLAINT_PERIOD_S = 5.0
END_S = 1.0  # so long controllers have to hear that a motion is cancelled
MOST_COMMANDS = 1_000_000  # of one task

# How a goal has ended, by the answer of its server; with words.
ReadEnd = Callable[[Any], "tuple[ActionOutcome, str]"]


class ActionGoals:
    """Sends goals for the commands of tasks, and collects how they ended; waits at its end only. Any
    thread may call it.

    Args:
        node: owns the action clients.
        group: callback group of these.
        taken_over: called with words when somebody else sends a goal to a controller that has one
            of ours under way.
    """

    def __init__(
        self,
        node: Node,
        group: Any = None,
        taken_over: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._node, self._group = node, group
        self._clients: dict[str, Any] = {}
        self._foreign: dict[Any, ForeignGoals] = {}
        self._taken_over = taken_over
        self._lock = threading.RLock()
        self._results: list[ActionResult] = []
        # Tasks count their commands from 1: the numbers here are theirs plus this, which no two tasks
        # share. What an older one gets to hear is of no use to anybody.
        self._first = 0
        self._handles: dict[int, Any] = {}
        self._unanswered: set[int] = set()
        self._under_way: dict[int, Any] = {}  # number of a command: client of its controller
        self._lost: dict[Any, float] = {}  # client: when a goal of ours last ended badly
        self._cancelled: set[int] = set()  # by us, and not ended yet
        self._unheard: set[int] = set()  # cancelled, but the controller has not answered
        self._ended = False

    def client(self, name: str, action: Any) -> Any:
        """A client of the action of that name and type, to send goals to; before the first goal."""
        client = ActionClient(self._node, action, name, callback_group=self._group)
        self._clients[name] = client
        foreign = partial(self._on_foreign, client)
        self._foreign[client] = ForeignGoals(self._node, name, self._group, foreign)
        return client

    def missing_servers(self) -> list[str]:
        """Names of the actions that nobody serves."""
        return [name for name, client in self._clients.items() if not client.server_is_ready()]

    def send(self, client: Any, goal: Any, command: int, read: ReadEnd) -> None:
        """Send a goal for the command of that number; nothing after the end."""
        number = self._first + command
        with self._lock:
            if self._ended:
                return
            self._unanswered.add(number)
            self._under_way[number] = client
        future = client.send_goal_async(goal, goal_uuid=self._foreign[client].new_id())
        future.add_done_callback(lambda done: self._on_answer(done, number, read))

    def refuse(self, command: int, words: str) -> None:
        """End a command that is not sent."""
        with self._lock:
            self._end_command(self._first + command, ActionOutcome.REJECTED, words)

    def cancel(self, command: int) -> None:
        """Give up a command."""
        self._cancel(self._first + command)

    def halt(self) -> None:
        """Cancel all that was sent and has not ended."""
        with self._lock:
            for number in (*self._handles, *self._unanswered):
                self._cancel(number)

    def start_anew(self) -> None:
        """Cancel all that has not ended; what comes of it is not told to the task that follows."""
        with self._lock:
            self.halt()
            self._first += MOST_COMMANDS
            self._results.clear()

    def take_results(self) -> tuple[ActionResult, ...]:
        """What has ended since the last call."""
        with self._lock:
            results, self._results = tuple(self._results), []
        return results

    def end(self) -> None:
        """Send nothing more, cancel what moves, and wait until the controllers have heard it.

        Spins the node, which must be in no executor.
        """
        with self._lock:
            self._ended = True
            moving = bool(self._handles or self._unanswered)
        if not moving:
            return
        logger = self._node.get_logger()
        if not self._node.context.ok():
            logger.error("control ends without ROS: what moves cannot be cancelled")
            return
        logger.warning("control ends: what moves is cancelled")
        self.halt()
        executor = SingleThreadedExecutor(context=self._node.context)
        executor.add_node(self._node)
        deadline = time.monotonic() + END_S
        while (self._unanswered or self._unheard) and time.monotonic() < deadline:
            try:
                executor.spin_once(timeout_sec=0.05)
            except Exception as error:  # the node ends anyway; the arm must not go on for it
                logger.error(f"while control ends: {shortened(str(error))}")
        executor.remove_node(self._node)
        executor.shutdown()
        if self._unanswered or self._unheard:
            logger.error(f"no controller has confirmed within {END_S:g} s that it stops")

    def destroy(self) -> None:
        """Let the clients go."""
        for client in self._clients.values():
            client.destroy()

    def _end_command(self, number: int, outcome: ActionOutcome, message: str = "") -> None:
        if number >= self._first:
            self._results.append(ActionResult(number - self._first, outcome, message))

    def _cancel(self, number: int) -> None:
        with self._lock:
            handle = self._handles.get(number)
            if handle is not None:
                self._cancelled.add(number)
                self._unheard.add(number)
                answer = handle.cancel_goal_async()
                answer.add_done_callback(lambda _: self._unheard.discard(number))
            elif number in self._unanswered:
                self._cancelled.add(number)  # as soon as it is accepted

    def _on_answer(self, future: Any, number: int, read: ReadEnd) -> None:
        handle = future.result()
        with self._lock:
            self._unanswered.discard(number)
            if handle is None or not handle.accepted:
                self._cancelled.discard(number)
                self._under_way.pop(number)
                self._end_command(number, ActionOutcome.REJECTED)
                return
            self._handles[number] = handle
            if number in self._cancelled:
                self._cancel(number)
        handle.get_result_async().add_done_callback(
            lambda done: self._on_result(done, number, read)
        )

    def _on_result(self, future: Any, number: int, read: ReadEnd) -> None:
        answer = future.result()
        outcome, message = read(answer)
        with self._lock:
            self._handles.pop(number, None)
            client = self._under_way.pop(number)
            if outcome is not ActionOutcome.SUCCEEDED and number not in self._cancelled:
                self._lost[client] = time.monotonic()
            if answer.status == GoalStatus.STATUS_CANCELED and number not in self._cancelled:
                message = f"somebody else has cancelled it; {message}"
            self._cancelled.discard(number)
            self._end_command(number, outcome, message)

    def _on_foreign(self, client: Any, words: str) -> None:
        with self._lock:
            lost = time.monotonic() - self._lost.get(client, -np.inf) < LOST_S
            ours = lost or client in self._under_way.values()
        if ours:
            self._taken_over(f"{words} while ours is under way")
        else:
            self._node.get_logger().warning(
                f"{words}: the robot is commanded from elsewhere too",
                throttle_duration_sec=COMPLAINT_PERIOD_S,
            )
