"""Obstacles: boxes, walls and trays that stand about a robot, from a YAML file.

    obstacles:
      - {name: parts box, size: [0.20, 0.15, 0.10], position: [0.55, 0.25], yaw: 0.3}
      - {name: back wall, kind: wall, from: [0.8, -0.5], to: [0.8, 0.5], height: 0.6}
      - {name: tray, kind: tray, size: [0.3, 0.2, 0.05], position: [0.4, -0.3], thickness: 0.004}

Metres and radians in the robot's base frame. `position` is the middle of the underside; without a
third number an obstacle stands on the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.errors import ConfigurationError, MessageError
from simreal_common.geometry import Pose
from simreal_common.resources import named_path
from simreal_common.untrusted_text import PATH_SHOWN, parse_yaml, read_text, shortened

Array = NDArray[np.float64]

EXAMPLE = "{name: parts box, size: [0.2, 0.15, 0.1], position: [0.55, 0.25]}"
MOST = 32  # obstacles in a file; each is looked at with every link, thousands of times a plan
LARGEST_M, SMALLEST_M = 10.0, 0.0005
RISES_M = 0.003  # what ends less than this above the table top is a part of the table
THICKNESS_M = 0.02  # of a wall, where none is given
KEYS = {
    "box": ({"size", "position"}, {"yaw"}),
    "wall": ({"from", "to", "height"}, {"thickness", "bottom"}),
    "tray": ({"size", "position"}, {"yaw", "thickness"}),
}


@dataclass(frozen=True, eq=False)
class Obstacle:
    """A box that stands somewhere.

    Args:
        name: in words, for messages.
        pose: of its centre in the base.
        size: of its edges, metres, shape (3,).
    """

    name: str
    pose: Pose
    size: Array

    @property
    def top_m(self) -> float:
        """Height of its highest point, metres."""
        return float(self.pose.position[2] + np.abs(self.pose.rotation[2]) @ self.size / 2)

    def distance(self, points: Array) -> Array:
        """From points, metres, shape (..., 3), to its surface; 0 inside; shape (...)."""
        beyond = np.abs(self._inside(points)) - self.size / 2
        return np.asarray(np.linalg.norm(np.maximum(beyond, 0.0), axis=-1))

    def distance_from_above(self, spots: Array) -> Array:
        """From spots, metres, shape (..., 2) or (..., 3), to its outline as seen from above.

        Exact for one that stands upright; 0 inside; shape (...).
        """
        flat = np.asarray(spots)[..., :2]
        height = np.full((*flat.shape[:-1], 1), self.pose.position[2])
        return self.distance(np.concatenate([flat, height], axis=-1))

    def hides(self, eye: Array, point: Array) -> bool:
        """Whether it stands between an eye and a point, metres, shape (3,) each.

        By slabs (Kay and Kajiya 1986).
        """
        start, end = self._inside(eye), self._inside(point)
        way = np.where(np.abs(end - start) < 1e-12, 1e-12, end - start)
        bounds = np.sort([(-self.size / 2 - start) / way, (self.size / 2 - start) / way], axis=0)
        enters, leaves = max(bounds[0].max(), 0.0), min(bounds[1].min(), 1.0)
        return bool(enters < leaves)

    def _inside(self, points: Array) -> Array:
        """Points in the frame of its centre."""
        return np.asarray((np.asarray(points) - self.pose.position) @ self._rotation)

    @cached_property
    def _rotation(self) -> Array:
        return self.pose.rotation


def read_obstacles(path: str, table_height_m: float = 0.0) -> tuple[Obstacle, ...]:
    """The obstacles of a YAML file, walls and trays as boxes; none where it has no name.

    Args:
        path: of the file; empty for none.
        table_height_m: of the table top in the base frame; what does not rise above it (the floor of
            a tray that blocks lie in) is a part of the table and left out.

    Raises:
        ConfigurationError: a file that cannot be read, or an obstacle that cannot be; says which.
    """
    if not path.strip():
        return ()
    try:
        return parse_obstacles(
            read_text(named_path("obstacles_file", path.strip())), table_height_m
        )
    except (MessageError, ConfigurationError) as error:
        shown = shortened(path.strip(), PATH_SHOWN)
        words = str(error) if shown in str(error) else f"{shown}: {error}"
        raise ConfigurationError(f"obstacles: {words}") from error


def parse_obstacles(text: str, table_height_m: float = 0.0) -> tuple[Obstacle, ...]:
    """The obstacles of a YAML text; see `read_obstacles`.

    Raises:
        MessageError: no YAML.
        ConfigurationError: an obstacle that cannot be; says which.
    """
    content = parse_yaml(text)
    entries = content.get("obstacles") if isinstance(content, Mapping) else None
    if not isinstance(entries, list) or len(content) != 1:
        raise ConfigurationError(
            f"got '{shortened(text)}', wanted one list 'obstacles:' of such as {EXAMPLE}"
        )
    if len(entries) > MOST:
        raise ConfigurationError(f"got {len(entries)} obstacles, wanted at most {MOST}")
    boxes: list[Obstacle] = []
    names: set[str] = set()
    for number, values in enumerate(entries, start=1):
        entry = _Entry.of(number, values, table_height_m)
        if entry.name in names:
            raise entry.error("a name that another has", "one of its own")
        names.add(entry.name)
        solid = [box for box in entry.boxes() if box.top_m > table_height_m + RISES_M]
        if not solid:
            raise entry.error(
                f"one that ends below the table top ({table_height_m:g} m)",
                "one that rises above it",
            )
        boxes += solid
    return tuple(boxes)


def obstacles_text(obstacles: Sequence[Obstacle]) -> str:
    """YAML of upright boxes, such that `parse_obstacles` reads these again."""
    lines = ["obstacles:"] if obstacles else ["obstacles: []"]
    for one in obstacles:
        yaw = float(Rotation.from_quat(one.pose.orientation).as_euler("zyx")[0])
        under = one.pose.position - [0.0, 0.0, one.size[2] / 2]
        size, position = (
            ", ".join(f"{value:.6f}" for value in numbers) for numbers in (one.size, under)
        )
        lines.append(
            f"  - {{name: '{one.name}', size: [{size}], position: [{position}], yaw: {yaw:.6f}}}"
        )
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class _Entry:
    """One obstacle as it stands in the file."""

    name: str
    kind: str
    values: Mapping[str, Any]
    table_height_m: float

    @staticmethod
    def of(number: int, values: Any, table_height_m: float) -> _Entry:
        if not isinstance(values, Mapping):
            raise ConfigurationError(
                f"obstacle {number}: got '{shortened(str(values))}', wanted e.g. {EXAMPLE}"
            )
        name, kind = values.get("name"), values.get("kind", "box")
        if not isinstance(name, str) or not name.strip():
            raise ConfigurationError(
                f"obstacle {number}: got name '{shortened(str(name))}', wanted one in words"
            )
        if not isinstance(kind, str) or kind not in KEYS:
            raise ConfigurationError(
                f"obstacle '{shortened(name)}': got kind '{shortened(str(kind))}', wanted one of "
                f"{', '.join(KEYS)}"
            )
        entry = _Entry(shortened(name), kind, values, table_height_m)
        needed, other = KEYS[kind]
        lacking = sorted(needed - set(values))
        unknown = sorted(str(key) for key in set(values) - needed - other - {"name", "kind"})
        if lacking:
            raise entry.error(f"a {kind} without '{lacking[0]}'", ", ".join(sorted(needed)))
        if unknown:
            allowed = ", ".join(sorted(needed | other | {"name", "kind"}))
            raise entry.error(f"'{shortened(unknown[0])}'", f"of a {kind} {allowed}")
        return entry

    def error(self, got: str, wanted: str) -> ConfigurationError:
        return ConfigurationError(f"obstacle '{self.name}': got {got}, wanted {wanted}")

    def boxes(self) -> Iterator[Obstacle]:
        """The boxes that it is made of."""
        if self.kind == "wall":
            yield self._wall()
            return
        size = self._size("size", 3)
        at = self._numbers("position", (2, 3))
        bottom = float(at[2]) if at.size == 3 else self.table_height_m
        middle = np.array([at[0], at[1], bottom + size[2] / 2])
        turn = Rotation.from_euler("z", self._number("yaw", 0.0))
        if self.kind == "box":
            yield Obstacle(self.name, Pose(middle, turn.as_quat()), size)
            return
        thick = self._size("thickness", 1, THICKNESS_M / 5)[0]
        if 2 * thick >= size[:2].min() or thick >= size[2]:
            raise self.error(f"a tray with sides of {thick:g} m", "thinner ones than it is wide")
        x, y, z = size
        parts = [([0, 0, (thick - z) / 2], [x, y, thick])]
        parts += [([side * (x - thick) / 2, 0, 0], [thick, y, z]) for side in (-1, 1)]
        parts += [([0, side * (y - thick) / 2, 0], [x, thick, z]) for side in (-1, 1)]
        for offset, edges in parts:
            pose = Pose(middle + turn.apply(offset), turn.as_quat())
            yield Obstacle(self.name, pose, np.array(edges, dtype=np.float64))

    def _wall(self) -> Obstacle:
        first, last = self._numbers("from", (2,)), self._numbers("to", (2,))
        along = last - first
        length = float(np.linalg.norm(along))
        if length < SMALLEST_M:
            raise self.error("a wall that ends where it begins", "two different ends")
        height = self._size("height", 1)[0]
        size = np.array([length, self._size("thickness", 1, THICKNESS_M)[0], height])
        bottom = self._number("bottom", self.table_height_m)
        middle = np.append((first + last) / 2, bottom + height / 2)
        turn = Rotation.from_euler("z", float(np.arctan2(along[1], along[0])))
        return Obstacle(self.name, Pose(middle, turn.as_quat()), size)

    def _size(self, key: str, count: int, default: float | None = None) -> Array:
        value = self.values.get(key, default)
        numbers = self._checked(key, [value] if count == 1 else value, (count,))
        if (numbers < SMALLEST_M).any():
            raise self.error(f"{key} {shortened(str(value))}", f"metres, {SMALLEST_M:g} or more")
        return numbers

    def _number(self, key: str, default: float) -> float:
        return float(self._checked(key, [self.values.get(key, default)], (1,))[0])

    def _numbers(self, key: str, counts: tuple[int, ...]) -> Array:
        return self._checked(key, self.values[key], counts)

    def _checked(self, key: str, value: Any, counts: tuple[int, ...]) -> Array:
        many = " or ".join(map(str, counts))
        if (
            not isinstance(value, list)
            or len(value) not in counts
            or any(isinstance(x, bool) or not isinstance(x, int | float) for x in value)
        ):
            raise self.error(f"{key} {shortened(str(value))}", f"{many} numbers")
        numbers = np.array(value, dtype=np.float64)
        if (np.abs(numbers) > LARGEST_M).any():
            raise self.error(f"{key} {shortened(str(value))}", f"metres up to {LARGEST_M:g}")
        return numbers
