"""Action servers."""

from __future__ import annotations

import inspect
import threading
import time
import traceback
from collections.abc import Callable
from enum import Enum, IntEnum
from typing import Any

from action_msgs.msg import GoalInfo, GoalStatus, GoalStatusArray
from action_msgs.srv import CancelGoal
from rclpy._rclpy_pybind11 import RCLError
from rclpy.qos import qos_profile_action_status_default, qos_profile_services_default
from rclpy.service import Deferred
from rclpy.task import Future


class GoalResponse(Enum):
    REJECT = 1
    ACCEPT = 2


class CancelResponse(Enum):
    REJECT = 1
    ACCEPT = 2


class GoalEvent(IntEnum):
    EXECUTE = 0
    CANCEL_GOAL = 1
    SUCCEED = 2
    ABORT = 3
    CANCELED = 4


_S = GoalStatus
_TRANSITIONS: dict[tuple[int, GoalEvent], int] = {
    (_S.STATUS_ACCEPTED, GoalEvent.EXECUTE): _S.STATUS_EXECUTING,
    (_S.STATUS_ACCEPTED, GoalEvent.CANCEL_GOAL): _S.STATUS_CANCELING,
    (_S.STATUS_EXECUTING, GoalEvent.CANCEL_GOAL): _S.STATUS_CANCELING,
    (_S.STATUS_EXECUTING, GoalEvent.SUCCEED): _S.STATUS_SUCCEEDED,
    (_S.STATUS_EXECUTING, GoalEvent.ABORT): _S.STATUS_ABORTED,
    (_S.STATUS_CANCELING, GoalEvent.SUCCEED): _S.STATUS_SUCCEEDED,
    (_S.STATUS_CANCELING, GoalEvent.ABORT): _S.STATUS_ABORTED,
    (_S.STATUS_CANCELING, GoalEvent.CANCELED): _S.STATUS_CANCELED,
}
_ACTIVE = (_S.STATUS_ACCEPTED, _S.STATUS_EXECUTING, _S.STATUS_CANCELING)


def _nanoseconds(stamp: Any) -> int:
    """A stamp of a message as rcl_action reads it: one before the epoch is a time like others."""
    return int(stamp.sec) * 10**9 + int(stamp.nanosec)


class ServerGoalHandle:
    """One goal at its server."""

    def __init__(self, action_server: ActionServer, goal_info: Any, goal_request: Any) -> None:
        self._action_server, self._goal_info, self._goal_request = (
            action_server,
            goal_info,
            goal_request,
        )
        self._status = GoalStatus.STATUS_ACCEPTED
        self._lock = threading.Lock()
        self._result_future: Future[Any] = Future()
        self._set_result: Any = None
        self._ended: float | None = None

    @property
    def request(self) -> Any:
        return self._goal_request

    @property
    def goal_id(self) -> Any:
        return self._goal_info.goal_id

    @property
    def status(self) -> int:
        return self._status

    @property
    def is_active(self) -> bool:
        return self._status in _ACTIVE

    @property
    def is_cancel_requested(self) -> bool:
        return bool(self._status == GoalStatus.STATUS_CANCELING)

    def _update_state(self, event: GoalEvent) -> None:
        with self._lock:
            after = _TRANSITIONS.get((self._status, event))
            if after is None:
                raise RCLError(
                    f"Failed to update goal state: goal_handle attempted invalid transition from state "
                    f"{self._status} with event {event.name}"
                )
            self._status = after
            if after not in _ACTIVE:
                self._ended = time.monotonic()
        self._action_server._publish_status()

    def execute(self, execute_callback: Callable[[ServerGoalHandle], Any] | None = None) -> None:
        """Start the execute callback as a task of the executor."""
        if not self.is_cancel_requested:
            self._update_state(GoalEvent.EXECUTE)
        self._action_server.notify_execute(self, execute_callback)

    def publish_feedback(self, feedback: Any) -> None:
        if not isinstance(feedback, self._action_server.action_type.Feedback):
            raise TypeError(
                f"feedback must be a {self._action_server.action_type.__name__}.Feedback, "
                f"got {type(feedback).__name__}"
            )
        self._action_server._publish_feedback(self, feedback)

    def _end(self, event: GoalEvent, response: Any) -> None:
        self._update_state(event)
        self._set_result = response

    def succeed(self, response: Any = None) -> None:
        self._end(GoalEvent.SUCCEED, response)

    def abort(self, response: Any = None) -> None:
        self._end(GoalEvent.ABORT, response)

    def canceled(self, response: Any = None) -> None:
        self._end(GoalEvent.CANCELED, response)

    def destroy(self) -> None:
        self._action_server._goals.pop(bytes(self.goal_id.uuid), None)

    def __repr__(self) -> str:
        return f"ServerGoalHandle <id={bytes(self.goal_id.uuid).hex()}, status={self._status}>"


