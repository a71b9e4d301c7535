"""Service clients."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from embedded_ros2_core import codec
from embedded_ros2_core.dds.endpoints import ClosedError, RawReader, RawWriter
from embedded_ros2_core.dds.library import SampleInfo, lib
from embedded_ros2_core.graph import matched_ids
from embedded_ros2_core.messages import full_name

from ._rclpy_pybind11 import InvalidHandle, RCLError
from .malformed import warn_of_malformed
from .qos import QoSProfile
from .service import HEADER, split_header
from .task import Future

_POLL_S = 0.01


class Client:
    """Made by Node.create_client()."""

    def __init__(
        self,
        node: Any,
        writer: RawWriter,
        reader: RawReader,
        srv_type: Any,
        srv_name: str,
        callback_group: Any,
        qos_profile: QoSProfile,
    ) -> None:
        self._node, self._writer, self._reader = node, writer, reader
        self.condition_entity = reader.condition
        warn_of_malformed(node, reader, f"reply of service '{srv_name}'")
        self.srv_type, self.srv_name = srv_type, srv_name
        self.callback_group, self.qos_profile = callback_group, qos_profile
        self._response_type = full_name(srv_type.Response)
        self._id = writer.instance_handle
        self._lock = threading.Lock()
        self._sequence = 0
        self._pending: dict[int, Future[Any]] = {}
        self._destroyed = False

    @property
    def service_name(self) -> str:
        return self.srv_name

    def call_async(self, request: Any) -> Future[Any]:
        """Send a request; the future completes while the node is spun."""
        if not isinstance(request, self.srv_type.Request):
            raise TypeError(
                f"request must be a {self.srv_type.__name__}.Request, got {type(request).__name__}"
            )
        if self._destroyed:
            raise InvalidHandle(f"client of '{self.srv_name}' was destroyed")
        if not self._node.context.ok():
            raise RCLError(f"Failed to call '{self.srv_name}': client's context is invalid")
        with self._lock:
            self._sequence += 1
            number = self._sequence
            future: Future[Any] = Future()
            self._pending[number] = future

        def forget() -> None:
            self._pending.pop(number, None)

        future._add_waker(forget)
        try:
            self._writer.write(codec.serialize(request, prefix=HEADER.pack(self._id, number)))
        except ClosedError:
            raise RCLError(f"Failed to call '{self.srv_name}': the client was closed") from None
        return future

    def call(self, request: Any, timeout_sec: float | None = None) -> Any:
        """Send and wait for the answer; another thread must spin the node."""
        done = threading.Event()
        future = self.call_async(request)
        future._add_waker(done.set)
        self._node.context.on_shutdown(lambda: done.set())
        if not done.wait(timeout_sec):
            self.remove_pending_request(future)
            raise TimeoutError()
        return future.result()

    def remove_pending_request(self, future: Future[Any]) -> None:
        with self._lock:
            for number in [n for n, pending in self._pending.items() if pending is future]:
                del self._pending[number]

    def _convert(self, view: memoryview, _: SampleInfo) -> tuple[int, Any] | None:
        client, number = HEADER.unpack(split_header(view))
        if client != self._id:  # the answer to another client of this service
            return None
        return number, codec.deserialize(view, self._response_type, HEADER.size)

    def _take_work(self) -> Callable[[], Any] | None:
        taken, value = self._reader.take(self._convert)
        if not taken or value is None:
            return None
        number, response = value
        with self._lock:
            future = self._pending.pop(number, None)
        if future is None or future.done():
            return None

        def work() -> None:
            future._set_executor(self._node.executor)
            future.set_result(response)

        return work

    def service_is_ready(self) -> bool:
        """True when one server's request reader and reply writer are both matched."""
        if self._destroyed or not self._node.context.ok():
            return False
        if not self._writer.matched_count() or not self._reader.matched_count():
            return False
        requests = matched_ids(
            lib.dds_get_matched_subscription_data,
            self._writer.entity,
            self._writer.matched_handles(),
            "serviceid",
        )
        replies = matched_ids(
            lib.dds_get_matched_publication_data,
            self._reader.entity,
            self._reader.matched_handles(),
            "serviceid",
        )
        # Vendors without the id in their user data match by count alone.
        return bool(requests & replies) or (not requests and not replies)

    def wait_for_service(self, timeout_sec: float | None = None) -> bool:
        deadline = (
            None if timeout_sec is None or timeout_sec < 0 else time.monotonic() + timeout_sec
        )
        while self._node.context.ok():
            if self.service_is_ready():
                return True
            if deadline is not None and time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_S)
        return False

    def destroy(self) -> None:
        self._node.destroy_client(self)

    def _close(self) -> None:
        self._destroyed = True
        self._reader.close()
        self._writer.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc: object) -> None:
        self.destroy()
