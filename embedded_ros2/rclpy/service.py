"""Service servers."""

from __future__ import annotations

import contextlib
import inspect
import struct
import time
from collections.abc import Callable
from typing import Any

from embedded_ros2_core import codec
from embedded_ros2_core.dds.endpoints import ClosedError, RawReader, RawWriter
from embedded_ros2_core.dds.library import SampleInfo, lib
from embedded_ros2_core.graph import matched_ids
from embedded_ros2_core.messages import full_name

from .malformed import warn_of_malformed
from .qos import QoSProfile
from .task import Future

HEADER = struct.Struct("<Qq")  # client id, sequence number
_CLIENT_WAIT_S = (
    0.1  # as rmw_cyclonedds: how long a reply waits for the client's reader to be discovered
)


def split_header(view: memoryview) -> bytes:
    """The bytes of HEADER in front of a request or reply; CdrError when they are not all there."""
    header = bytes(view[4 : 4 + HEADER.size])
    if len(header) < HEADER.size:
        raise codec.CdrError(f"{len(view)} bytes are too few for the header of a service call")
    return header


class Deferred:
    """What an internal service callback may return: the response comes when `future` is done.

    Unlike a coroutine it does not hold the callback group meanwhile. `then` is called after the
    response is sent.
    """

    def __init__(self, future: Future[Any], then: Callable[[], Any] | None = None) -> None:
        self.future, self.then = future, then


class Service:
    """Made by Node.create_service()."""

    def __init__(
        self,
        node: Any,
        reader: RawReader,
        writer: RawWriter,
        srv_type: Any,
        srv_name: str,
        callback: Callable[..., Any],
        callback_group: Any,
        qos_profile: QoSProfile,
    ) -> None:
        self._node, self._reader, self._writer = node, reader, writer
        self.condition_entity = reader.condition
        warn_of_malformed(node, reader, f"request to service '{srv_name}'")
        self.srv_type, self.srv_name, self.callback = srv_type, srv_name, callback
        self.callback_group, self.qos_profile = callback_group, qos_profile
        self._request_type = full_name(srv_type.Request)
        self._known_clients: set[int] = set()
        self._destroyed = False

    @property
    def service_name(self) -> str:
        return self.srv_name

    def _convert(self, view: memoryview, info: SampleInfo) -> tuple[Any, bytes, int]:
        header = split_header(view)
        request = codec.deserialize(view, self._request_type, HEADER.size)
        return request, header, info.publication_handle

    def _take_work(self) -> Callable[[], Any] | None:
        taken, value = self._reader.take(self._convert)
        if not taken or value is None:
            return None
        request, header, client = value

        def work() -> Any:
            response = self.callback(request, self.srv_type.Response())
            if isinstance(response, Deferred):
                deferred = response
                deferred.future._add_waker(lambda: self._answer_deferred(deferred, header, client))
                return None
            if inspect.isawaitable(response):
                return self._answer_later(response, header, client)
            self._send(response, header, client)
            return None

        return work

    def _answer_deferred(self, deferred: Deferred, header: bytes, client: int) -> None:
        self._send(deferred.future.result(), header, client)
        if deferred.then is not None:
            deferred.then()

    async def _answer_later(self, response: Any, header: bytes, client: int) -> None:
        self._send(await response, header, client)

    def _send(self, response: Any, header: bytes, client: int) -> None:
        if not isinstance(response, self.srv_type.Response):
            raise TypeError(
                f"callback of service '{self.srv_name}' must return a {self.srv_type.__name__}.Response, "
                f"got {type(response).__name__}"
            )
        if self._destroyed or not self._node.context.ok():
            return
        self._wait_for_client(client)
        with contextlib.suppress(ClosedError):  # gone meanwhile: nobody to answer from
            self._writer.write(codec.serialize(response, prefix=header))

    def _wait_for_client(self, client: int) -> None:
        """Do not answer before the reader of this client is known to our writer: replies are
        volatile."""
        if client in self._known_clients:
            return
        ids = matched_ids(
            lib.dds_get_matched_publication_data, self._reader.entity, [client], "clientid"
        )
        deadline = time.monotonic() + _CLIENT_WAIT_S
        while ids:
            readers = matched_ids(
                lib.dds_get_matched_subscription_data,
                self._writer.entity,
                self._writer.matched_handles(),
                "clientid",
            )
            if ids & readers:
                self._known_clients.add(client)
                return
            if time.monotonic() > deadline:
                return
            time.sleep(0.002)

    def destroy(self) -> None:
        self._node.destroy_service(self)

    def _close(self) -> None:
        self._destroyed = True
        self._reader.close()
        self._writer.close()

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *exc: object) -> None:
        self.destroy()
