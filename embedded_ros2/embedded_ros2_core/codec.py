"""CDR (XCDR1, plain) for the generated message classes.

One serializer and one deserializer is generated per class. rosbags' own codec wants every array as
numpy and gives
read-only numpy back; ROS nodes expect `array.array` and lists, so the code is ours and rosbags is
the oracle in the
tests. Runs of fixed-size fields become a single struct call; nested structures are flattened into
their parent.
"""

from __future__ import annotations

import array
import struct
import sys
import threading
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from .fields import ARRAY_CODES, NUMPY_NAMES, SIZES, STRUCT_CODES, FieldType, Kind
from .messages import structure_class

HEADER_LE = b"\x00\x01\x00\x00"
_PAD = tuple(b"\0" * n for n in range(8))
_lock = threading.RLock()


class CdrError(ValueError):
    """Bytes that are not the message they should be, or a message that cannot be written."""


def _text(raw: memoryview) -> str:
    """A string as rosidl's Python code reads it: up to the first NUL, what is no UTF-8 replaced by
    U+FFFD."""
    text = str(raw, "utf-8", "replace")
    return text if "\0" not in text else text[: text.index("\0")]


class _Position:
    """What is known of the write position while code is generated: position = rest (mod
    modulus)."""

    def __init__(self, modulus: int = 8, rest: int = 0) -> None:
        self.modulus, self.rest = modulus, rest

    def padding(self, align: int) -> int | None:
        """Bytes of padding to `align`, None when only known at run time."""
        return -self.rest % align if self.modulus >= align else None

    def advance(self, count: int) -> None:
        self.rest = (self.rest + count) % self.modulus

    def set(self, modulus: int, rest: int = 0) -> None:
        self.modulus, self.rest = modulus, rest % modulus


class _Generator:
    """What both directions share: the lines, the names, the known position."""

    def __init__(self, head: str) -> None:
        self.lines: list[str] = [head]
        self.scope: dict[str, Any] = {"array": array.array, "np": np}
        self.position = _Position()
        self.run_format = ""
        self.count = 0

    def fresh(self, stem: str) -> str:
        """A name not used yet."""
        self.count += 1
        return f"{stem}{self.count}"

    def emit(self, line: str) -> None:
        self.lines.append("  " + line)


class _Writer(_Generator):
    """Generates `def ser(buf, m)`; buf is a bytearray whose first 4 bytes are the encapsulation
    header."""

    def __init__(self) -> None:
        super().__init__("def ser(buf, m):")
        self.scope["PAD"] = _PAD
        self.run_values: list[str] = []

    def flush(self) -> None:
        if not self.run_format:
            return
        pack = self.fresh("pack")
        self.scope[pack] = struct.Struct("<" + self.run_format).pack
        self.emit(f"buf += {pack}({', '.join(self.run_values)})")
        self.run_format, self.run_values = "", []

    def align(self, size: int) -> None:
        padding = self.position.padding(size)
        if padding is None:
            self.flush()
            self.emit(f"buf += PAD[(4 - len(buf)) % {size}]")
            self.position.set(size)
        elif padding:
            self.run_format += f"{padding}x"
            self.position.advance(padding)

    def value(self, expression: str, base: str) -> None:
        self.align(SIZES[base])
        self.run_format += STRUCT_CODES[base]
        self.run_values.append(expression)
        self.position.advance(SIZES[base])

    def string(self, expression: str) -> None:
        name = self.fresh("s")
        self.emit(f"{name} = {expression}.encode()")
        self.value(f"len({name}) + 1", "uint32")
        self.flush()
        self.emit(f"buf += {name}; buf.append(0)")
        self.position.set(1)

    def structure(self, expression: str, name: str) -> None:
        cls: Any = structure_class(name)
        if not cls._ros_definition_.fields:
            self.value("0", "uint8")
        for field in cls._ros_definition_.fields:
            self.field(f"{expression}._{field.name}", field.type)

    def field(self, expression: str, kind: FieldType) -> None:
        if kind.kind is Kind.SCALAR:
            if kind.base == "string":
                self.string(expression)
            elif kind.is_primitive:
                if kind.base == "wstring":
                    raise NotImplementedError("wstring fields are not supported by embedded_ros2")
                self.value(expression, kind.base)
            else:
                holder = self.fresh("m")
                self.emit(f"{holder} = {expression}")
                self.structure(holder, kind.base)
            return
        items = self.fresh("v")
        self.emit(f"{items} = {expression}")
        if kind.kind is Kind.SEQUENCE:
            self.value(f"len({items})", "uint32")
        else:
            self.emit(
                f"if len({items}) != {kind.size}: raise ValueError('wanted {kind.size} values')"
            )
        self.elements(items, kind)

    def elements(self, items: str, kind: FieldType) -> None:
        if kind.is_numeric:
            size = SIZES[kind.base]
            if kind.kind is Kind.ARRAY:
                self.align(size)
                self.flush()
                self.emit(f"buf += {items}.tobytes()")
                self.position.advance(size * kind.size)
                return
            self.flush()
            if size > 4:
                self.emit(f"if {items}: buf += PAD[(4 - len(buf)) % {size}]")
            self.emit(f"buf += memoryview({items}).cast('B')" if size > 1 else f"buf += {items}")
            self.position.set(min(size, 4))
            return
        self.flush()
        if kind.base in ("bool", "byte"):
            joined = f"bytes({items})" if kind.base == "bool" else f"b''.join({items})"
            self.emit(f"buf += {joined}")
        elif kind.base == "string":
            self.emit(f"for s in {items}:")
            self.emit(
                "  s = s.encode(); buf += PAD[-len(buf) % 4]; buf += U32(len(s) + 1); buf += s; buf.append(0)"
            )
            self.scope["U32"] = struct.Struct("<I").pack
        elif kind.base == "wstring":
            raise NotImplementedError("wstring fields are not supported by embedded_ros2")
        else:
            function = self.fresh("f")
            self.scope[function] = _element_writer(kind.base)
            self.emit(f"for item in {items}: {function}(buf, item)")
        self.position.set(1)

    def build(self) -> Callable[[bytearray, Any], None]:
        self.flush()
        self.emit("return None")
        local: dict[str, Any] = {}
        exec("\n".join(self.lines), self.scope, local)
        return local["ser"]  # type: ignore[no-any-return]


