"""Receiving transforms into a Buffer."""

from __future__ import annotations

import threading
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile
from tf2_msgs.msg import TFMessage

from .broadcasters import TF_STATIC_TOPIC, TF_TOPIC

DEFAULT_TF_QOS = QoSProfile(depth=100, history=HistoryPolicy.KEEP_LAST)
DEFAULT_STATIC_QOS = QoSProfile(
    depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL, history=HistoryPolicy.KEEP_LAST
)


class _Sources:
    """Looks like a node to an executor, with the two subscriptions only."""

    def __init__(self, subscriptions: list[Any]) -> None:
        self._subscriptions, self.executor = subscriptions, None

    def _rcl_sources(self) -> list[Any]:
        return self._subscriptions

    def _rcl_timer_list(self) -> list[Any]:
        return []

    def _rcl_set_executor(self, executor: Any) -> None:
        return None


class TransformListener:
    """TransformListener(buffer, node, spin_thread=False): subscribes to /tf and /tf_static."""

    def __init__(
        self,
        buffer: Any,
        node: Any,
        *,
        spin_thread: bool = False,
        qos: Any = None,
        static_qos: Any = None,
        tf_topic: str = TF_TOPIC,
        tf_static_topic: str = TF_STATIC_TOPIC,
    ) -> None:
        self.buffer, self.node = buffer, node
        self.group = ReentrantCallbackGroup()
        self.tf_sub = node.create_subscription(
            TFMessage,
            tf_topic,
            self.callback,
            DEFAULT_TF_QOS if qos is None else qos,
            callback_group=self.group,
        )
        self.tf_static_sub = node.create_subscription(
            TFMessage,
            tf_static_topic,
            self.static_callback,
            DEFAULT_STATIC_QOS if static_qos is None else static_qos,
            callback_group=self.group,
        )
        buffer._pumps.append(self._pump)
        self.executor: Any = None
        if spin_thread:
            self.executor = SingleThreadedExecutor(context=node.context)
            self.executor.add_node(_Sources([self.tf_sub, self.tf_static_sub]))
            self.dedicated_listener_thread = threading.Thread(
                target=self._spin, name="tf2-listener", daemon=True
            )
            self.dedicated_listener_thread.start()

    def _spin(self) -> None:
        try:
            self.executor.spin()
        except ExternalShutdownException:
            pass

    def _pump(self) -> bool:
        """Take what waits in the readers; True when there was something."""
        found = False
        for subscription in (self.tf_sub, self.tf_static_sub):
            while not subscription._destroyed:
                work = subscription._take_work()
                if work is None:
                    break
                work()
                found = True
        return found

    def _store(self, message: Any, static: bool) -> None:
        for transform in message.transforms:
            store = self.buffer.set_transform_static if static else self.buffer.set_transform
            store(transform, "default_authority")

    def callback(self, data: Any) -> None:
        self._store(data, static=False)

    def static_callback(self, data: Any) -> None:
        self._store(data, static=True)

    def unregister(self) -> None:
        """Stop listening."""
        if self._pump in self.buffer._pumps:
            self.buffer._pumps.remove(self._pump)
        if self.executor is not None:
            self.executor.shutdown()
        self.node.destroy_subscription(self.tf_sub)
        self.node.destroy_subscription(self.tf_static_sub)
