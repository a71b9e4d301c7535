"""The long task as an action beside the topics: a goal, what has come of it so far, cancel, a result.

Its type is in a package of its own, `simreal_interfaces`, for a Python package cannot define one. Where
that is not installed, goals come on the topic alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.node import Node
from rclpy.task import Future

from simreal_common.errors import ConfigurationError
from simreal_control.robot_interface.task_io import Status
from simreal_control.task.task_planning.goal import Goal, goal_from

try:
    from simreal_interfaces.action import Stack
except ImportError:
    Stack = None

INSTALLED = Stack is not None
ACTION = "stack"
LACKING = (
    "no action 'stack', goals come on the topic stacking/goal: simreal_interfaces is not installed "
    "(with ROS 2: colcon build --base-paths src/simreal/simreal_interfaces)"
)
FEEDBACK_PERIOD_S = 1.0
NOT_BEGUN = "cancelled before the task began"
REPLACED = "the task was stopped, and another goal has been taken since"
# These keys of a goal in YAML are fields of the action's goal as they are.
KEYS = ("build", "blocks", "towers", "gap", "width")


@dataclass(eq=False)
class _Run:
    """A goal that was accepted, until its end.

    Args:
        handle: the action's.
        goal: what is built.
        record: path of the run's record, empty: none.
        ended: is given the last status.
        cancelled: its client wants it to end.
    """

    handle: Any
    goal: Goal
    record: str
    ended: Future = field(default_factory=Future)
    cancelled: bool = False

    async def until_end(self, handle: Any) -> Any:
        """The action's result. An executor runs this, and none of its threads waits meanwhile."""
        status: Status = await self.ended
        if status.success:
            handle.succeed()
        elif handle.is_cancel_requested:
            handle.canceled()
        else:
            handle.abort()
        return Stack.Result(
            success=status.success,
            placed=status.placed,
            total=status.goal,
            reason=status.message,
            record=self.record,
        )


class StackAction:
    """Serves the action `stack`: one goal at a time, and none beside one of the topic.

    A goal that is none, or that comes while a task is under way, is rejected. ROS has no room for a
    reason in that, so it is in the log and on `stacking/goal_answer`.

    Args:
        node: owns the server.
        take: takes a goal; why it does not, in words, empty where it does.
        cancel: ends the task that was taken; what moves is cancelled before it returns.
        answer: takes a goal as text, whether it was taken, and what is so in words.
        record: path of the run's record, empty: none.
        group: callback group of the server; goals and cancels must not wait for a tick that plans.
    """

    def __init__(
        self,
        node: Node,
        take: Callable[[Goal], str],
        cancel: Callable[[], None],
        answer: Callable[[str, bool, str], None],
        record: str,
        group: Any,
    ) -> None:
        self._take, self._cancel, self._answer = take, cancel, answer
        self._record = record
        self._taken: Goal | None = None  # the goal that the next handle is of
        self._run: _Run | None = None
        self._told: tuple[Status | None, float] = (None, -np.inf)
        self._server = ActionServer(
            node,
            Stack,
            ACTION,
            execute_callback=self._on_execute,
            goal_callback=self._on_goal,
            handle_accepted_callback=self._on_accepted,
            cancel_callback=self._on_cancel,
            callback_group=group,
        )

    def destroy(self) -> None:
        """Let the server go."""
        self._server.destroy()

    def tell(self, now: float, goal: Goal | None, status: Status) -> None:
        """What has become of the goal: feedback when that is new and once a second, or the result.

        Args:
            now: the time.
            goal: what is built just now.
            status: of the task that builds it.
        """
        run = self._run
        if run is None:
            return
        if run.goal is not goal:
            words = NOT_BEGUN if goal is None else REPLACED
            status = Status("finished", words, 0, 0, finished=True, success=False)
        if status.finished:
            if not run.cancelled or run.handle.is_cancel_requested:
                self._run = None
                run.ended.set_result(status)
        elif status != self._told[0] or abs(now - self._told[1]) >= FEEDBACK_PERIOD_S:
            self._told = (status, now)
            run.handle.publish_feedback(
                Stack.Feedback(
                    placed=status.placed,
                    total=status.goal,
                    state=status.state,
                    message=status.message,
                )
            )

    def _on_goal(self, request: Any) -> GoalResponse:
        values = goal_values(request)
        text = json.dumps(values)
        try:
            goal = goal_from(values)
        except ConfigurationError as error:
            self._answer(text, False, " ".join(str(error).split()))
            return GoalResponse.REJECT
        if self._run is not None:
            refusal = f"{self._run.goal.words} is not finished: wait for its end, or cancel it"
        else:
            refusal = self._take(goal)
        self._answer(text, not refusal, refusal or f"the task: {goal.words}")
        if refusal:
            return GoalResponse.REJECT
        self._taken = goal
        return GoalResponse.ACCEPT

    def _on_accepted(self, handle: Any) -> None:
        assert self._taken is not None
        run = _Run(handle, self._taken, self._record)
        self._told = (None, -np.inf)
        handle.execute(run.until_end)
        self._run = run

    def _on_cancel(self, handle: Any) -> CancelResponse:
        run = self._run
        if run is None or run.handle.goal_id != handle.goal_id:
            return CancelResponse.REJECT  # it has ended meanwhile
        # The handle says so only after this callback; a tick in another thread may be faster.
        run.cancelled = True
        self._cancel()
        return CancelResponse.ACCEPT

    def _on_execute(self, handle: Any) -> Any:
        raise AssertionError("each handle is executed by its run")


def goal_values(request: Any) -> dict[str, Any]:
    """The goal of the action as YAML has it: the keys whose values are not those of the definition."""
    blank = Stack.Goal()
    values = {
        key: getattr(request, key) for key in KEYS if getattr(request, key) != getattr(blank, key)
    }
    if request.colors:
        values["colors"] = list(request.colors)
    if request.structure:
        values["structure"] = [
            {"at": [float(x) for x in place.at], "level": place.level, "color": place.color}
            for place in request.structure
        ]
    return values
