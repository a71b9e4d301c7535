"""The Cyclone DDS shared library, called through ctypes.

ctypes releases the GIL around every call, which the binding's own `ddspy_write` does not: a
reliable writer that
blocks would stop the very thread that has to drain the reader. Only the library file of the
`cyclonedds` wheel is
used; importing the Python package itself costs 0.15 s and gives nothing that is needed here.
"""

from __future__ import annotations

import ctypes as ct
import importlib.util
from pathlib import Path

Entity = ct.c_int32
Handle = ct.c_uint64
Duration = ct.c_int64
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
INFINITY = 0x7FFFFFFFFFFFFFFF

RETCODES = {
    -1: "error",
    -2: "unsupported",
    -3: "bad parameter",
    -4: "precondition not met",
    -5: "out of resources",
    -6: "not enabled",
    -7: "immutable policy",
    -8: "inconsistent policy",
    -9: "already deleted",
    -10: "timeout",
    -11: "no data",
    -12: "illegal operation",
    -13: "not allowed by security",
}


class DdsError(RuntimeError):
    """A DDS call failed; the text names the call and the return code."""


class DynamicType(ct.Structure):
    _fields_ = [("x", ct.c_void_p * 2), ("ret", ct.c_int32)]


class TypeSpec(ct.Structure):
    """C: kind + union {dynamic type; primitive kind}. The primitive kind is the low half of the
    first word.

    ctypes cannot pass unions by value, so the union is spelled as its widest member.
    """

    _fields_ = [
        ("kind", ct.c_int),
        ("word0", ct.c_uint64),
        ("word1", ct.c_uint64),
        ("ret", ct.c_int32),
    ]


class TypeDescriptor(ct.Structure):
    _fields_ = [
        ("kind", ct.c_int),
        ("name", ct.c_char_p),
        ("base_type", TypeSpec),
        ("discriminator_type", TypeSpec),
        ("num_bounds", ct.c_uint32),
        ("bounds", ct.POINTER(ct.c_uint32)),
        ("element_type", TypeSpec),
        ("key_element_type", TypeSpec),
    ]


class MemberDescriptor(ct.Structure):
    _fields_ = [
        ("name", ct.c_char_p),
        ("id", ct.c_uint32),
        ("type", TypeSpec),
        ("default_value", ct.c_char_p),
        ("index", ct.c_uint32),
        ("num_labels", ct.c_uint32),
        ("labels", ct.c_void_p),
        ("default_label", ct.c_bool),
    ]


class IoVec(ct.Structure):
    _fields_ = [("base", ct.c_void_p), ("len", ct.c_size_t)]


class Guid(ct.Structure):
    _fields_ = [("v", ct.c_uint8 * 16)]


class SampleInfo(ct.Structure):
    _fields_ = [
        ("sample_state", ct.c_uint32),
        ("view_state", ct.c_uint32),
        ("instance_state", ct.c_uint32),
        ("valid_data", ct.c_bool),
        ("source_timestamp", ct.c_int64),
        ("instance_handle", ct.c_uint64),
        ("publication_handle", ct.c_uint64),
        ("disposed_generation_count", ct.c_uint32),
        ("no_writers_generation_count", ct.c_uint32),
        ("sample_rank", ct.c_uint32),
        ("generation_rank", ct.c_uint32),
        ("absolute_generation_rank", ct.c_uint32),
    ]


class BuiltinEndpoint(ct.Structure):
    """dds_builtintopic_endpoint_t: one discovered reader or writer."""

    _fields_ = [
        ("key", Guid),
        ("participant_key", Guid),
        ("participant_instance_handle", ct.c_uint64),
        ("topic_name", ct.c_char_p),
        ("type_name", ct.c_char_p),
        ("qos", ct.c_void_p),
    ]


class BuiltinParticipant(ct.Structure):
    _fields_ = [("key", Guid), ("qos", ct.c_void_p)]


class MatchedStatus(ct.Structure):
    """dds_publication_matched_status_t; the subscription one has the same layout."""

    _fields_ = [
        ("total_count", ct.c_uint32),
        ("total_count_change", ct.c_int32),
        ("current_count", ct.c_uint32),
        ("current_count_change", ct.c_int32),
        ("last_handle", ct.c_uint64),
    ]


