"""Publishers."""

from __future__ import annotations

from typing import Any

from embedded_ros2_core import codec
from embedded_ros2_core.dds.endpoints import ClosedError, RawWriter

from ._rclpy_pybind11 import InvalidHandle, RCLError
from .duration import Duration
from .qos import QoSProfile


class Publisher:
    """Made by Node.create_publisher()."""

    def __init__(
        self,
        node: Any,
        writer: RawWriter,
        msg_type: Any,
        topic: str,
        qos_profile: QoSProfile,
        callback_group: Any,
    ) -> None:
        self._node, self._writer = node, writer
        self.msg_type, self.topic, self.qos_profile = msg_type, topic, qos_profile
        self.callback_group = callback_group
        self.event_handlers: list[Any] = []
        self._destroyed = False

    @property
    def topic_name(self) -> str:
        return self.topic

    def publish(self, msg: Any) -> None:
        """Send a message, or the bytes of an already serialized one."""
        if isinstance(msg, self.msg_type):
            blob: bytes | bytearray = codec.serialize(msg)
        elif isinstance(msg, (bytes, bytearray)):
            blob = msg
        else:
            raise TypeError(f"Expected {self.msg_type}, got {type(msg)}")
        if self._destroyed:
            raise InvalidHandle(f"publisher on '{self.topic}' was destroyed")
        if not self._node.context.ok():
            raise self._no_context()
        try:
            self._writer.write(blob)
        except ClosedError:
            raise (
                InvalidHandle(f"publisher on '{self.topic}' was destroyed")
                if self._node.context.ok()
                else self._no_context()
            ) from None

    def _no_context(self) -> RCLError:
        return RCLError(f"Failed to publish on '{self.topic}': publisher's context is invalid")

    def get_subscription_count(self) -> int:
        """Matched subscriptions."""
        return 0 if self._destroyed or not self._node.context.ok() else self._writer.matched_count()

    def wait_for_all_acked(self, timeout: Duration = Duration(seconds=-1)) -> bool:
        """Wait until reliable subscriptions have everything; negative: for ever."""
        nanoseconds = timeout.nanoseconds
        return self._writer.wait_for_acks(nanoseconds if nanoseconds >= 0 else 2**63 - 1)

    def assert_liveliness(self) -> None:
        raise NotImplementedError("assert_liveliness is not supported by embedded_ros2")

    def destroy(self) -> None:
        self._node.destroy_publisher(self)

    def _close(self) -> None:
        self._destroyed = True
        self._writer.close()

    def __enter__(self) -> Publisher:
        return self

    def __exit__(self, *exc: object) -> None:
        self.destroy()
