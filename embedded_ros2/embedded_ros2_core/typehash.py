"""RIHS01 type hashes, which ROS 2 puts in the USER_DATA of every endpoint (REP 2016).

The hash is the SHA-256 of a JSON text with the fields of the structure and of all structures it
refers to; constants
and default values do not count.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any

from .definitions import registry
from .fields import Field, FieldType, Kind

# type_description_interfaces/FieldType
_NESTED, _BOUNDED_STRING = 1, 21
_IDS = {
    "int8": 2,
    "uint8": 3,
    "char": 3,
    "int16": 4,
    "uint16": 5,
    "int32": 6,
    "uint32": 7,
    "int64": 8,
    "uint64": 9,
    "float32": 10,
    "float64": 11,
    "bool": 15,
    "byte": 16,
    "string": 17,
    "wstring": 18,
}
_ARRAY, _BOUNDED_SEQUENCE, _SEQUENCE = 48, 96, 144


def _type(kind: FieldType) -> dict[str, Any]:
    number = _IDS.get(kind.base, _NESTED)
    if kind.string_bound:
        number = _BOUNDED_STRING
    if kind.kind is Kind.ARRAY:
        number += _ARRAY
    elif kind.kind is Kind.SEQUENCE:
        number += _BOUNDED_SEQUENCE if kind.size else _SEQUENCE
    return {
        "type_id": number,
        "capacity": kind.size,
        "string_capacity": kind.string_bound,
        "nested_type_name": "" if kind.is_primitive else kind.base,
    }


def _describe(name: str, found: dict[str, Any]) -> None:
    """Add the structure `name` and everything below it to `found`."""
    fields = registry.definition(name).fields or (
        Field("structure_needs_at_least_one_member", FieldType("uint8")),
    )
    found[name] = {
        "type_name": name,
        "fields": [{"name": field.name, "type": _type(field.type)} for field in fields],
    }
    for field in fields:
        if not field.type.is_primitive and field.type.base not in found:
            _describe(field.type.base, found)


@cache
def type_hash(name: str) -> str:
    """'RIHS01_<64 hex digits>' of a structure ('package/msg/Name', 'package/srv/Name_Request',
    ...)."""
    found: dict[str, Any] = {}
    _describe(name, found)
    own = found.pop(name)
    text = json.dumps(
        {
            "type_description": own,
            "referenced_type_descriptions": [found[key] for key in sorted(found)],
        }
    )
    return f"RIHS01_{hashlib.sha256(text.encode()).hexdigest()}"


@cache
def user_data_hash(name: str) -> bytes:
    """`typehash=RIHS01_...;` as it stands in the USER_DATA of an endpoint."""
    return f"typehash={type_hash(name)};".encode()
