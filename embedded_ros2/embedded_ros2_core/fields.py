"""What a field of a ROS interface is: its element type, its multiplicity and its bounds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

INTEGER_RANGES: dict[str, tuple[int, int]] = {
    "int8": (-(2**7), 2**7 - 1),
    "uint8": (0, 2**8 - 1),
    "int16": (-(2**15), 2**15 - 1),
    "uint16": (0, 2**16 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
    "char": (0, 2**8 - 1),
}
SIZES: dict[str, int] = {
    "bool": 1,
    "byte": 1,
    "char": 1,
    "int8": 1,
    "uint8": 1,
    "int16": 2,
    "uint16": 2,
    "int32": 4,
    "uint32": 4,
    "int64": 8,
    "uint64": 8,
    "float32": 4,
    "float64": 8,
}
STRUCT_CODES: dict[str, str] = {
    "bool": "?",
    "byte": "c",
    "char": "B",
    "int8": "b",
    "uint8": "B",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float32": "f",
    "float64": "d",
}
ARRAY_CODES: dict[str, str] = {
    name: code for name, code in STRUCT_CODES.items() if name not in ("bool", "byte")
}
NUMPY_NAMES: dict[str, str] = {name: ("uint8" if name == "char" else name) for name in ARRAY_CODES}
PRIMITIVES = frozenset(SIZES) | {"string", "wstring"}
_TYPE = re.compile(
    r"^(?P<base>[A-Za-z][\w/]*)(?:<=(?P<bound>\d+))?(?P<array>\[(?P<upto><=)?(?P<count>\d*)\])?$"
)


class Kind(Enum):
    SCALAR = "scalar"
    ARRAY = "array"  # fixed size
    SEQUENCE = "sequence"  # variable size, perhaps bounded


@dataclass(frozen=True)
class FieldType:
    """base: a primitive name or 'package/msg/Name'; size: array length or sequence bound (0:
    none)."""

    base: str
    kind: Kind = Kind.SCALAR
    size: int = 0
    string_bound: int = 0

    @property
    def is_primitive(self) -> bool:
        return self.base in PRIMITIVES

    @property
    def is_numeric(self) -> bool:
        return self.base in ARRAY_CODES

    def ros_name(self) -> str:
        """The spelling of `get_fields_and_field_types()`, e.g. 'sequence<double>',
        'geometry_msgs/Point'."""
        short = {
            "float64": "double",
            "float32": "float",
            "bool": "boolean",
            "byte": "octet",
            "char": "uint8",
        }
        if self.base == "string" and self.string_bound:
            name = f"string<{self.string_bound}>"
        elif self.is_primitive:
            name = short.get(self.base, self.base)
        else:
            package, _, base = self.base.split("/")
            name = f"{package}/{base}"
        if self.kind is Kind.ARRAY:
            return f"{name}[{self.size}]"
        if self.kind is Kind.SEQUENCE:
            return f"sequence<{name}, {self.size}>" if self.size else f"sequence<{name}>"
        return name


def parse_type(text: str, package: str) -> FieldType:
    """Parse the type column of a .msg line; unqualified message names belong to `package`."""
    match = _TYPE.match(text)
    if match is None:
        raise ValueError(f"'{text}' is not a ROS field type")
    base = match["base"]
    if base not in PRIMITIVES:
        parts = base.split("/")
        if len(parts) == 1:
            base = f"{package}/msg/{base}"
        elif len(parts) == 2:
            base = f"{parts[0]}/msg/{parts[1]}"
    kind = Kind.SCALAR
    if match["array"]:
        kind = Kind.ARRAY if match["count"] and not match["upto"] else Kind.SEQUENCE
    return FieldType(base, kind, int(match["count"] or 0), int(match["bound"] or 0))


@dataclass(frozen=True)
class Field:
    name: str
    type: FieldType
    default: object = None


@dataclass(frozen=True)
class Constant:
    name: str
    type: str
    value: object


@dataclass(frozen=True)
class Definition:
    """One structure: 'package/msg/Name', or a part of a service or action such as
    'package/srv/Name_Request'."""

    name: str
    fields: tuple[Field, ...]
    constants: tuple[Constant, ...] = ()
