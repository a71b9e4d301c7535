"""Subscriptions."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, TypedDict

from embedded_ros2_core import codec
from embedded_ros2_core.dds.endpoints import RawReader
from embedded_ros2_core.dds.library import SampleInfo
from embedded_ros2_core.messages import full_name

from .callback_signature import signature_of
from .malformed import warn_of_malformed
from .qos import QoSProfile


class MessageInfo(TypedDict):
    """Second argument of a subscription callback that takes two; times in nanoseconds."""

    source_timestamp: int
    received_timestamp: int
    publication_sequence_number: int | None
    reception_sequence_number: int | None


class Subscription:
    """Made by Node.create_subscription()."""

    class CallbackType(Enum):
        MessageOnly = 0
        WithMessageInfo = 1

    def __init__(
        self,
        node: Any,
        reader: RawReader,
        msg_type: Any,
        topic: str,
        callback: Callable[..., Any],
        callback_group: Any,
        qos_profile: QoSProfile,
        raw: bool,
    ) -> None:
        self._node, self._reader = node, reader
        self.condition_entity = reader.condition
        warn_of_malformed(node, reader, f"message on topic '{topic}'")
        self.msg_type, self.topic, self.qos_profile, self.raw = msg_type, topic, qos_profile, raw
        self.callback_group = callback_group
        self.event_handlers: list[Any] = []
        self._destroyed = False
        self._type_name = full_name(msg_type)
        self.callback = callback

    @property
    def callback(self) -> Callable[..., Any]:
        return self._callback

    @callback.setter
    def callback(self, value: Callable[..., Any]) -> None:
        """ValueError, as in rclpy, for a builtin that does not say what it takes."""
        self._callback = value
        self._callback_type = Subscription.CallbackType.MessageOnly
        signature = signature_of(value)
        try:
            signature.bind(object())
            return
        except TypeError:
            pass
        try:
            signature.bind(object(), object())
            self._callback_type = Subscription.CallbackType.WithMessageInfo
        except TypeError as error:
            raise RuntimeError(
                "Subscription.__init__(): callback should be either be callable with one argument "
                "(to get only the message) or two (to get message and message info)"
            ) from error

    @property
    def topic_name(self) -> str:
        return self.topic

    def _convert(self, view: memoryview, info: SampleInfo) -> tuple[Any, MessageInfo]:
        message = bytes(view) if self.raw else codec.deserialize(view, self._type_name)
        stamp = info.source_timestamp
        return message, MessageInfo(
            source_timestamp=stamp,
            received_timestamp=stamp,
            publication_sequence_number=None,
            reception_sequence_number=None,
        )

    def _take_work(self) -> Callable[[], Any] | None:
        taken, value = self._reader.take(self._convert)
        if not taken or value is None:
            return None
        message, info = value
        if self._callback_type is Subscription.CallbackType.MessageOnly:
            return lambda: self._callback(message)
        return lambda: self._callback(message, info)

    def get_publisher_count(self) -> int:
        """Matched publishers."""
        return 0 if self._destroyed or not self._node.context.ok() else self._reader.matched_count()

    def destroy(self) -> None:
        self._node.destroy_subscription(self)

    def _close(self) -> None:
        self._destroyed = True
        self._reader.close()

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *exc: object) -> None:
        self.destroy()