_P = ct.c_void_p
_PROTOTYPES: dict[str, tuple[object, list[object]]] = {
    "dds_create_domain": (Entity, [ct.c_uint32, ct.c_char_p]),
    "dds_create_participant": (Entity, [ct.c_uint32, _P, _P]),
    "dds_create_topic": (Entity, [Entity, _P, ct.c_char_p, _P, _P]),
    "dds_create_topic_descriptor": (ct.c_int32, [ct.c_int, Entity, _P, Duration, ct.POINTER(_P)]),
    "dds_delete_topic_descriptor": (ct.c_int32, [_P]),
    "dds_create_publisher": (Entity, [Entity, _P, _P]),
    "dds_create_subscriber": (Entity, [Entity, _P, _P]),
    "dds_create_writer": (Entity, [Entity, Entity, _P, _P]),
    "dds_create_reader": (Entity, [Entity, Entity, _P, _P]),
    "dds_create_readcondition": (Entity, [Entity, ct.c_uint32]),
    "dds_create_guardcondition": (Entity, [Entity]),
    "dds_set_guardcondition": (ct.c_int32, [Entity, ct.c_bool]),
    "dds_take_guardcondition": (ct.c_int32, [Entity, ct.POINTER(ct.c_bool)]),
    "dds_create_waitset": (Entity, [Entity]),
    "dds_waitset_attach": (ct.c_int32, [Entity, Entity, ct.c_ssize_t]),
    "dds_waitset_detach": (ct.c_int32, [Entity, Entity]),
    "dds_waitset_wait": (ct.c_int32, [Entity, ct.POINTER(ct.c_ssize_t), ct.c_size_t, Duration]),
    "dds_delete": (ct.c_int32, [Entity]),
    "dds_get_guid": (ct.c_int32, [Entity, ct.POINTER(Guid)]),
    "dds_get_instance_handle": (ct.c_int32, [Entity, ct.POINTER(Handle)]),
    "dds_get_entity_sertype": (ct.c_int32, [Entity, ct.POINTER(_P)]),
    "dds_writecdr": (ct.c_int32, [Entity, _P]),
    "dds_takecdr": (
        ct.c_int32,
        [Entity, ct.POINTER(_P), ct.c_uint32, ct.POINTER(SampleInfo), ct.c_uint32],
    ),
    "dds_take": (
        ct.c_int32,
        [Entity, ct.POINTER(_P), ct.POINTER(SampleInfo), ct.c_size_t, ct.c_uint32],
    ),
    "dds_read": (
        ct.c_int32,
        [Entity, ct.POINTER(_P), ct.POINTER(SampleInfo), ct.c_size_t, ct.c_uint32],
    ),
    "dds_return_loan": (ct.c_int32, [Entity, ct.POINTER(_P), ct.c_int32]),
    "dds_get_publication_matched_status": (ct.c_int32, [Entity, ct.POINTER(MatchedStatus)]),
    "dds_get_subscription_matched_status": (ct.c_int32, [Entity, ct.POINTER(MatchedStatus)]),
    "dds_get_matched_subscriptions": (ct.c_int32, [Entity, ct.POINTER(Handle), ct.c_size_t]),
    "dds_get_matched_publications": (ct.c_int32, [Entity, ct.POINTER(Handle), ct.c_size_t]),
    "dds_get_matched_subscription_data": (ct.POINTER(BuiltinEndpoint), [Entity, Handle]),
    "dds_get_matched_publication_data": (ct.POINTER(BuiltinEndpoint), [Entity, Handle]),
    "dds_builtintopic_free_endpoint": (None, [ct.POINTER(BuiltinEndpoint)]),
    "dds_wait_for_acks": (ct.c_int32, [Entity, Duration]),
    "ddsi_serdata_from_ser_iov": (_P, [_P, ct.c_int, ct.c_uint32, ct.POINTER(IoVec), ct.c_size_t]),
    "ddsi_serdata_to_ser_ref": (_P, [_P, ct.c_size_t, ct.c_size_t, ct.POINTER(IoVec)]),
    "ddsi_serdata_to_ser_unref": (None, [_P, ct.POINTER(IoVec)]),
    "ddsi_serdata_size": (ct.c_uint32, [_P]),
    "ddsi_serdata_unref": (None, [_P]),
    "dds_dynamic_type_create": (DynamicType, [Entity, TypeDescriptor]),
    "dds_dynamic_type_add_member": (ct.c_int32, [ct.POINTER(DynamicType), MemberDescriptor]),
    "dds_dynamic_type_set_extensibility": (ct.c_int32, [ct.POINTER(DynamicType), ct.c_int]),
    "dds_dynamic_type_register": (ct.c_int32, [ct.POINTER(DynamicType), ct.POINTER(_P)]),
    "dds_dynamic_type_ref": (DynamicType, [ct.POINTER(DynamicType)]),
    "dds_dynamic_type_unref": (None, [ct.POINTER(DynamicType)]),
    "dds_free_typeinfo": (ct.c_int32, [_P]),
    "dds_create_qos": (_P, []),
    "dds_delete_qos": (None, [_P]),
    "dds_qset_history": (None, [_P, ct.c_int, ct.c_int32]),
    "dds_qset_reliability": (None, [_P, ct.c_int, Duration]),
    "dds_qset_durability": (None, [_P, ct.c_int]),
    "dds_qset_durability_service": (
        None,
        [_P, Duration, ct.c_int, ct.c_int32, ct.c_int32, ct.c_int32, ct.c_int32],
    ),
    "dds_qset_deadline": (None, [_P, Duration]),
    "dds_qset_lifespan": (None, [_P, Duration]),
    "dds_qset_liveliness": (None, [_P, ct.c_int, Duration]),
    "dds_qset_ignorelocal": (None, [_P, ct.c_int]),
    "dds_qset_userdata": (None, [_P, ct.c_char_p, ct.c_size_t]),
    "dds_qset_writer_data_lifecycle": (None, [_P, ct.c_bool]),
    "dds_qset_data_representation": (None, [_P, ct.c_uint32, ct.POINTER(ct.c_int16)]),
    "dds_qget_history": (ct.c_bool, [_P, ct.POINTER(ct.c_int), ct.POINTER(ct.c_int32)]),
    "dds_qget_reliability": (ct.c_bool, [_P, ct.POINTER(ct.c_int), ct.POINTER(Duration)]),
    "dds_qget_durability": (ct.c_bool, [_P, ct.POINTER(ct.c_int)]),
    "dds_qget_deadline": (ct.c_bool, [_P, ct.POINTER(Duration)]),
    "dds_qget_lifespan": (ct.c_bool, [_P, ct.POINTER(Duration)]),
    "dds_qget_liveliness": (ct.c_bool, [_P, ct.POINTER(ct.c_int), ct.POINTER(Duration)]),
    "dds_qget_userdata": (ct.c_bool, [_P, ct.POINTER(_P), ct.POINTER(ct.c_size_t)]),
    "dds_free": (None, [_P]),
    "dds_set_status_mask": (ct.c_int32, [Entity, ct.c_uint32]),
}