class _Reader(_Generator):
    """Generates `def de(b, p)` -> (message, position); b is a byte memoryview with the header cut
    off."""

    def __init__(self, endian: str) -> None:
        super().__init__("def de(b, p):")
        self.endian = endian
        self.swap = (endian == "<") != (sys.byteorder == "little")
        self.scope["CdrError"], self.scope["text"] = CdrError, _text
        self.run_targets: list[str] = []

    def flush(self) -> None:
        if not self.run_format:
            return
        unpack = self.fresh("unpack")
        packer = struct.Struct(self.endian + self.run_format)
        self.scope[unpack] = packer.unpack_from
        targets = f"{', '.join(self.run_targets)}, = " if self.run_targets else ""
        self.emit(f"{targets}{unpack}(b, p); p += {packer.size}")
        self.run_format, self.run_targets = "", []

    def align(self, size: int) -> None:
        padding = self.position.padding(size)
        if padding is None:
            self.flush()
            self.emit(f"p += -p % {size}")
            self.position.set(size)
        elif padding:
            self.run_format += f"{padding}x"
            self.position.advance(padding)

    def value(self, target: str, base: str) -> None:
        self.align(SIZES[base])
        self.run_format += STRUCT_CODES[base]
        self.run_targets.append(target)
        self.position.advance(SIZES[base])

    def string(self, target: str) -> None:
        length = self.fresh("n")
        self.value(length, "uint32")
        self.flush()
        self.emit(f"if {length} > len(b) - p: raise CdrError('string runs past the end')")
        # A length of 0 (no terminator) is what some vendors write for an empty string.
        self.emit(f"{target} = text(b[p:p + {length} - 1]) if {length} else ''; p += {length}")
        self.position.set(1)

    def structure(self, target: str, name: str) -> None:
        cls: Any = structure_class(name)
        new = self.fresh("new")
        self.scope[new] = cls
        holder = self.fresh("m")
        self.emit(f"{holder} = object.__new__({new})")
        if not cls._ros_definition_.fields:
            self.value(self.fresh("unused"), "uint8")
        for field in cls._ros_definition_.fields:
            self.field(f"{holder}._{field.name}", field.type)
        if target:
            self.emit(f"{target} = {holder}")

    def field(self, target: str, kind: FieldType) -> None:
        if kind.kind is Kind.SCALAR:
            if kind.base == "string":
                self.string(target)
            elif kind.base == "wstring":
                raise NotImplementedError("wstring fields are not supported by embedded_ros2")
            elif kind.is_primitive:
                self.value(target, kind.base)
            else:
                self.structure(target, kind.base)
            return
        if kind.kind is Kind.SEQUENCE:
            length = self.fresh("n")
            self.value(length, "uint32")
            self.flush()
        else:
            length = str(kind.size)
        self.elements(target, length, kind)

    def elements(self, target: str, length: str, kind: FieldType) -> None:
        size = SIZES.get(kind.base, 0)
        fixed = kind.kind is Kind.ARRAY
        if kind.is_numeric:
            if fixed:
                self.align(size)
                self.flush()
            elif size > 4:
                self.emit(f"if {length}: p += -p % {size}")
            end = self.fresh("e")
            self.emit(f"{end} = p + {length} * {size}" if size > 1 else f"{end} = p + {length}")
            self.emit(f"if {end} > len(b): raise CdrError('array runs past the end')")
            if fixed:
                dtype = NUMPY_NAMES[kind.base]
                swap = ".byteswap()" if self.swap else ".copy()"
                self.emit(f"{target} = np.frombuffer(b[p:{end}], dtype='{dtype}'){swap}; p = {end}")
                self.position.advance(size * kind.size)
            else:
                holder = self.fresh("a")
                self.emit(
                    f"{holder} = array('{ARRAY_CODES[kind.base]}'); {holder}.frombytes(b[p:{end}]); p = {end}"
                )
                if self.swap and size > 1:
                    self.emit(f"{holder}.byteswap()")
                self.emit(f"{target} = {holder}")
                self.position.set(min(size, 4))
            return
        self.flush()
        self.emit(f"if {length} > len(b) - p: raise CdrError('sequence runs past the end')")
        if kind.base in ("bool", "byte"):
            each = "bool(x)" if kind.base == "bool" else "bytes((x,))"
            self.emit(f"{target} = [{each} for x in b[p:p + {length}]]; p += {length}")
        else:
            items = self.fresh("l")
            function = self.fresh("f")
            self.scope[function] = (
                _string_reader(self.endian)
                if kind.base == "string"
                else _element_reader(kind.base, self.endian)
            )
            self.emit(f"{items} = []")
            self.emit(f"for _ in range({length}):")
            self.emit(f"  item, p = {function}(b, p); {items}.append(item)")
            self.emit(f"{target} = {items}")
        self.position.set(1)

    def build(self, result: str) -> Callable[[memoryview, int], tuple[Any, int]]:
        self.flush()
        self.emit(f"return {result}, p")
        local: dict[str, Any] = {}
        exec("\n".join(self.lines), self.scope, local)
        return local["de"]  # type: ignore[no-any-return]


