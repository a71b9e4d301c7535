"""Reads the parameters of a node from a ROS parameter file, for programs that are no node.

A node gets its values from rcl; what is accepted here is accepted there, and mistakes are named in
the same words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from simreal_common.errors import ConfigurationError
from simreal_common.settings.configuration import load_yaml
from simreal_common.settings.parameters import (
    ParameterSpec,
    parameter_specs,
    refuse_unknown,
    to_text,
    type_name,
)

T = TypeVar("T")

SECTION = "ros__parameters"
UNREADABLE = "{path} cannot be read ({reason}); wanted a ROS parameter file"


def read_parameters(
    path: Path, node: str, cls: type[T], section_needed: bool = True, more: Sequence[Path] = ()
) -> T:
    """Read an instance of a parameter class from the sections of a file that are for a node.

    Args:
        path: of a ROS parameter file; sections of other nodes are left alone.
        node: its full name, e.g. "/control_node"; `*` and `**` in the file's names match it.
        cls: what `simreal_common.settings.parameters` calls a parameter class.
        section_needed: a file without a section for this node is refused; otherwise it leaves all at
            the defaults, as it does for a node.
        more: files that are read after it: what they give counts instead.

    Raises:
        ConfigurationError: a file that cannot be read, or that lacks the section for this node; a
            value of wrong type, out of range, not among the choices; a required parameter that is
            not given; a parameter given that the class does not have.
    """
    given = _given(path, node, section_needed)
    for further in more:
        given |= _given(further, node, section_needed)
    specs = parameter_specs(cls)
    try:
        refuse_unknown(node.rpartition("/")[2], given, specs)
        return cls(**{spec.field: _value(spec, given) for spec in specs})
    except ConfigurationError as error:
        files = ", ".join(map(str, [path, *more]))
        raise ConfigurationError(f"{files}: {error}") from error


def _value(spec: ParameterSpec, given: Mapping[str, Any]) -> Any:
    if spec.name not in given:
        if spec.required:
            raise spec.error("not given")
        return spec.default
    value = given[spec.name]
    if spec.scalar is float and type_name(value).startswith("integer"):
        raise spec.error(f"got {to_text(value)} ({type_name(value)})")  # as ROS does
    return spec.convert(value)


def _given(path: Path, node: str, section_needed: bool) -> dict[str, Any]:
    """What a file gives to a node, by name with dots; of two sections the later one counts."""
    sections = _sections(load_yaml(path, UNREADABLE))
    mine = [values for name, values in sections if _matches(name, node)]
    if not all(isinstance(values, Mapping) for values in mine) or (section_needed and not mine):
        raise ConfigurationError(
            f"{path} has no parameters of {node}; wanted '/**{node}:' and below it '{SECTION}:' "
            "with names and values"
        )
    return {name: value for values in mine for name, value in _flat(values)}


def _sections(tree: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Name of a node, with its namespace, and what stands for it."""
    for key, value in tree.items() if isinstance(tree, Mapping) else ():
        if key == SECTION:
            yield prefix, value
        else:
            yield from _sections(value, f"{prefix}/{str(key).strip('/')}")


def _matches(pattern: str, node: str) -> bool:
    """`*` stands for one part of a name, `**` for any number of them."""
    wild = {"**": "(/[^/]+)*", "*": "/[^/]+"}
    parts = [wild.get(part, "/" + re.escape(part)) for part in pattern.strip("/").split("/")]
    return re.fullmatch("".join(parts), node) is not None


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
