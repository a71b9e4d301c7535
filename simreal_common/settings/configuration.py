"""Configuration: reads YAML into frozen dataclasses, whose fields say names, types and defaults.

The one way from text to checked values, for whatever is no ROS parameter. cattrs and msgspec do less:
their errors name neither the value that was got nor the names that are valid, and cattrs takes 2.5
for the whole number 2.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast, get_type_hints, runtime_checkable

import yaml

from simreal_common.errors import ConfigurationError, MessageError
from simreal_common.settings.yaml_loader import load_settings
from simreal_common.untrusted_text import Limits, read_text, reason_of, shortened

T = TypeVar("T")

FILE_LIMITS = Limits(size=200_000)
LONGEST_REASON = 400
UNKNOWN_KEY = "{names} is not known; the keys are {known}"


@runtime_checkable
class Readable(Protocol):
    """A default that knows how YAML writes values of its kind, for example a range."""

    def from_plain(self, value: Any) -> Any:
        """Another of its kind, from numbers, lists and tables.

        Raises:
            ConfigurationError: it is none; says what was got and what is wanted.
        """


def load_yaml(path: Path, complaint: str) -> Any:
    """What a file says.

    Args:
        complaint: the error's words, with `{path}` and `{reason}` in them.

    Raises:
        ConfigurationError: it cannot be read, is no YAML, or more than settings hold.
    """
    try:
        return load_settings(read_text(path, FILE_LIMITS))
    except (MessageError, yaml.YAMLError) as error:
        reason = shortened(reason_of(error, path), LONGEST_REASON)
        raise ConfigurationError(complaint.format(path=path, reason=reason)) from error


def from_values(cls: type[T], values: Any, where: str, unknown: str = UNKNOWN_KEY) -> T:
    """A configuration from names and values as YAML or JSON give them.

    Args:
        cls: a dataclass; its fields are numbers, texts, tuples of texts, what is `Readable`, or again
            such dataclasses.
        values: a table; what it leaves out keeps its default.
        where: what the values came from, for the error.
        unknown: words for names that are none, with `{names}` and `{known}` in them.

    Raises:
        ConfigurationError: a name that is none, a value of the wrong kind, or one that the dataclass
            refuses.
    """
    given = field_values(cls, values, where, unknown)
    with errors_of(where):
        return cls(**given)


def field_values(
    cls: type, values: Any, where: str, unknown: str = UNKNOWN_KEY, names: Sequence[str] = ()
) -> dict[str, Any]:
    """The arguments that a table gives to a dataclass; as `from_values`, but makes none of it.

    Args:
        names: the fields that a table may give; none named: all.
    """
    fields = {f.name: f for f in dataclasses.fields(cls) if not names or f.name in names}
    with errors_of(where):
        check_names(values, list(fields), unknown)
    hints = get_type_hints(cls)
    return {
        name: _value(fields[name].default, hints[name], value, f"{where}: {name}")
        for name, value in values.items()
    }


def check_names(values: Any, known: Sequence[str], unknown: str = UNKNOWN_KEY) -> None:
    """Refuse what is no table, or has names that are not known.

    Raises:
        ConfigurationError: it is such.
    """
    if not isinstance(values, Mapping):
        raise ConfigurationError(f"got {values!r}, wanted keys out of {', '.join(known)}")
    strangers = ", ".join(sorted(str(name) for name in values if name not in known))
    if strangers:
        raise ConfigurationError(unknown.format(names=strangers, known=", ".join(known)))


def number(value: Any) -> float:
    """A number as YAML gives it; truth values are none.

    Raises:
        ConfigurationError: it is no number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigurationError(f"got {value!r}, wanted a number")
    return float(value)


@contextmanager
def errors_of(where: str) -> Iterator[None]:
    """Errors of a configuration that are met in here say where the values came from."""
    try:
        yield
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error}") from None


def _value(default: Any, kind: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(kind) and not isinstance(default, Readable):
        return from_values(cast(type, kind), {} if value is None else value, where)
    with errors_of(where):
        if isinstance(default, Readable):
            return default.from_plain(value)
        if kind is float:
            return number(value)
        if kind is bool:
            return _truth(value)
        if kind is int:
            return _whole_number(value)
        if kind is str:
            return _text(value)
        return _texts(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ConfigurationError(f"got {value!r}, wanted true or false")
    return value


def _whole_number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 != 0:
        raise ConfigurationError(f"got {value!r}, wanted a whole number")
    return int(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ConfigurationError(f"got {value!r}, wanted a text")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(entry, str) for entry in value):
        raise ConfigurationError(f"got {value!r}, wanted a list of names, e.g. [one, two]")
    return tuple(value)