def _find_library() -> Path:
    spec = importlib.util.find_spec("cyclonedds")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError(
            "the package 'cyclonedds' is not installed; mend it with: pip install 'cyclonedds>=11,<12'"
        )
    package = Path(next(iter(spec.submodule_search_locations)))
    for folder, pattern in (
        (package.parent / "cyclonedds.libs", "libddsc*"),
        (package / ".libs", "libddsc*"),
        (package / ".dylibs", "libddsc*"),
        (package / "lib", "libddsc*"),
    ):
        found = sorted(folder.glob(pattern))
        if found:
            return found[0]
    raise ImportError(f"no libddsc beside {package}; install the cyclonedds 11 wheel from PyPI")


def _keep_freed_memory() -> None:
    """Tell glibc not to hand image-sized blocks back to the kernel at every free.

    A 640x480 message is 0.9 MB, allocated twice per publish; with the default thresholds each
    publish spends 1.4 ms
    in page faults instead of 0.06 ms. Other C libraries have no mallopt and are left alone.
    """
    mallopt = getattr(ct.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, 64 << 20)
        mallopt(_M_MMAP_THRESHOLD, 32 << 20)


def _load() -> ct.CDLL:
    _keep_freed_memory()
    library = ct.CDLL(str(_find_library()))
    for name, (restype, argtypes) in _PROTOTYPES.items():
        function = getattr(library, name)
        function.restype = restype
        function.argtypes = argtypes
    return library


lib = _load()


def check(code: int, what: str) -> int:
    """Return `code` when it is a handle or count, raise DdsError when it is an error code."""
    if code < 0:
        raise DdsError(f"{what}: DDS says '{RETCODES.get(code, code)}'")
    return code
