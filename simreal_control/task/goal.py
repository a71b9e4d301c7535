"""What is to be built: a tower, several, a row, a pyramid, or towers sorted by colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from simreal_common.block_estimate import COLORS
from simreal_common.errors import ConfigurationError, MessageError
from simreal_common.untrusted_text import parse_yaml, read_text, shortened

EXAMPLE = "{build: tower, blocks: 3} or {build: tower, colors: [red, blue, green]}"
MOST_TOWERS = 6
MOST_BLOCKS = 16


class Build(Enum):
    """The kinds of structures."""

    TOWER = "tower"
    TOWERS = "towers"
    ROW = "row"
    PYRAMID = "pyramid"
    SORT = "sort by color"


@dataclass(frozen=True)
class Goal:
    """A structure.

    Args:
        build: its kind.
        blocks: of the whole structure; 0 for all that are seen.
        colors: of a tower from the bottom up, or of a row from one end to the other; for sorting,
            which colours count (none given: all). Empty where colour does not matter.
        towers: number of towers, for `towers`.
        gap_m: between neighbours in a row and at the foot of a pyramid, metres.
    """

    build: Build = Build.TOWER
    blocks: int = 0
    colors: tuple[str, ...] = ()
    towers: int = 2
    gap_m: float = 0.008

    def __post_init__(self) -> None:
        unknown = [color for color in self.colors if color not in COLORS]
        if unknown:
            raise ConfigurationError(
                f"goal: got color '{shortened(unknown[0])}', wanted one of {', '.join(COLORS)}"
            )
        if self.blocks < 0 or self.blocks == 1:
            raise ConfigurationError(
                f"goal: got {self.blocks} blocks, wanted a structure of 2 or more, or 0 for all "
                "blocks seen"
            )
        if max(self.blocks, len(self.colors)) > MOST_BLOCKS:
            raise ConfigurationError(
                f"goal: got {max(self.blocks, len(self.colors))} blocks, wanted at most "
                f"{MOST_BLOCKS}"
            )
        if self.colors and self.build in (Build.TOWERS, Build.PYRAMID):
            raise ConfigurationError(f"goal: {self.build.value} has no order of colors; leave them")
        if self.ordered and self.blocks not in (0, len(self.colors)):
            raise ConfigurationError(
                f"goal: got {self.blocks} blocks and {len(self.colors)} colors; leave blocks out"
            )
        if self.ordered and len(self.colors) < 2:
            raise ConfigurationError("goal: got one color, wanted 2 or more, from the bottom up")
        if not 2 <= self.towers <= MOST_TOWERS:
            raise ConfigurationError(f"goal: got {self.towers} towers, wanted 2 to {MOST_TOWERS}")
        if self.build is Build.PYRAMID and self.blocks and pyramid_foot(self.blocks) is None:
            raise ConfigurationError(
                f"goal: got a pyramid of {self.blocks} blocks, wanted 3, 6, 10 or 15"
            )
        if not 0.0 <= self.gap_m <= 0.1:
            raise ConfigurationError(f"goal: got gap {self.gap_m} m, wanted 0 to 0.1")

    @property
    def ordered(self) -> bool:
        """Whether colours are given one by one for each place."""
        return bool(self.colors) and self.build is not Build.SORT

    @property
    def words(self) -> str:
        """For people."""
        if self.build is Build.SORT:
            which = ", ".join(self.colors) if self.colors else "every color"
            return f"a tower of each color ({which})"
        if self.ordered:
            return f"a {self.build.value} of {', '.join(self.colors)}"
        count = str(self.blocks) if self.blocks else "all blocks"
        if self.build is Build.TOWERS:
            return f"{self.towers} towers of {count} together"
        return f"a {self.build.value} of {count}"


def pyramid_foot(blocks: int) -> int | None:
    """How many stand at the foot of a pyramid of that many; None where there is none."""
    foot = 2
    while foot * (foot + 1) // 2 < blocks:
        foot += 1
    return foot if foot * (foot + 1) // 2 == blocks else None


def largest_pyramid(blocks: int) -> int:
    """How many of these a pyramid can use."""
    foot = 1
    while (foot + 1) * (foot + 2) // 2 <= blocks:
        foot += 1
    return foot * (foot + 1) // 2


def read_goal(text: str) -> Goal:
    """A goal from YAML, or from the YAML file of that name.

    Raises:
        ConfigurationError: it is none; says what is wanted.
    """
    if not text.strip().endswith((".yaml", ".yml")):
        return parse_goal(text)
    try:
        return parse_goal(read_text(Path(text.strip())))
    except MessageError as error:
        raise ConfigurationError(f"cannot read the goal: {error}") from error


def parse_goal(content: str) -> Goal:
    """A goal from YAML.

    Raises:
        ConfigurationError: it is none; says what is wanted.
    """
    try:
        values = parse_yaml(content)
    except MessageError as error:
        raise ConfigurationError(f"goal: {error}; a goal is e.g. {EXAMPLE}") from error
    if not isinstance(values, Mapping):
        raise ConfigurationError(f"goal: got '{shortened(content)}', wanted e.g. {EXAMPLE}")
    return goal_from(values)


def goal_from(values: Mapping[str, Any]) -> Goal:
    """A goal from the values of a YAML text.

    Raises:
        ConfigurationError: a key or value that is not known.
    """
    known = {"build", "blocks", "colors", "towers", "gap"}
    unknown = sorted(str(key) for key in set(values) - known)
    if unknown:
        raise ConfigurationError(
            f"goal: got '{shortened(unknown[0])}', wanted {', '.join(sorted(known))}"
        )
    kinds = {build.value: build for build in Build}
    name = values.get("build", Build.TOWER.value)
    if not isinstance(name, str) or name not in kinds:
        raise ConfigurationError(
            f"goal: got build '{shortened(str(name))}', wanted one of {', '.join(kinds)}"
        )
    colors = values.get("colors") or ()
    if not isinstance(colors, list | tuple) or not all(isinstance(name, str) for name in colors):
        raise ConfigurationError(
            f"goal: got colors {shortened(str(colors))}, wanted a list of names"
        )
    numbers: dict[str, Any] = {}
    for key, field, kinds_of_number, what in (
        ("blocks", "blocks", int, "a whole number"), ("towers", "towers", int, "a whole number"),
        ("gap", "gap_m", (int, float), "metres"),
    ):  # fmt: skip
        if key in values:
            value = values[key]
            if isinstance(value, bool) or not isinstance(value, kinds_of_number):
                raise ConfigurationError(f"goal: got {key} {shortened(str(value))}, wanted {what}")
            numbers[field] = value
    return Goal(kinds[name], colors=tuple(colors), **numbers)
