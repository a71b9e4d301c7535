"""Who is there: the nodes of all participants (topic ros_discovery_info) and their DDS endpoints.

Nothing runs in the background. Each question reads what DDS discovery has collected.
"""

from __future__ import annotations

import ctypes as ct
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from . import codec
from .dds.dynamic_types import ros_type_name
from .dds.library import BuiltinEndpoint, BuiltinParticipant, SampleInfo, lib
from .dds.qos import KEEP_ALL, TRANSIENT_LOCAL, DdsQos, read_qos, read_user_data
from .messages import structure_class
from .typehash import user_data_hash

if TYPE_CHECKING:
    from .dds.participant import Participant

_TOPIC = "ros_discovery_info"
_TYPE = "rmw_dds_common/msg/ParticipantEntitiesInfo"
_PARTICIPANTS, _PUBLICATIONS, _SUBSCRIPTIONS = 0x7FFF0001, 0x7FFF0003, 0x7FFF0004
_ALIVE = 16  # DDS_ALIVE_INSTANCE_STATE
_BATCH = 256


@dataclass(frozen=True)
class EndpointInfo:
    """A reader or writer anywhere in the domain; names still in DDS form."""

    guid: bytes
    participant_guid: bytes
    topic: str
    type_name: str
    qos: DdsQos
    is_reader: bool

    @property
    def ros_type(self) -> str:
        return ros_type_name(self.type_name)


@dataclass(frozen=True)
class NodeInfo:
    namespace: str
    name: str
    readers: tuple[bytes, ...] = ()
    writers: tuple[bytes, ...] = ()

    @property
    def full_name(self) -> str:
        return f"/{self.name}" if self.namespace == "/" else f"{self.namespace}/{self.name}"


