"""The DDS form of a ROS QoS profile, and back: the settings that rmw_cyclonedds makes."""

from __future__ import annotations

import ctypes as ct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .library import INFINITY, lib

KEEP_LAST, KEEP_ALL = 0, 1
BEST_EFFORT, RELIABLE = 0, 1
VOLATILE, TRANSIENT_LOCAL = 0, 1
AUTOMATIC, MANUAL_BY_TOPIC = 0, 2
_UNLIMITED = -1
_XCDR1 = 0
_IGNORE_PARTICIPANT = 1


@dataclass(frozen=True)
class DdsQos:
    """Times in nanoseconds, INFINITY for none."""

    history: int = KEEP_LAST
    depth: int = 1
    reliability: int = RELIABLE
    durability: int = VOLATILE
    deadline_ns: int = INFINITY
    lifespan_ns: int = INFINITY
    liveliness: int = AUTOMATIC
    lease_ns: int = INFINITY
    user_data: bytes = b""
    ignore_local: bool = False


def _set(qos: int, wanted: DdsQos, writer: bool) -> None:
    lib.dds_qset_writer_data_lifecycle(qos, False)  # rmw_cyclonedds switches autodispose off
    depth = wanted.depth if wanted.history == KEEP_LAST else _UNLIMITED
    lib.dds_qset_history(qos, wanted.history, depth)
    lib.dds_qset_reliability(
        qos, wanted.reliability, INFINITY if wanted.reliability == RELIABLE else 0
    )
    lib.dds_qset_durability(qos, wanted.durability)
    if wanted.durability == TRANSIENT_LOCAL:
        lib.dds_qset_durability_service(
            qos, 0, wanted.history, depth, _UNLIMITED, _UNLIMITED, _UNLIMITED
        )
    if wanted.deadline_ns != INFINITY:
        lib.dds_qset_deadline(qos, wanted.deadline_ns)
    if writer and wanted.lifespan_ns != INFINITY:
        lib.dds_qset_lifespan(qos, wanted.lifespan_ns)
    lib.dds_qset_liveliness(qos, wanted.liveliness, wanted.lease_ns)
    if wanted.ignore_local:
        lib.dds_qset_ignorelocal(qos, _IGNORE_PARTICIPANT)
    if wanted.user_data:
        lib.dds_qset_userdata(qos, wanted.user_data, len(wanted.user_data))
    lib.dds_qset_data_representation(qos, 1, (ct.c_int16 * 1)(_XCDR1))


@contextmanager
def endpoint_qos(wanted: DdsQos, writer: bool) -> Iterator[int]:
    qos = lib.dds_create_qos()
    try:
        _set(qos, wanted, writer)
        yield qos
    finally:
        lib.dds_delete_qos(qos)


@contextmanager
def topic_qos() -> Iterator[int]:
    qos = lib.dds_create_qos()
    try:
        lib.dds_qset_data_representation(qos, 1, (ct.c_int16 * 1)(_XCDR1))
        yield qos
    finally:
        lib.dds_delete_qos(qos)


@contextmanager
def participant_qos(enclave: str = "/") -> Iterator[int]:
    qos = lib.dds_create_qos()
    try:
        data = f"enclave={enclave};".encode()
        lib.dds_qset_userdata(qos, data, len(data))
        yield qos
    finally:
        lib.dds_delete_qos(qos)


def read_user_data(qos: int) -> bytes:
    value, size = ct.c_void_p(), ct.c_size_t()
    if not lib.dds_qget_userdata(qos, ct.byref(value), ct.byref(size)) or not value.value:
        return b""
    data = ct.string_at(value.value, size.value)
    lib.dds_free(value)
    return data


def read_qos(qos: int) -> DdsQos:
    """What a discovered endpoint says of itself."""
    kind, depth, duration = ct.c_int(), ct.c_int32(1), ct.c_int64()
    history = (
        lib.dds_qget_history(qos, ct.byref(kind), ct.byref(depth)) and kind.value
    ) or KEEP_LAST
    reliability = (
        kind.value
        if lib.dds_qget_reliability(qos, ct.byref(kind), ct.byref(duration))
        else BEST_EFFORT
    )
    durability = kind.value if lib.dds_qget_durability(qos, ct.byref(kind)) else VOLATILE
    deadline = duration.value if lib.dds_qget_deadline(qos, ct.byref(duration)) else INFINITY
    lifespan = duration.value if lib.dds_qget_lifespan(qos, ct.byref(duration)) else INFINITY
    has_lease = lib.dds_qget_liveliness(qos, ct.byref(kind), ct.byref(duration))
    return DdsQos(
        history,
        max(depth.value, 0),
        reliability,
        durability,
        deadline,
        lifespan,
        kind.value if has_lease else AUTOMATIC,
        duration.value if has_lease else INFINITY,
        read_user_data(qos),
    )
