"""Build the DDS type of a ROS interface, as rmw_cyclonedds names it: `pkg::msg::dds_::Name_`,
members with a `_`."""

from __future__ import annotations

import ctypes as ct
import threading

from ..definitions import Registry
from ..fields import FieldType, Kind
from .library import DynamicType, MemberDescriptor, TypeDescriptor, TypeSpec, check, lib

# dds_dynamic_type_kind_t
_PRIMITIVE = {
    "bool": 1,
    "byte": 2,
    "int16": 3,
    "int32": 4,
    "int64": 5,
    "uint16": 6,
    "uint32": 7,
    "uint64": 8,
    "float32": 9,
    "float64": 10,
    "int8": 12,
    "uint8": 13,
    "char": 13,
}
_STRING8, _ARRAY, _SEQUENCE, _STRUCTURE = 16, 21, 22, 24
_SPEC_DEFINITION, _SPEC_PRIMITIVE = 1, 2
_INDEX_END = 0xFFFFFFFF
_FINAL = 0


def dds_type_name(name: str) -> str:
    """'sensor_msgs/msg/Image' -> 'sensor_msgs::msg::dds_::Image_'."""
    package, kind, base = name.split("/")
    return f"{package}::{kind}::dds_::{base}_"


def ros_type_name(name: str) -> str:
    """The reverse of dds_type_name; a name that is not ROS's comes back unchanged."""
    parts = name.split("::")
    if len(parts) == 4 and parts[2] == "dds_" and parts[3].endswith("_"):
        return f"{parts[0]}/{parts[1]}/{parts[3][:-1]}"
    return name


class TypeBuilder:
    """Builds the dynamic types of a domain and keeps their topic descriptors.

    All participants of a process that are in one domain share them. What DDS knows of types is kept by
    domain, too, and is walked without a lock: nothing of it may go while a participant is there.

    Every structure is registered as soon as it is complete: DDS may then put an equal structure
    that it knows in its
    place, and it does so through the pointer that it is given. A structure still under
    construction must therefore
    never be shared between parents.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._participant = 0  # that which asks; tells DDS the domain
        self._lock = threading.Lock()
        self._structs: dict[tuple[str, bool], tuple[DynamicType, ct.c_void_p]] = {}
        self._descriptors: dict[tuple[str, bool], ct.c_void_p] = {}

    def _create(
        self, kind: int, name: str = "", element: TypeSpec | None = None, bound: int = 0
    ) -> DynamicType:
        descriptor = TypeDescriptor(kind=kind, name=name.encode() or None)
        if element is not None:
            descriptor.element_type = element
        if bound:
            bounds = (ct.c_uint32 * 1)(bound)
            descriptor.num_bounds, descriptor.bounds = 1, bounds
        made = lib.dds_dynamic_type_create(self._participant, descriptor)
        check(made.ret, f"creating DDS type {name or kind}")
        return made  # type: ignore[no-any-return]

    @staticmethod
    def _definition(made: DynamicType) -> TypeSpec:
        return TypeSpec(
            kind=_SPEC_DEFINITION, word0=made.x[0] or 0, word1=made.x[1] or 0, ret=made.ret
        )

    def _element(self, field: FieldType) -> TypeSpec:
        if field.base in _PRIMITIVE:
            return TypeSpec(kind=_SPEC_PRIMITIVE, word0=_PRIMITIVE[field.base])
        if field.base == "string":
            return self._definition(self._create(_STRING8, bound=field.string_bound))
        if field.base == "wstring":
            raise NotImplementedError("wstring fields are not supported by embedded_ros2")
        # The member takes over one reference; the kept one serves the next use.
        return self._definition(lib.dds_dynamic_type_ref(ct.byref(self._struct(field.base)[0])))

    def _spec(self, field: FieldType) -> TypeSpec:
        element = self._element(field)
        if field.kind is Kind.SCALAR:
            return element
        kind = _ARRAY if field.kind is Kind.ARRAY else _SEQUENCE
        label = field.base.rsplit("/", 1)[-1]
        name = f"{'array' if kind == _ARRAY else 'sequence'}_{label}_{field.size}"
        return self._definition(self._create(kind, name, element, field.size))

    def _add(self, struct: DynamicType, name: str, index: int, spec: TypeSpec) -> None:
        member = MemberDescriptor(name=name.encode(), id=index, type=spec, index=_INDEX_END)
        check(lib.dds_dynamic_type_add_member(ct.byref(struct), member), f"adding member {name}")

    def _struct(self, name: str, header: bool = False) -> tuple[DynamicType, ct.c_void_p]:
        """The registered structure of interface `name` and its type information.

        `header` puts the 16 bytes of a service call in front.
        """
        key = (name, header)
        if key not in self._structs:
            struct = self._construct(name, header)
            type_info = ct.c_void_p()
            check(
                lib.dds_dynamic_type_register(ct.byref(struct), ct.byref(type_info)),
                f"registering type {name}",
            )
            self._structs[key] = struct, type_info
        return self._structs[key]

    def _construct(self, name: str, header: bool) -> DynamicType:
        definition = self._registry.definition(name)
        struct = self._create(_STRUCTURE, dds_type_name(name))
        check(lib.dds_dynamic_type_set_extensibility(ct.byref(struct), _FINAL), f"type {name}")
        index = 0
        if header:
            self._add(
                struct, "client_id_", 0, TypeSpec(kind=_SPEC_PRIMITIVE, word0=_PRIMITIVE["uint64"])
            )
            self._add(
                struct,
                "sequence_number_",
                1,
                TypeSpec(kind=_SPEC_PRIMITIVE, word0=_PRIMITIVE["int64"]),
            )
            index = 2
        for field in definition.fields:
            self._add(struct, f"{field.name}_", index, self._spec(field.type))
            index += 1
        if not definition.fields:
            octet = TypeSpec(kind=_SPEC_PRIMITIVE, word0=_PRIMITIVE["uint8"])
            self._add(struct, "structure_needs_at_least_one_member_", index, octet)
        return struct

    def topic_descriptor(self, participant: int, name: str, header: bool = False) -> ct.c_void_p:
        """A dds_topic_descriptor_t for interface `name`; it belongs to the builder."""
        key = (name, header)
        with self._lock:
            if key not in self._descriptors:
                self._participant = participant
                _, type_info = self._struct(name, header)
                descriptor = ct.c_void_p()
                code = lib.dds_create_topic_descriptor(
                    1, participant, type_info, 0, ct.byref(descriptor)
                )
                check(code, f"describing type {name}")
                self._descriptors[key] = descriptor
            return self._descriptors[key]

    def close(self) -> None:
        with self._lock:
            for descriptor in self._descriptors.values():
                lib.dds_delete_topic_descriptor(descriptor)
            for struct, type_info in self._structs.values():
                lib.dds_free_typeinfo(type_info)
                lib.dds_dynamic_type_unref(ct.byref(struct))
            self._descriptors.clear()
            self._structs.clear()