class Graph:
    """The graph as one participant sees it, and what it tells others of its own nodes."""

    def __init__(self, participant: Participant) -> None:
        self._participant = participant
        self._lock = threading.RLock()
        self._local: dict[int, tuple[str, str, set[bytes], set[bytes]]] = {}
        self._remote: dict[bytes, list[NodeInfo]] = {}
        # rmw_cyclonedds parses the USER_DATA of these endpoints too, and warns where it has no hash.
        latched = DdsQos(durability=TRANSIENT_LOCAL, user_data=user_data_hash(_TYPE))
        self._writer = participant.writer(_TOPIC, _TYPE, replace(latched, depth=1))
        self._reader = participant.reader(
            _TOPIC, _TYPE, replace(latched, history=KEEP_ALL, ignore_local=True)
        )
        self._builtin = {
            kind: participant.builtin_reader(kind)
            for kind in (_PARTICIPANTS, _PUBLICATIONS, _SUBSCRIPTIONS)
        }
        self._closed = False
        self._next_id = 1

    # -- what we tell
    # ---------------------------------------------------------------------------------------------
    def add_node(self, namespace: str, name: str) -> int:
        with self._lock:
            key, self._next_id = self._next_id, self._next_id + 1
            self._local[key] = (namespace, name, set(), set())
            self._announce()
            return key

    def remove_node(self, key: int) -> None:
        with self._lock:
            if self._local.pop(key, None) is not None:
                self._announce()

    def add_endpoints(
        self, key: int, *, readers: tuple[bytes, ...] = (), writers: tuple[bytes, ...] = ()
    ) -> None:
        with self._lock:
            if key in self._local:
                self._local[key][2].update(readers)
                self._local[key][3].update(writers)
                self._announce()

    def remove_endpoints(self, key: int, *guids: bytes) -> None:
        with self._lock:
            if key in self._local:
                self._local[key][2].difference_update(guids)
                self._local[key][3].difference_update(guids)
                self._announce()

    def _announce(self) -> None:
        if self._closed:
            return
        message_class: Any = structure_class(_TYPE)
        gid: Any = structure_class("rmw_dds_common/msg/Gid")
        node: Any = structure_class("rmw_dds_common/msg/NodeEntitiesInfo")
        self._writer.write(
            codec.serialize(
                message_class(
                    gid=gid(data=self._participant.guid),
                    node_entities_info_seq=[
                        node(
                            node_namespace=namespace,
                            node_name=name,
                            reader_gid_seq=[gid(data=g) for g in readers],
                            writer_gid_seq=[gid(data=g) for g in writers],
                        )
                        for namespace, name, readers, writers in self._local.values()
                    ],
                )
            )
        )

    # -- what we see
    # ----------------------------------------------------------------------------------------------
    def _refresh(self) -> None:
        def keep(view: memoryview, _: SampleInfo) -> None:
            info = codec.deserialize(view, _TYPE)
            self._remote[bytes(info.gid.data)] = [
                NodeInfo(
                    n.node_namespace,
                    n.node_name,
                    tuple(bytes(g.data) for g in n.reader_gid_seq),
                    tuple(bytes(g.data) for g in n.writer_gid_seq),
                )
                for n in info.node_entities_info_seq
            ]

        while self._reader.take(keep)[0]:
            pass
        alive = self._participants()
        for guid in [guid for guid in self._remote if guid not in alive]:
            del self._remote[guid]

    def _read(self, kind: int, visit: Any) -> None:
        pointers = (ct.c_void_p * _BATCH)()
        infos = (SampleInfo * _BATCH)()
        size = _BATCH
        while True:
            count = lib.dds_read(
                self._builtin[kind], ct.cast(pointers, ct.POINTER(ct.c_void_p)), infos, size, size
            )
            if count < 0:
                return
            try:
                if count < size:
                    for index in range(count):
                        if infos[index].valid_data and infos[index].instance_state == _ALIVE:
                            visit(pointers[index])
                    return
            finally:
                if count > 0:
                    lib.dds_return_loan(
                        self._builtin[kind], ct.cast(pointers, ct.POINTER(ct.c_void_p)), count
                    )
            size *= 4
            pointers, infos = (ct.c_void_p * size)(), (SampleInfo * size)()

    def enclaves(self) -> dict[bytes, str]:
        """The security enclave of each participant that names one, by its GUID."""
        found: dict[bytes, str] = {}

        def visit(pointer: int) -> None:
            raw = BuiltinParticipant.from_address(pointer)
            for item in (read_user_data(raw.qos) if raw.qos else b"").split(b";"):
                key, _, value = item.partition(b"=")
                if key == b"enclave":
                    found[bytes(raw.key.v)] = value.decode("utf-8", "replace")

        with self._lock:
            if not self._closed:
                self._read(_PARTICIPANTS, visit)
        return found

    def _participants(self) -> set[bytes]:
        found: set[bytes] = set()
        self._read(
            _PARTICIPANTS, lambda p: found.add(bytes(BuiltinParticipant.from_address(p).key.v))
        )
        return found

    def _endpoints(self, kind: int) -> list[EndpointInfo]:
        found: list[EndpointInfo] = []

        def visit(pointer: int) -> None:
            found.append(
                endpoint_info(BuiltinEndpoint.from_address(pointer), kind == _SUBSCRIPTIONS)
            )

        self._read(kind, visit)
        return found

    def publications(self) -> list[EndpointInfo]:
        with self._lock:
            return [] if self._closed else self._endpoints(_PUBLICATIONS)

    def subscriptions(self) -> list[EndpointInfo]:
        with self._lock:
            return [] if self._closed else self._endpoints(_SUBSCRIPTIONS)

    def nodes(self) -> list[NodeInfo]:
        """All nodes, ours first."""
        with self._lock:
            if self._closed:
                return []
            self._refresh()
            ours = [
                NodeInfo(ns, name, tuple(r), tuple(w)) for ns, name, r, w in self._local.values()
            ]
            return ours + [node for nodes in self._remote.values() for node in nodes]

    def node_of(self) -> dict[bytes, NodeInfo]:
        """Endpoint GUID -> node."""
        return {guid: node for node in self.nodes() for guid in (*node.readers, *node.writers)}

    def close(self) -> None:
        with self._lock:
            self._closed = True


def endpoint_info(raw: BuiltinEndpoint, is_reader: bool) -> EndpointInfo:
    return EndpointInfo(
        bytes(raw.key.v),
        bytes(raw.participant_key.v),
        (raw.topic_name or b"").decode("utf-8", "replace"),
        (raw.type_name or b"").decode("utf-8", "replace"),
        read_qos(raw.qos) if raw.qos else DdsQos(),
        is_reader,
    )


def matched_ids(function: Any, entity: int, handles: list[int], key: str) -> set[bytes]:
    """The `clientid=`/`serviceid=` values in the user data of matched endpoints."""
    found = set()
    for handle in handles:
        pointer = function(entity, handle)
        if not pointer:
            continue
        try:
            data = read_user_data(pointer.contents.qos) if pointer.contents.qos else b""
        finally:
            lib.dds_builtintopic_free_endpoint(pointer)
        for item in data.split(b";"):
            name, _, value = item.partition(b"=")
            if name.decode("ascii", "replace") == key:
                found.add(value)
    return found