@cache
def _element_writer(name: str) -> Callable[[bytearray, Any], None]:
    writer = _Writer()
    writer.position.set(1)
    writer.structure("m", name)
    return writer.build()


@cache
def _element_reader(name: str, endian: str) -> Callable[[memoryview, int], tuple[Any, int]]:
    reader = _Reader(endian)
    reader.position.set(1)
    reader.structure("", name)
    return reader.build(_first_holder(reader))


def _first_holder(reader: _Reader) -> str:
    for line in reader.lines:
        if "= object.__new__(" in line:
            return line.split("=")[0].strip()
    raise AssertionError("a structure always makes an object")


@cache
def _string_reader(endian: str) -> Callable[[memoryview, int], tuple[Any, int]]:
    reader = _Reader(endian)
    reader.position.set(1)
    reader.string("s")
    return reader.build("s")


@cache
def _top_writer(name: str) -> Callable[[bytearray, Any], None]:
    with _lock:
        writer = _Writer()
        writer.structure("m", name)
        return writer.build()


@cache
def _top_reader(name: str, endian: str) -> Callable[[memoryview, int], tuple[Any, int]]:
    with _lock:
        reader = _Reader(endian)
        reader.structure("", name)
        return reader.build(_first_holder(reader))


def serialize(message: Any, prefix: bytes = b"") -> bytearray:
    """The CDR blob of a message: 4 bytes of encapsulation, `prefix` (its length a multiple of 8),
    the body."""
    cls = type(message)
    definition = getattr(cls, "_ros_definition_", None)
    if definition is None:
        raise TypeError(f"{cls.__name__} is not a ROS message")
    buffer = bytearray(HEADER_LE)
    if prefix:
        buffer += prefix
    try:
        _top_writer(definition.name)(buffer, message)
    except (struct.error, AttributeError, ValueError, TypeError) as error:
        raise CdrError(f"cannot serialize {definition.name}: {error}") from error
    return buffer


def deserialize(blob: bytes | bytearray | memoryview, name: str, offset: int = 0) -> Any:
    """A message of structure `name` from its CDR blob; `offset` bytes after the encapsulation are
    skipped. Whatever the bytes are, the one error is CdrError."""
    view = memoryview(blob)
    if view.format != "B":
        view = view.cast("B")
    if len(view) < 4 or view[0] != 0 or view[1] > 1:
        raise CdrError(f"{name}: encapsulation {bytes(view[:4]).hex()} is not plain CDR")
    reader = _top_reader(name, "<" if view[1] == 1 else ">")
    try:
        return reader(view[4:], offset)[0]
    except (struct.error, ValueError) as error:
        raise CdrError(f"cannot deserialize {name} from {len(view)} bytes: {error}") from error
