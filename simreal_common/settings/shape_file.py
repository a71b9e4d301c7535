"""Reads a shape from a YAML file, and writes it as a line of YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from simreal_common.errors import ConfigurationError
from simreal_common.settings.configuration import load_yaml
from simreal_common.settings.yaml_loader import load_settings
from simreal_common.shapes.shape import CUBE, Shape

UNREADABLE = (
    "cannot read the shape {path} ({reason}): wanted YAML with kind and measures, e.g. "
    "{{kind: cuboid, edges: [0.06, 0.04, 0.03]}}"
)


def load_shape(path: Path) -> Shape:
    """The shape in a file.

    Raises:
        ConfigurationError: no such file, no YAML, or not of a shape.
    """
    return shape_of(load_yaml(path, UNREADABLE), str(path))


def shape_of(values: Any, where: str) -> Shape:
    """The shape in a table of names and values, which came from `where`; None: a cube.

    Raises:
        ConfigurationError: it is none.
    """
    if values is None:
        return CUBE
    try:
        return Shape.from_plain(values)
    except ValueError as error:
        raise ConfigurationError(f"{where}: {error}") from None


def shape_text(shape: Shape) -> str:
    """A line of YAML that `read_shape_text` reads back; empty for a cube, which has any edge."""
    if shape.is_cube:
        return ""
    return yaml.safe_dump(
        shape.plain(), sort_keys=False, default_flow_style=True, width=1000
    ).strip()


def read_shape_text(text: str, where: str) -> Shape:
    """The shape that `shape_text` wrote down.

    Raises:
        ConfigurationError: it is none.
    """
    try:
        values = load_settings(text) if text else None
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise ConfigurationError(UNREADABLE.format(path=where, reason=reason)) from error
    return shape_of(values, where)
