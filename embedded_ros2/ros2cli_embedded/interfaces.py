"""Interface classes by their name, and messages to and from plain values."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

import embedded_ros2_core  # noqa: F401  lets `import` find interface packages
from embedded_ros2_core.yaml_text import load_yaml
from ros2cli_embedded.errors import CliError, close_names

SHOWN_ITEMS = 128
"""Longer arrays and texts are cut when they are shown, unless the full length is asked for."""

_ITEM_TYPE = re.compile(r"sequence<([^,>]+)(?:, *\d+)?>|(.+)\[\d+\]")


def interface(name: str, kind: str) -> Any:
    """Return the class of ``package/kind/Name`` or ``package/Name``; `kind` is msg, srv, action."""
    parts = name.split("/")
    if len(parts) == 2:
        parts.insert(1, kind)
    if len(parts) != 3 or parts[1] != kind or not all(parts):
        raise CliError(f"'{name}' is no {kind} type; wanted is package/{kind}/Name")
    try:
        module = importlib.import_module(f"{parts[0]}.{kind}")
    except ModuleNotFoundError:
        raise CliError(
            f"type '{name}': there is no package '{parts[0]}' with {kind} types"
        ) from None
    found = getattr(module, parts[2], None)
    if found is None:
        hint = close_names(parts[2], [n for n in dir(module) if not n.startswith("_")])
        raise CliError(f"type '{name}': package '{parts[0]}' has no {kind} '{parts[2]}'{hint}")
    return found


def parse_values(text: str) -> dict[str, Any]:
    """Return the fields that a YAML text such as ``{data: 5}`` names."""
    try:
        values = load_yaml(text)
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or "syntax error"
        raise CliError(f"'{text}' is not valid YAML: {problem}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise CliError(f"'{text}' names no fields; wanted is YAML such as '{{field: value}}'")
    return {str(name): value for name, value in values.items()}


def set_fields(message: Any, values: Mapping[str, Any], where: str = "") -> None:
    """Set the named fields of a message, nested ones too."""
    types: dict[str, str] = message.get_fields_and_field_types()
    for name, value in values.items():
        place = f"{where}{name}"
        if name not in types:
            raise CliError(
                f"{type(message).__name__} has no field '{place}'{close_names(name, types)}; "
                f"it has: {', '.join(types) or 'none'}"
            )
        try:
            current = getattr(message, name)
            if hasattr(current, "get_fields_and_field_types"):
                set_fields(current, _mapping(value, place), place + ".")
            else:
                setattr(message, name, _field_value(types[name], value, place))
        except (AssertionError, TypeError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise CliError(
                f"field '{place}' ({types[name]}) cannot be {value!r}: {reason}"
            ) from None


def _mapping(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise CliError(f"field '{place}' is a message; wanted is '{{field: value}}', got {value!r}")
    return value


def _field_value(type_name: str, value: Any, place: str) -> Any:
    """Convert what YAML made of a text to what the field takes."""
    match = _ITEM_TYPE.fullmatch(type_name)
    if match is not None:
        if not isinstance(value, list):
            raise CliError(f"field '{place}' is {type_name}; wanted is a list, got {value!r}")
        item_type = match.group(1) or match.group(2)
        return [_item(item_type, item, f"{place}[{i}]") for i, item in enumerate(value)]
    return _item(type_name, value, place)


def _item(type_name: str, value: Any, place: str) -> Any:
    if "/" in type_name:
        message = interface(type_name, "msg")()
        set_fields(message, _mapping(value, place), place + ".")
        return message
    if type_name in ("float", "double", "float32", "float64") and type(value) is int:
        return float(value)
    if type_name in ("octet", "byte") and isinstance(value, int):
        return bytes([value])
    if type_name.startswith(("string", "wstring")) and isinstance(value, (int, float)):
        return str(value)
    return value


def to_plain(value: Any, shown: int | None = SHOWN_ITEMS, arrays: bool = True) -> Any:
    """Return a message as dicts, lists and numbers; `shown` None keeps everything."""
    if hasattr(value, "get_fields_and_field_types"):
        types = value.get_fields_and_field_types()
        return {
            name: _plain_field(getattr(value, name), types[name], shown, arrays) for name in types
        }
    if isinstance(value, (bytes, bytearray)) and len(value) == 1:
        return value[0]
    if isinstance(value, str):
        return value if shown is None or len(value) <= shown else value[:shown] + "..."
    if isinstance(value, Sequence) or hasattr(value, "__len__"):
        kept = value if shown is None else value[:shown]
        # array.array and numpy know a faster way than one by one
        items = (
            kept.tolist()
            if hasattr(kept, "tolist")
            else [to_plain(item, shown, arrays) for item in kept]
        )
        return items if len(kept) == len(value) else [*items, "..."]
    return value.item() if hasattr(value, "item") else value


def is_cut(value: Any, shown: int) -> bool:
    """Return whether `to_plain(value, shown)` leaves something out."""
    if hasattr(value, "get_fields_and_field_types"):
        return any(
            is_cut(getattr(value, name), shown) for name in value.get_fields_and_field_types()
        )
    if not hasattr(value, "__len__"):
        return False
    if len(value) > shown:
        return True
    return isinstance(value, (list, tuple)) and any(is_cut(item, shown) for item in value)


def _plain_field(value: Any, type_name: str, shown: int | None, arrays: bool) -> Any:
    if not arrays and _ITEM_TYPE.fullmatch(type_name):
        return f"<{type_name}, length: {len(value)}>"
    return to_plain(value, shown, arrays)


def to_yaml(message: Any, shown: int | None = SHOWN_ITEMS, arrays: bool = True) -> str:
    """Return a message as YAML; numbers in lists stay one a line, as `ros2 topic echo` has them."""
    plain = to_plain(message, shown, arrays)
    if not isinstance(plain, (dict, list)):
        return str(plain)
    text = yaml.safe_dump(plain, default_flow_style=False, sort_keys=False, allow_unicode=True)
    return str(text).rstrip("\n")