def default_handle_accepted_callback(goal_handle: ServerGoalHandle) -> None:
    goal_handle.execute()


def default_goal_callback(goal_request: Any) -> GoalResponse:
    return GoalResponse.ACCEPT


def default_cancel_callback(cancel_request: Any) -> CancelResponse:
    return CancelResponse.REJECT


class ActionServer:
    """ActionServer(node, action_type, action_name, execute_callback, ...) as in rclpy."""

    def __init__(
        self,
        node: Any,
        action_type: Any,
        action_name: str,
        execute_callback: Callable[[ServerGoalHandle], Any],
        *,
        callback_group: Any = None,
        goal_callback: Callable[[Any], Any] = default_goal_callback,
        handle_accepted_callback: Callable[
            [ServerGoalHandle], Any
        ] = default_handle_accepted_callback,
        cancel_callback: Callable[[ServerGoalHandle], Any] = default_cancel_callback,
        goal_service_qos_profile: Any = qos_profile_services_default,
        result_service_qos_profile: Any = qos_profile_services_default,
        cancel_service_qos_profile: Any = qos_profile_services_default,
        feedback_pub_qos_profile: Any = 10,
        status_pub_qos_profile: Any = qos_profile_action_status_default,
        result_timeout: int = 10,
    ) -> None:
        self._node, self.action_type = node, action_type
        self._name = node.resolve_topic_name(action_name)
        self._result_timeout_s = result_timeout
        self._goals: dict[bytes, ServerGoalHandle] = {}
        self._lock = threading.RLock()
        self.register_execute_callback(execute_callback)
        self.register_goal_callback(goal_callback)
        self.register_cancel_callback(cancel_callback)
        self.register_handle_accepted_callback(handle_accepted_callback)
        impl, prefix = action_type.Impl, f"{self._name}/_action"
        self._feedback_publisher = node.create_publisher(
            impl.FeedbackMessage,
            f"{prefix}/feedback",
            feedback_pub_qos_profile,
            callback_group=callback_group,
        )
        self._status_publisher = node.create_publisher(
            GoalStatusArray,
            f"{prefix}/status",
            status_pub_qos_profile,
            callback_group=callback_group,
        )
        self._services = [
            node.create_service(
                kind, f"{prefix}/{name}", callback, qos_profile=qos, callback_group=callback_group
            )
            for kind, name, callback, qos in (
                (
                    impl.CancelGoalService,
                    "cancel_goal",
                    self._on_cancel,
                    cancel_service_qos_profile,
                ),
                (impl.GetResultService, "get_result", self._on_result, result_service_qos_profile),
                (impl.SendGoalService, "send_goal", self._on_goal, goal_service_qos_profile),
            )
        ]

    # -- callbacks
    # ------------------------------------------------------------------------------------------------
    @staticmethod
    def _callable(name: str, value: Any) -> Any:
        if not callable(value):
            raise TypeError(f"Failed to register {name}: not callable")
        return value

    def register_execute_callback(self, execute_callback: Any) -> None:
        self._execute_callback = self._callable("execute callback", execute_callback)

    def register_goal_callback(self, goal_callback: Any) -> None:
        self._goal_callback = self._callable(
            "goal callback", goal_callback or default_goal_callback
        )

    def register_cancel_callback(self, cancel_callback: Any) -> None:
        self._cancel_callback = self._callable(
            "cancel callback", cancel_callback or default_cancel_callback
        )

    def register_handle_accepted_callback(self, handle_accepted_callback: Any) -> None:
        self._accepted_callback = self._callable(
            "handle accepted callback", handle_accepted_callback or default_handle_accepted_callback
        )

    # -- services
    # -------------------------------------------------------------------------------------------------
    async def _ask(self, callback: Any, argument: Any) -> Any:
        answer = callback(argument)
        return await answer if inspect.isawaitable(answer) else answer

    def _on_goal(self, request: Any, response: Any) -> Any:
        reply: Future[Any] = Future()
        accepted: list[ServerGoalHandle] = []

        async def decide() -> None:
            try:
                handle = await self._decide(request, response)
                if handle is not None:
                    accepted.append(handle)
            finally:
                reply.set_result(response)

        def then() -> None:
            for handle in accepted:
                self._node.executor.create_task(self._accepted_callback, handle)

        self._run_now(decide())
        return Deferred(reply, then)

    def _run_now(self, coroutine: Any) -> None:
        """Run to the first wait at once, the rest in the executor."""
        from rclpy.task import Task

        task: Task[Any] = Task(coroutine, executor=self._node.executor)
        task()
        if task.done() and task._exception is not None:
            raise task.exception()  # type: ignore[misc]

    async def _decide(self, request: Any, response: Any) -> ServerGoalHandle | None:
        key = bytes(request.goal_id.uuid)
        self._forget_old_goals()
        response.accepted = False
        if key in self._goals:
            self._node.get_logger().error("Goal with same id already exists, rejecting")
            return None
        answer = await self._ask(self._goal_callback, request.goal)
        if not isinstance(answer, GoalResponse):
            self._node.get_logger().warning(
                "Goal request callback did not return a GoalResponse, rejecting"
            )
            return None
        if answer is not GoalResponse.ACCEPT:
            return None
        stamp = self._node.get_clock().now().to_msg()
        handle = ServerGoalHandle(
            self, GoalInfo(goal_id=request.goal_id, stamp=stamp), request.goal
        )
        with self._lock:
            self._goals[key] = handle
        response.accepted, response.stamp = True, stamp
        self._publish_status()
        return handle

    def _candidates(self, info: Any) -> list[ServerGoalHandle]:
        """Which goals a cancel request means: by id, by 'accepted before', or all."""
        key, stamp = bytes(info.goal_id.uuid), _nanoseconds(info.stamp)
        found = []
        for handle in list(self._goals.values()):
            same = bytes(handle.goal_id.uuid) == key
            before = _nanoseconds(handle._goal_info.stamp) <= stamp
            if (not any(key) and not stamp) or same or (stamp and before):
                found.append(handle)
        return found

    async def _on_cancel(self, request: Any, response: Any) -> Any:
        key = bytes(request.goal_info.goal_id.uuid)
        response.return_code = CancelGoal.Response.ERROR_NONE
        known = self._goals.get(key)
        if any(key) and known is None and not _nanoseconds(request.goal_info.stamp):
            response.return_code = CancelGoal.Response.ERROR_UNKNOWN_GOAL_ID
            return response
        if known is not None and not known.is_active:
            response.return_code = CancelGoal.Response.ERROR_GOAL_TERMINATED
            return response
        cancelling = []
        for handle in self._candidates(request.goal_info):
            if not handle.is_active:
                continue
            if await self._ask(self._cancel_callback, handle) is not CancelResponse.ACCEPT:
                continue
            if not handle.is_cancel_requested:
                try:
                    handle._update_state(GoalEvent.CANCEL_GOAL)
                except RCLError:  # it ended while the callback ran
                    continue
            cancelling.append(handle._goal_info)
        response.goals_canceling = cancelling
        if not cancelling:
            response.return_code = CancelGoal.Response.ERROR_REJECTED
        return response

    def _on_result(self, request: Any, response: Any) -> Any:
        handle = self._goals.get(bytes(request.goal_id.uuid))
        if handle is None:
            self._node.get_logger().warning("Sending result response for unknown goal")
            response.status = GoalStatus.STATUS_UNKNOWN
            return response
        return Deferred(handle._result_future)

    # -- goals
    # ----------------------------------------------------------------------------------------------------
    def notify_execute(self, goal_handle: ServerGoalHandle, execute_callback: Any) -> None:
        callback = (
            self._execute_callback
            if execute_callback is None
            else self._callable("execute callback", execute_callback)
        )
        self._node.executor.create_task(self._execute, callback, goal_handle)

    async def _execute(self, callback: Any, handle: ServerGoalHandle) -> None:
        logger, result = self._node.get_logger(), None
        try:
            result = await self._ask(callback, handle)
        except Exception as error:
            logger.error(f"Error raised in execute callback: {error}")
            traceback.print_exc()
        if result is None:
            result = handle._set_result
        if handle.is_active:
            logger.warning(
                f"Goal state not set, assuming aborted. Goal ID: {bytes(handle.goal_id.uuid).hex()}"
            )
            handle.abort()
        if result is None:
            result = self.action_type.Result()
        if not isinstance(result, self.action_type.Result):
            logger.error(
                f"execute callback of '{self._name}' must return a {self.action_type.__name__}.Result, "
                f"got {type(result).__name__}"
            )
            result = self.action_type.Result()
        handle._result_future.set_result(
            self.action_type.Impl.GetResultService.Response(status=handle.status, result=result)
        )

    def _publish_status(self) -> None:
        if not self._node.context.ok():
            return
        with self._lock:
            goals = list(self._goals.values())
            self._status_publisher.publish(
                GoalStatusArray(
                    status_list=[GoalStatus(goal_info=g._goal_info, status=g.status) for g in goals]
                )
            )

    def _publish_feedback(self, handle: ServerGoalHandle, feedback: Any) -> None:
        self._feedback_publisher.publish(
            self.action_type.Impl.FeedbackMessage(goal_id=handle.goal_id, feedback=feedback)
        )

    def _forget_old_goals(self) -> None:
        limit = time.monotonic() - self._result_timeout_s
        with self._lock:
            for key in [
                k for k, g in self._goals.items() if g._ended is not None and g._ended < limit
            ]:
                del self._goals[key]

    def destroy(self) -> None:
        for service in self._services:
            self._node.destroy_service(service)
        self._node.destroy_publisher(self._feedback_publisher)
        self._node.destroy_publisher(self._status_publisher)
