"""YAML and JSON that other programs send: read within limits, to plain values.

What comes out is made of None, booleans, integers of 64 bits, finite numbers, strings, lists and
mappings. Tags, anchors and aliases are refused, so are dates, numbers that are not finite, NUL and
lone surrogates. Nothing here recurses, and no error shows more than a piece of the text.
"""

from __future__ import annotations

import json
import math
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from simreal_common.errors import MessageError

SHOWN = 80  # characters of a text that messages show
PATH_SHOWN = 200  # and of a path, whose end tells most
LARGEST_INTEGER = 2**63 - 1

NULL = frozenset({"", "~", "null", "Null", "NULL"})
BOOLEANS = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
INTEGER = re.compile(r"[-+]?(0|[1-9]\d*)", re.ASCII)
FLOAT = re.compile(r"[-+]?(\d+\.\d*|\.\d+|\d+(?=[eE]))([eE][-+]?\d+)?", re.ASCII)
NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
FORBIDDEN = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True)
class Limits:
    """How much a text may hold.

    Args:
        size: bytes in UTF-8.
        depth: of lists and mappings in each other.
        nodes: values and keys.
    """

    size: int = 64_000
    depth: int = 16
    nodes: int = 4_000


LIMITS = Limits()


def shortened(text: str, most: int = SHOWN) -> str:
    """A text for people: one line of printable characters, at most `most` and an ellipsis."""
    line = " ".join(text[: 4 * most].split())
    shown = "".join(letter if letter.isprintable() else "?" for letter in line[:most])
    return shown if len(line) <= most and len(text) <= 4 * most else f"{shown}..."


def parse_json(text: str, limits: Limits = LIMITS) -> Any:
    """The value of a JSON text.

    Raises:
        MessageError: not JSON, beyond the limits, or a value that is refused.
    """
    _check_text(text, limits)
    try:
        value = json.loads(text, parse_int=_integer, parse_float=_float, parse_constant=_not_finite)
    except RecursionError:
        raise _too_deep(limits) from None
    except ValueError as error:
        raise MessageError(f"got '{shortened(text)}', not JSON: {shortened(str(error))}") from error
    _check_value(value, limits)
    return value


def parse_yaml(text: str, limits: Limits = LIMITS) -> Any:
    """The value of a YAML text of one document; None where it is empty.

    Plain scalars mean what they do in JSON, and are strings otherwise.

    Raises:
        MessageError: not YAML, beyond the limits, or something that is refused.
    """
    _check_text(text, limits)
    value = _built(text, limits)
    _check_value(value, limits)
    return value


def read_text(path: Path, limits: Limits = LIMITS) -> str:
    """The text of a regular file within the limits.

    Raises:
        MessageError: no such file, another kind of file, too large, or not UTF-8.
    """
    try:
        return read_bytes(path, limits.size).decode("utf-8")
    except UnicodeDecodeError as error:
        raise MessageError(f"{shortened(str(path), PATH_SHOWN)} is not UTF-8") from error


def read_bytes(path: Path, most: int) -> bytes:
    """What is in a regular file of at most that many bytes.

    Raises:
        MessageError: no such file, another kind of file, or too large.
    """
    name = shortened(str(path), PATH_SHOWN)
    try:
        # Opening a FIFO would wait for somebody who writes.
        with open(path, "rb", buffering=0, opener=_open_at_once) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise MessageError(f"{name} is no regular file")
            content = file.read(most + 1)
    except OSError as error:
        raise MessageError(f"{name} cannot be read: {error.strerror}") from error
    except ValueError as error:  # a NUL or a lone surrogate in the name
        raise MessageError(f"{name} is no name of a file") from error
    if len(content) > most:
        raise MessageError(f"{name} is too large: wanted at most {most} bytes")
    return content


