"""Action clients."""

from __future__ import annotations

import threading
import time
import uuid
import weakref
from collections.abc import Callable
from typing import Any

from action_msgs.msg import GoalInfo, GoalStatus, GoalStatusArray
from rclpy.qos import qos_profile_action_status_default, qos_profile_services_default
from rclpy.task import Future
from unique_identifier_msgs.msg import UUID

_POLL_S = 0.01


class ClientGoalHandle:
    """One goal at its client."""

    def __init__(self, action_client: ActionClient, goal_id: Any, goal_response: Any) -> None:
        self._action_client, self._goal_id, self._goal_response = (
            action_client,
            goal_id,
            goal_response,
        )
        self._status = GoalStatus.STATUS_UNKNOWN

    @property
    def goal_id(self) -> Any:
        return self._goal_id

    @property
    def stamp(self) -> Any:
        return self._goal_response.stamp

    @property
    def accepted(self) -> bool:
        return bool(self._goal_response.accepted)

    @property
    def status(self) -> int:
        return self._status

    def cancel_goal_async(self) -> Future[Any]:
        return self._action_client._cancel_goal_async(self)

    def cancel_goal(self) -> Any:
        return _wait(self.cancel_goal_async())

    def get_result_async(self) -> Future[Any]:
        return self._action_client._get_result_async(self)

    def get_result(self) -> Any:
        return _wait(self.get_result_async())

    def __repr__(self) -> str:
        return (
            f"ClientGoalHandle <id={bytes(self._goal_id.uuid).hex()}, accepted={self.accepted}, "
            f"status={self._status}>"
        )


def _wait(future: Future[Any]) -> Any:
    """Block until done; another thread must spin."""
    done = threading.Event()
    future._add_waker(done.set)
    done.wait()
    return future.result()


class ActionClient:
    """ActionClient(node, action_type, action_name) as in rclpy."""

    def __init__(
        self,
        node: Any,
        action_type: Any,
        action_name: str,
        *,
        callback_group: Any = None,
        goal_service_qos_profile: Any = qos_profile_services_default,
        result_service_qos_profile: Any = qos_profile_services_default,
        cancel_service_qos_profile: Any = qos_profile_services_default,
        feedback_sub_qos_profile: Any = 10,
        status_sub_qos_profile: Any = qos_profile_action_status_default,
    ) -> None:
        self._node, self._action_type = node, action_type
        self._action_name = node.resolve_topic_name(action_name)
        self._handles: weakref.WeakValueDictionary[bytes, ClientGoalHandle] = (
            weakref.WeakValueDictionary()
        )
        self._feedback: dict[bytes, Callable[[Any], Any]] = {}
        impl, prefix = action_type.Impl, f"{self._action_name}/_action"
        self._goal_client = node.create_client(
            impl.SendGoalService,
            f"{prefix}/send_goal",
            qos_profile=goal_service_qos_profile,
            callback_group=callback_group,
        )
        self._cancel_client = node.create_client(
            impl.CancelGoalService,
            f"{prefix}/cancel_goal",
            qos_profile=cancel_service_qos_profile,
            callback_group=callback_group,
        )
        self._result_client = node.create_client(
            impl.GetResultService,
            f"{prefix}/get_result",
            qos_profile=result_service_qos_profile,
            callback_group=callback_group,
        )
        self._feedback_subscription = node.create_subscription(
            impl.FeedbackMessage,
            f"{prefix}/feedback",
            self._on_feedback,
            feedback_sub_qos_profile,
            callback_group=callback_group,
        )
        self._status_subscription = node.create_subscription(
            GoalStatusArray,
            f"{prefix}/status",
            self._on_status,
            status_sub_qos_profile,
            callback_group=callback_group,
        )

    def _on_feedback(self, message: Any) -> Any:
        callback = self._feedback.get(bytes(message.goal_id.uuid))
        return callback(message) if callback is not None else None

    def _on_status(self, message: Any) -> None:
        for entry in message.status_list:
            key = bytes(entry.goal_info.goal_id.uuid)
            handle = self._handles.get(key)
            if handle is not None:
                handle._status = entry.status
            if entry.status >= GoalStatus.STATUS_SUCCEEDED:
                self._feedback.pop(key, None)

    def _chain(self, source: Future[Any], convert: Callable[[Any], Any]) -> Future[Any]:
        """A future that completes with convert(result) in the thread that completes `source`."""
        target: Future[Any] = Future()

        def finish() -> None:
            target._set_executor(self._node.executor)
            try:
                target.set_result(convert(source.result()))
            except Exception as error:
                target.set_exception(error)

        source._add_waker(finish)
        return target

    def send_goal_async(
        self,
        goal: Any,
        feedback_callback: Callable[[Any], Any] | None = None,
        goal_uuid: Any = None,
    ) -> Future[ClientGoalHandle]:
        """Send a goal; the future gives a ClientGoalHandle, accepted or not."""
        if not isinstance(goal, self._action_type.Goal):
            raise TypeError(
                f"goal must be a {self._action_type.__name__}.Goal, got {type(goal).__name__}"
            )
        goal_id = UUID(uuid=uuid.uuid4().bytes) if goal_uuid is None else goal_uuid
        key = bytes(goal_id.uuid)
        if feedback_callback is not None:
            self._feedback[key] = feedback_callback
        request = self._action_type.Impl.SendGoalService.Request(goal_id=goal_id, goal=goal)

        def accept(response: Any) -> ClientGoalHandle:
            handle = ClientGoalHandle(self, goal_id, response)
            if handle.accepted:
                handle._status = GoalStatus.STATUS_ACCEPTED
                self._handles[key] = handle
            else:
                self._feedback.pop(key, None)
            return handle

        return self._chain(self._goal_client.call_async(request), accept)

    def send_goal(self, goal: Any, **kwargs: Any) -> Any:
        """Send, wait for the result; another thread must spin. None when rejected."""
        handle = _wait(self.send_goal_async(goal, **kwargs))
        return handle.get_result() if handle.accepted else None

    def _get_result_async(self, handle: ClientGoalHandle) -> Future[Any]:
        request = self._action_type.Impl.GetResultService.Request(goal_id=handle.goal_id)

        def finish(response: Any) -> Any:
            handle._status = response.status
            self._feedback.pop(bytes(handle.goal_id.uuid), None)
            return response

        return self._chain(self._result_client.call_async(request), finish)

    def _cancel_goal_async(self, handle: ClientGoalHandle) -> Future[Any]:
        request = self._action_type.Impl.CancelGoalService.Request(
            goal_info=GoalInfo(goal_id=handle.goal_id)
        )
        return self._chain(self._cancel_client.call_async(request), lambda response: response)

    def server_is_ready(self) -> bool:
        """True when all three services and both topics of one server are matched."""
        return (
            self._goal_client.service_is_ready()
            and self._cancel_client.service_is_ready()
            and self._result_client.service_is_ready()
            and self._feedback_subscription.get_publisher_count() > 0
            and self._status_subscription.get_publisher_count() > 0
        )

    def wait_for_server(self, timeout_sec: float | None = None) -> bool:
        deadline = (
            None if timeout_sec is None or timeout_sec < 0 else time.monotonic() + timeout_sec
        )
        while self._node.context.ok():
            if self.server_is_ready():
                return True
            if deadline is not None and time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_S)
        return False

    def destroy(self) -> None:
        for client in (self._goal_client, self._cancel_client, self._result_client):
            self._node.destroy_client(client)
        self._node.destroy_subscription(self._feedback_subscription)
        self._node.destroy_subscription(self._status_subscription)
