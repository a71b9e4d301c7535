"""Turn texts of a launch file into typed values by the rules of the real frontend.

Untyped parameter values follow YAML 1.1 as PyYAML reads it (``1e3`` is a text, ``1.0e3`` and
``1.`` are numbers, ``on`` and ``yes`` are booleans); a value is a scalar or a list of one type.
"""

from __future__ import annotations

import math

import yaml

from embedded_ros2_core.yaml_text import load_yaml as read_yaml

Scalar = bool | int | float | str
Value = Scalar | list[Scalar]

SCALAR_TYPES: dict[str, type] = {"str": str, "bool": bool, "float": float, "int": int}
TYPE_NAMES = (*SCALAR_TYPES, *(f"list_of_{name}" for name in SCALAR_TYPES), "yaml")


class ValueTypeError(ValueError):
    """A text that is no value of the wanted type."""


def is_uniform(items: list[Scalar], mixed_with_str: bool = False) -> bool:
    """Return whether all items have one type (`mixed_with_str`: strings may stand among them)."""
    kinds = {type(item) for item in items}
    if not kinds <= {bool, int, float, str}:
        return False
    return len(kinds - {str} if mixed_with_str else kinds) <= 1


def load_yaml(text: str, keep_str: bool = False) -> Value:
    """Return the YAML value of `text`; with `keep_str` what YAML cannot read stays a text."""
    if not text:
        return text
    try:
        value = read_yaml(text)
    except yaml.YAMLError:
        if keep_str:
            return text
        raise ValueTypeError(f"'{text}' is not valid YAML") from None
    if isinstance(value, list):
        if is_uniform(value, mixed_with_str=keep_str):
            return value
        raise ValueTypeError(f"'{text}' is a list of different types; all items must have one")
    if isinstance(value, (bool, int, float, str)):
        return value
    raise ValueTypeError(
        f"'{text}' is read by YAML as {type(value).__name__}; wanted is a bool, int, float, "
        'string or a list of one of them (type="str" keeps it a string)'
    )


def coerce(text: str, type_name: str | None, keep_str: bool = False) -> Value:
    """Return `text` as `type_name`, one of TYPE_NAMES; None and "yaml" mean YAML rules."""
    if type_name is None or type_name == "yaml":
        return load_yaml(text, keep_str)
    if type_name.startswith("list_of_"):
        return _coerce_list(text, type_name, keep_str)
    kind = SCALAR_TYPES[type_name]
    if kind is str:
        return text
    try:
        if kind is bool:
            value = load_yaml({"1": "true", "0": "false"}.get(text, text))
            if isinstance(value, bool):
                return value
        else:
            number = kind(text)
            if isinstance(number, (int, float)):
                return number
    except ValueError:
        pass
    if keep_str:
        return text
    raise ValueTypeError(f"'{text}' is no {type_name}")


def _coerce_list(text: str, type_name: str, keep_str: bool) -> Value:
    kind = SCALAR_TYPES[type_name.removeprefix("list_of_")]
    value = load_yaml(text, keep_str)
    if isinstance(value, str) and keep_str:
        return value
    if not isinstance(value, list):
        raise ValueTypeError(f"'{text}' is no {type_name}; write it as [a, b, c]")
    items: list[Scalar] = []
    for item in value:
        if kind is float and type(item) is int:
            item = float(item)
        if type(item) is not kind and not (keep_str and isinstance(item, str)):
            raise ValueTypeError(f"'{text}' is no {type_name}: {item!r} is {type(item).__name__}")
        items.append(item)
    return items


def as_bool(text: str) -> bool:
    """Return the truth of a typed substitution (``true``, ``1``, YAML's ``on``, ``yes``...)."""
    value = coerce(text, "bool")
    if isinstance(value, bool):
        return value
    raise ValueTypeError(f"'{text}' is no bool")


def as_condition(text: str) -> bool:
    """Return the truth of an ``if``/``unless``: only true, false, 1 and 0, in any case."""
    known = {"true": True, "1": True, "false": False, "0": False}
    truth = known.get(text.strip().lower())
    if truth is None:
        raise ValueTypeError(f"'{text}' is no condition; wanted is true, false, 1 or 0")
    return truth


def as_seconds(text: str, what: str) -> float:
    """Return a finite duration of at least 0 s."""
    try:
        seconds = float(text)
    except ValueError:
        raise ValueTypeError(f"{what} is '{text}'; wanted is a number of seconds") from None
    if not math.isfinite(seconds) or seconds < 0.0:
        raise ValueTypeError(f"{what} is '{text}'; wanted is a number of seconds, at least 0")
    return seconds


def equal_texts(left: str, right: str) -> bool:
    """Compare as booleans, else as numbers (relative tolerance 1e-9), else as texts."""
    truths = ("true", "1"), ("true", "false", "1", "0")
    if left.lower() in truths[1] and right.lower() in truths[1]:
        return (left.lower() in truths[0]) == (right.lower() in truths[0])
    try:
        return math.isclose(float(left), float(right))
    except ValueError:
        return left == right