def reason_of(error: Exception, path: Path) -> str:
    """Why a file cannot be read, for words that name it already: the name is not said again."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    name = shortened(str(path), PATH_SHOWN)
    words = str(error).removeprefix(f"{name} cannot be read: ").removeprefix(f"{name} ")
    return words or type(error).__name__


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _check_text(text: str, limits: Limits) -> None:
    # A character has a byte at least: what is far too long is not encoded to be measured.
    size = len(text)
    if size <= limits.size:
        size = len(text.encode("utf-8", "surrogatepass"))
    if size > limits.size:
        raise MessageError(f"got a text of {size} bytes, wanted at most {limits.size}")
    found = FORBIDDEN.search(text)
    if found:
        raise MessageError(
            f"got character {ord(found.group()):#06x} in '{shortened(text)}', wanted UTF-8 text "
            "without NUL and surrogates"
        )


def _check_value(value: Any, limits: Limits) -> None:
    """Refuse a value that is too deep or too large, and strings that escapes brought in."""
    level, depth, nodes = [value], 0, 0
    while level:
        nodes += len(level)
        if nodes > limits.nodes:
            raise MessageError(f"got more than {limits.nodes} values; wanted fewer")
        for one in level:
            if isinstance(one, str):
                _check_text(one, limits)
            elif depth >= limits.depth and isinstance(one, (list, dict)):
                raise _too_deep(limits)
        level = [inner for one in level for inner in _inside(one)]
        depth += 1


def _inside(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _built(text: str, limits: Limits) -> Any:
    """From the parser's events; none of PyYAML's constructors is at work."""
    result = None
    documents = nodes = 0
    # What is open: a list, or a mapping and the key that waits for its value.
    stack: list[tuple[Any, list[Any]]] = []
    for event in _events(text):
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise MessageError(f"got several YAML documents in '{shortened(text)}', wanted one")
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            stack.pop()
        elif isinstance(event, yaml.NodeEvent):
            value = _node(event)
            nodes += 1
            if nodes > limits.nodes:
                raise MessageError(f"got more than {limits.nodes} values; wanted fewer")
            if stack:
                _put(*stack[-1], value)
            else:
                result = value
            if isinstance(event, yaml.CollectionStartEvent):
                stack.append((value, []))
                if len(stack) > limits.depth:
                    raise _too_deep(limits)
    return result


def _events(text: str) -> Iterator[yaml.Event]:
    try:
        yield from yaml.parse(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise MessageError(f"got '{shortened(text)}', not YAML: {shortened(str(error))}") from error
    except (ValueError, OverflowError) as error:  # escapes of no character, directives
        raise MessageError(f"got '{shortened(text)}', not YAML") from error


def _node(event: yaml.NodeEvent) -> Any:
    if event.anchor is not None:  # an alias carries the name of its anchor
        raise MessageError(f"got anchor or alias '{shortened(event.anchor)}', wanted values alone")
    if isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)) and event.tag is not None:
        raise MessageError(f"got tag '{shortened(event.tag)}', wanted values without tags")
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event.value) if event.implicit[0] else event.value
    return [] if isinstance(event, yaml.SequenceStartEvent) else {}


def _put(into: Any, waiting: list[Any], value: Any) -> None:
    """Into a list; into a mapping keys and values by turns."""
    if isinstance(into, list):
        into.append(value)
    elif waiting:
        into[waiting.pop()] = value
    elif isinstance(value, (list, dict)):
        raise MessageError("got a list or a mapping as a key, wanted a name")
    elif value in into:
        raise MessageError(f"got key '{shortened(str(value))}' twice, wanted it once")
    else:
        waiting.append(value)


def _scalar(text: str) -> Any:
    if text in NULL:
        return None
    if text in BOOLEANS:
        return BOOLEANS[text]
    if INTEGER.fullmatch(text):
        return _integer(text)
    if FLOAT.fullmatch(text):
        return _float(text)
    if NOT_FINITE.fullmatch(text):
        _not_finite(text)
    return text


def _integer(text: str) -> int:
    # Python converts no more than some thousand digits.
    value = int(text) if len(text) <= len(str(LARGEST_INTEGER)) + 1 else LARGEST_INTEGER + 1
    if abs(value) > LARGEST_INTEGER:
        raise MessageError(f"got number {shortened(text, 20)}, wanted one of 64 bits")
    return value


def _float(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _not_finite(text)


def _not_finite(text: str) -> NoReturn:
    raise MessageError(f"got number {shortened(text, 20)}, wanted a finite one")


def _too_deep(limits: Limits) -> MessageError:
    return MessageError(f"got values nested deeper than {limits.depth}; wanted them flatter")
