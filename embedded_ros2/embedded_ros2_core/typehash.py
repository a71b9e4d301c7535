"""RIHS01 type hashes, which ROS 2 puts in the USER_DATA of every endpoint (REP 2016).

The rosbags library computes them; it is told of the structures as we have them, for it knows
neither those of our own `definitions/*.idef` nor those that an action is made of on the wire.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from .definitions import registry
from .fields import FieldType, Kind


@cache
def _typestore() -> Any:
    from rosbags.typesys import Stores, get_typestore

    return get_typestore(Stores.EMPTY)


def _described(kind: FieldType) -> tuple[int, Any]:
    """A field's type as rosbags has it, which says how many elements behind that of one."""
    from rosbags.interfaces import Nodetype

    inner: tuple[int, Any] = (Nodetype.NAME, kind.base)
    if kind.is_primitive:
        # ROS 2 makes a uint8 of a char before it hashes.
        base = "uint8" if kind.base == "char" else kind.base
        inner = Nodetype.BASE, (base, kind.string_bound)
    if kind.kind is Kind.ARRAY:
        return Nodetype.ARRAY, (inner, kind.size)
    return (Nodetype.SEQUENCE, (inner, kind.size)) if kind.kind is Kind.SEQUENCE else inner


def _tell(name: str) -> None:
    """Tell rosbags of the structure `name` and of everything below it."""
    known = _typestore().fielddefs
    if name not in known:
        fields = registry.definition(name).fields
        known[name] = ((), [(field.name, _described(field.type)) for field in fields])
        for field in fields:
            if not field.type.is_primitive:
                _tell(field.type.base)


@cache
def type_hash(name: str) -> str:
    """'RIHS01_<64 hex digits>' of a structure ('package/msg/Name', 'package/srv/Name_Request',
    ...)."""
    _tell(name)
    return str(_typestore().hash_rihs01(name))


@cache
def user_data_hash(name: str) -> bytes:
    """`typehash=RIHS01_...;` as it stands in the USER_DATA of an endpoint."""
    return f"typehash={type_hash(name)};".encode()
