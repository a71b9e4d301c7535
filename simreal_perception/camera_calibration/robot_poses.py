"""Where the arm was at each picture: poses of the tool or joint positions, from CSV or YAML."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from simreal_common.errors import ConfigurationError, MessageError
from simreal_common.geometry import Pose
from simreal_common.untrusted_text import Limits, parse_yaml, read_text, reason_of, shortened

LIMITS = Limits(size=4_000_000, nodes=200_000)
FARTHEST_M = 20.0  # of a tool from its base; beyond it somebody wrote millimetres
POSITION = ("x", "y", "z")
# How an orientation may be written: a quaternion, the angles of ROS (about fixed axes, radians), or
# a rotation vector (radians), as Universal Robots writes it.
QUATERNION, ANGLES, VECTOR = ("qx", "qy", "qz", "qw"), ("roll", "pitch", "yaw"), ("rx", "ry", "rz")
IMAGE = "image"
WANTED = (
    "wanted a CSV file with the columns image, x, y, z, qx, qy, qz, qw (metres; tool in base), or "
    "image and a column for each joint; or YAML with the same names, {photo1.png: {x: 0.4, ...}, ...}"
)


@dataclass(frozen=True, eq=False)
class ArmAt:
    """Where the arm was at a picture; one of both.

    Args:
        pose: of the tool in the base.
        joints: position of each joint by its name, radians.
    """

    pose: Pose | None
    joints: Mapping[str, float] | None


def read_robot_poses(path: Path) -> dict[str, ArmAt]:
    """Where the arm was at each picture, by the picture's name.

    Raises:
        ConfigurationError: no such file, or one that says it otherwise; names the row.
    """
    try:
        text = read_text(path, LIMITS)
        rows = _yaml_rows(text) if path.suffix.lower() in (".yaml", ".yml") else _csv_rows(text)
    except (MessageError, csv.Error) as error:
        raise ConfigurationError(f"poses {path}: {reason_of(error, path)}; {WANTED}") from error
    found: dict[str, ArmAt] = {}
    for name, values in rows:
        if name in found:
            raise ConfigurationError(f"poses {path}: {shortened(name)} stands there twice")
        try:
            found[name] = _arm_at(values)
        except (ValueError, TypeError) as error:
            raise ConfigurationError(f"poses {path}, {shortened(name)}: {error}") from error
    if not found:
        raise ConfigurationError(f"poses {path}: it holds none; {WANTED}")
    return found


def _csv_rows(text: str) -> list[tuple[str, dict[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), skipinitialspace=True)
    columns = [str(name).strip() for name in reader.fieldnames or ()]
    reader.fieldnames = columns
    if IMAGE not in columns:
        raise MessageError(f"columns {shortened(', '.join(columns))}: none is called {IMAGE}")
    rows = []
    for row in reader:
        if None in row or None in row.values():
            raise MessageError(f"line {reader.line_num} has not {len(columns)} values")
        name = row.pop(IMAGE).strip()
        rows.append((name, {key: _number(value) for key, value in row.items()}))
    return rows


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _yaml_rows(text: str) -> list[tuple[str, dict[str, Any]]]:
    content = parse_yaml(text, LIMITS)
    if not isinstance(content, Mapping):
        raise MessageError("it holds no mapping of pictures to poses")
    rows = []
    for name, values in content.items():
        if not isinstance(values, Mapping):
            raise MessageError(f"{shortened(str(name))} has no mapping of names to numbers")
        rows.append((str(name), dict(values)))
    return rows


def _arm_at(values: Mapping[str, Any]) -> ArmAt:
    for key, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
            raise ValueError(
                f"{shortened(str(key))}: got '{shortened(str(value))}', wanted a number"
            )
    names = set(values)
    for how in (QUATERNION, ANGLES, VECTOR):
        if names == {*POSITION, *how}:
            position, turn = ([float(values[name]) for name in part] for part in (POSITION, how))
            return ArmAt(_pose(position, turn, how), None)
    if names & {*POSITION, *QUATERNION, *ANGLES, *VECTOR}:
        raise ValueError(
            f"got {shortened(', '.join(values))}; wanted x, y, z and one of {', '.join(QUATERNION)}; "
            f"{', '.join(ANGLES)}; {', '.join(VECTOR)}"
        )
    if not names:
        raise ValueError(f"got nothing; {WANTED}")
    return ArmAt(None, {str(name): float(value) for name, value in values.items()})


def _pose(position: Sequence[float], turn: Sequence[float], how: Sequence[str]) -> Pose:
    if float(np.linalg.norm(position)) > FARTHEST_M:
        raise ValueError(
            f"got a position of {', '.join(f'{x:g}' for x in position)} m, wanted one within "
            f"{FARTHEST_M:g} m of the base; write metres, not millimetres"
        )
    if how == QUATERNION:
        return Pose(np.array(position), np.array(turn))
    if max(map(abs, turn)) > 2 * np.pi:
        raise ValueError(f"got angles {', '.join(f'{x:g}' for x in turn)}, wanted radians")
    rotation = Rotation.from_euler("xyz", turn) if how == ANGLES else Rotation.from_rotvec(turn)
    return Pose(np.array(position), rotation.as_quat())
