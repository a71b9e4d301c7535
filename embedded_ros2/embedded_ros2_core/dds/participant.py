"""One DDS participant: topics made once per name and type, writers, readers, the built-in
discovery topics."""

from __future__ import annotations

import ctypes as ct
import threading
import weakref

from ..definitions import Registry
from . import domain
from .endpoints import ClosedError, Endpoint, RawReader, RawWriter
from .library import Guid, check, lib
from .qos import DdsQos, endpoint_qos, participant_qos, topic_qos
from .waitset import Guard, WaitSet


class Participant:
    def __init__(self, domain_id: int, registry: Registry) -> None:
        self.domain_id = domain_id
        domain.acquire(domain_id)
        try:
            with participant_qos() as qos:
                self.entity = check(
                    lib.dds_create_participant(domain_id, qos, None),
                    f"joining ROS_DOMAIN_ID {domain_id}",
                )
        except BaseException:
            domain.release(domain_id)
            raise
        guid = Guid()
        check(lib.dds_get_guid(self.entity, ct.byref(guid)), "reading the GUID of the participant")
        self.guid = bytes(guid.v)
        # rmw_cyclonedds has one publisher and one subscriber for all endpoints of a context; so
        # have we.
        self._publisher = check(
            lib.dds_create_publisher(self.entity, None, None), "creating a publisher"
        )
        self._subscriber = check(
            lib.dds_create_subscriber(self.entity, None, None), "creating a subscriber"
        )
        self._types = domain.types_of(domain_id, registry)
        self._topics: dict[tuple[str, str, bool], int] = {}
        self._endpoints: weakref.WeakSet[Endpoint] = weakref.WeakSet()
        self._lock = threading.RLock()
        self._closed = False
        self._next_service = 0

    def _topic(self, name: str, type_name: str, header: bool) -> int:
        key = (name, type_name, header)
        with self._lock:
            self._check_open(name)
            if key not in self._topics:
                descriptor = self._types.topic_descriptor(self.entity, type_name, header)
                with topic_qos() as qos:
                    self._topics[key] = check(
                        lib.dds_create_topic(self.entity, descriptor, name.encode(), qos, None),
                        f"creating topic '{name}' of type '{type_name}'",
                    )
            return self._topics[key]

    def _check_open(self, topic: str) -> None:
        if self._closed:
            raise ClosedError(f"creating an endpoint of '{topic}': the participant is closed")

    def writer(self, topic: str, type_name: str, qos: DdsQos, header: bool = False) -> RawWriter:
        """`topic` is the DDS name ('rt/...'), `type_name` the ROS one; `header`: with the 16 bytes
        of a service."""
        handle = self._topic(topic, type_name, header)
        with endpoint_qos(qos, writer=True) as settings, self._lock:
            self._check_open(topic)
            writer = RawWriter(
                check(
                    lib.dds_create_writer(self._publisher, handle, settings, None),
                    f"creating a writer on '{topic}'",
                )
            )
            self._endpoints.add(writer)
            return writer

    def reader(self, topic: str, type_name: str, qos: DdsQos, header: bool = False) -> RawReader:
        handle = self._topic(topic, type_name, header)
        with endpoint_qos(qos, writer=False) as settings, self._lock:
            self._check_open(topic)
            reader = RawReader(
                check(
                    lib.dds_create_reader(self._subscriber, handle, settings, None),
                    f"creating a reader on '{topic}'",
                )
            )
            self._endpoints.add(reader)
            return reader

    def new_service_id(self) -> bytes:
        """A printable id of 16 bytes, unique in the domain: rmw_cyclonedds marks both ends of a
        service with one."""
        with self._lock:
            self._next_service += 1
            raw = self.guid[:12] + self._next_service.to_bytes(4, "big")
        return ".".join(f"{byte:02x}" for byte in raw).encode()

    def builtin_reader(self, pseudo_topic: int) -> int:
        return check(
            lib.dds_create_reader(self.entity, pseudo_topic, None, None),
            "creating a discovery reader",
        )

    def guard(self) -> Guard:
        return Guard(self.entity)

    def waitset(self) -> WaitSet:
        return WaitSet(self.entity)

    def close(self) -> None:
        """Leave the domain: all entities of the participant go, peers are told."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for endpoint in list(self._endpoints):
                endpoint.end()  # what another thread does with them would touch freed memory
        domain.release(self.domain_id, self.entity)
