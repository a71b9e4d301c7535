"""Message definitions in the form that rosbags writes into a bag."""

from __future__ import annotations

import re
from typing import Any

from ros2cli_embedded.interfaces import interface

_PRIMITIVES = {"boolean": "bool", "octet": "byte", "float": "float32", "double": "float64"}
"""How `get_fields_and_field_types()` calls what a .msg file calls otherwise."""
_SEQUENCE = re.compile(r"sequence<(.+?)(?:, *(\d+))?>")
_ARRAY = re.compile(r"(.+)\[(\d+)\]")
_BOUNDED = re.compile(r"(w?string)<(\d+)>")


def add_definition(store: Any, name: str) -> None:
    """Make a rosbags type store know a message, with all that it is made of.

    Raises:
        CliError: there is no such message.
    """
    from rosbags.typesys import get_types_from_msg

    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in store.fielddefs:
            continue
        fields = interface(current, "msg").get_fields_and_field_types()
        lines = [f"{in_msg(kind)} {field}" for field, kind in fields.items()]
        store.register(get_types_from_msg("\n".join(lines), current))
        items = (_SEQUENCE.sub(r"\1", _ARRAY.sub(r"\1", kind)) for kind in fields.values())
        waiting += [item.replace("/", "/msg/") for item in items if "/" in item]


def in_msg(kind: str) -> str:
    """Return a field's type as a .msg file writes it: ``sequence<double, 3>`` is float64[<=3]."""
    if match := _SEQUENCE.fullmatch(kind):
        item, most = match.groups()
        return f"{in_msg(item)}[{f'<={most}' if most else ''}]"
    if match := _ARRAY.fullmatch(kind):
        return f"{in_msg(match.group(1))}[{match.group(2)}]"
    if match := _BOUNDED.fullmatch(kind):
        return f"{match.group(1)}<={match.group(2)}"
    return _PRIMITIVES.get(kind, kind)
