"""Writes a randomization config out whole: a file that `RandomizationConfig.load` reads back; a hash.

Generic over the dataclasses' fields, so that a new group or key needs nothing here.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from simreal_common.errors import ConfigurationError
from simreal_common.output_files import write_whole
from simreal_common.settings.configuration import load_yaml
from simreal_sim.randomization.ranges.randomization_config import GROUPS, RandomizationConfig

Values = dict[str, dict[str, Any]]


def ranges_values(randomization: RandomizationConfig) -> Values:
    """All groups with all their keys, as a YAML file of ranges has them; defaults are written out.

    Which groups are switched off is no part of it: `RandomizationConfig.load` is told so.
    """
    return {
        name: {
            field.name: getattr(group, field.name).plain()
            for field in dataclasses.fields(group)
        }
        for name, group in ((name, getattr(randomization, name)) for name in GROUPS)
    }  # fmt: skip


def write_ranges(randomization: RandomizationConfig, path: Path, heading: str = "") -> None:
    """Write a file that `RandomizationConfig.load` reads back to the same ranges.

    Args:
        heading: lines of comment for its top, without "#".
    """
    comment = "".join(f"# {line}\n" for line in heading.splitlines())
    text = yaml.safe_dump(ranges_values(randomization), sort_keys=False, default_flow_style=None)
    write_whole(path, comment + text)


def read_values(path: Path) -> Values:
    """What a written file says, whether or not this version knows its groups and keys.

    Raises:
        ConfigurationError: it cannot be read, or is no table of groups.
    """
    values = load_yaml(path, "cannot read ranges {path}: {reason}")
    if not isinstance(values, dict) or not all(isinstance(v, dict) for v in values.values()):
        raise ConfigurationError(f"cannot read ranges {path}: it is no table of groups")
    return values


def ranges_sha256(values: Values) -> str:
    """SHA-256 of ranges, hexadecimal; order and comments of a file do not matter."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def changed_keys(old: Values, new: Values) -> list[str]:
    """What differs, as `group.key old -> new`; what one of them lacks is `none` there."""
    before, after = _flat(old), _flat(new)
    return [
        f"{key} {before.get(key, 'none')} -> {after.get(key, 'none')}"
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    ]


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {
            f"{prefix}{key}": value
        }  # fmt: skip
    return flat
