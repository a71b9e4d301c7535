"""What is to be built: towers, a row, a wall, a pyramid, any structure; or taken apart and sorted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from simreal_common.block_estimate import COLORS
from simreal_common.errors import ConfigurationError, MessageError
from simreal_common.resources import named_path
from simreal_common.untrusted_text import parse_yaml, read_text, shortened
from simreal_control.world_model.structure import Spot, overlapping, unsupported, wall_spots

EXAMPLE = "{build: tower, blocks: 3} or {build: tower, colors: [red, blue, green]}"
STRUCTURE_EXAMPLE = "[{at: [0, 0], color: red}, {at: [0, 0], level: 1, color: blue}]"
MOST_TOWERS = 6
MOST_BLOCKS = 16


class Build(Enum):
    """The kinds of structures.

    Each has its row in BUILDERS (`placement_site.py`), and in STRUCTURES of the simulation's judge;
    the comment in `Stack.action` lists them.
    """

    TOWER = "tower"
    TOWERS = "towers"
    ROW = "row"
    PYRAMID = "pyramid"
    WALL = "wall"
    STRUCTURE = "structure"
    SORT = "sort by color"
    APART = "apart"
    ROWS = "rows by color"


# Of a goal in YAML.
GOAL_KEYS = ("build", "blocks", "colors", "towers", "gap", "width", "structure")

# Of these colours say which blocks count, none given: all.
BY_COLOR = (Build.SORT, Build.ROWS)
WITHOUT_COLORS = (Build.TOWERS, Build.PYRAMID, Build.WALL, Build.STRUCTURE, Build.APART)


@dataclass(frozen=True)
class Goal:
    """A structure.

    Args:
        build: its kind.
        blocks: of the whole structure; 0 for all that are seen.
        colors: of a tower from the bottom up, or of a row from one end to the other; for sorting,
            which colours count (none given: all). Empty where colour does not matter; those of a
            structure stand in its spots.
        towers: number of towers, for `towers`.
        gap_m: between neighbours in a row, a wall and at the foot of a pyramid, metres.
        width: of a wall, blocks.
        spots: of a structure, lower ones first; on one level they are filled in this order.
    """

    build: Build = Build.TOWER
    blocks: int = 0
    colors: tuple[str, ...] = ()
    towers: int = 2
    gap_m: float = 0.008
    width: int = 3
    spots: tuple[Spot, ...] = ()

    def __post_init__(self) -> None:
        named = [spot.color for spot in self.spots if spot.color]
        unknown = [color for color in (*self.colors, *named) if color not in COLORS]
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
        if self.colors and self.build in WITHOUT_COLORS:
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
        if self.build is Build.WALL and not (
            2 <= self.width <= self.blocks and self.blocks % self.width == 0
        ):
            raise ConfigurationError(
                f"goal: got a wall of {self.blocks} blocks, {self.width} wide, wanted whole layers of "
                "2 or more"
            )
        if self.blocks and self.build in (Build.APART, Build.ROWS):
            raise ConfigurationError(
                f"goal: got {self.blocks} blocks, wanted none: {self.build.value} is of all that are "
                "seen"
            )
        self._check_spots()
        if not 0.0 <= self.gap_m <= 0.1:
            raise ConfigurationError(f"goal: got gap {self.gap_m} m, wanted 0 to 0.1")

    def _check_spots(self) -> None:
        if bool(self.spots) != (self.build is Build.STRUCTURE) or (
            self.spots and self.blocks != len(self.spots)
        ):
            raise ConfigurationError(
                f"goal: got {self.blocks} blocks and {len(self.spots)} places for a "
                f"{self.build.value}, wanted a place for each block of a structure, and of nothing else"
            )
        if len({bool(spot.color) for spot in self.spots}) > 1:
            raise ConfigurationError(
                "goal: got a structure with colors in some places, wanted them in all or none"
            )
        two, floating = overlapping(self.spots), unsupported(self.spots)
        if two is not None:
            raise ConfigurationError(
                f"goal: got places {two[0].words} and {two[1].words}, which overlap; wanted 1 or more "
                "between those on one level"
            )
        if floating is not None:
            raise ConfigurationError(
                f"goal: got place {floating.words} over nothing, wanted one over a block, or over the "
                "middle between those that it rests on"
            )

    @property
    def ordered(self) -> bool:
        """Whether colours are given one by one for each place."""
        return bool(self.colors) and self.build not in BY_COLOR

    @property
    def all_spots(self) -> tuple[Spot, ...]:
        """The places of a structure or a wall; none for what has them of the scene."""
        if self.build is Build.WALL:
            return wall_spots(self.blocks, self.width)
        return self.spots

    @property
    def words(self) -> str:
        """For people."""
        if self.build is Build.SORT:
            which = ", ".join(self.colors) if self.colors else "every color"
            return f"a tower of each color ({which})"
        if self.build is Build.ROWS:
            which = ", ".join(self.colors) if self.colors else "every color"
            return f"a row of each color ({which})"
        if self.build is Build.APART:
            return "every block on the table"
        if self.build is Build.WALL:
            return f"a wall of {self.blocks}, {self.width} wide"
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
        return parse_goal(read_text(named_path("goal", text.strip())))
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
    unknown = sorted(str(key) for key in set(values) - set(GOAL_KEYS))
    if unknown:
        raise ConfigurationError(
            f"goal: got '{shortened(unknown[0])}', wanted {', '.join(sorted(GOAL_KEYS))}"
        )
    kinds = {build.value: build for build in Build}
    spots = _spots(values["structure"]) if "structure" in values else ()
    name = values.get("build", Build.STRUCTURE.value if spots else Build.TOWER.value)
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
        ("gap", "gap_m", (int, float), "metres"), ("width", "width", int, "a whole number"),
    ):  # fmt: skip
        if key in values:
            value = values[key]
            if isinstance(value, bool) or not isinstance(value, kinds_of_number):
                raise ConfigurationError(f"goal: got {key} {shortened(str(value))}, wanted {what}")
            numbers[field] = value
    if spots:
        numbers.setdefault("blocks", len(spots))
    return Goal(kinds[name], colors=tuple(colors), spots=spots, **numbers)


def _spots(entries: Any) -> tuple[Spot, ...]:
    """The places of a structure, lower ones first."""
    if not isinstance(entries, list) or not entries:
        raise ConfigurationError(
            f"goal: got structure {shortened(str(entries))}, wanted a list such as {STRUCTURE_EXAMPLE}"
        )
    return tuple(sorted((_spot(entry) for entry in entries), key=lambda spot: spot.level))


def _spot(entry: Any) -> Spot:
    wanted = f"goal: got place {shortened(str(entry))}, wanted such as {STRUCTURE_EXAMPLE[1:-1]}"
    if not isinstance(entry, Mapping) or not {"at"} <= set(entry) <= {"at", "level", "color"}:
        raise ConfigurationError(wanted)
    at, level, color = entry["at"], entry.get("level", 0), entry.get("color", "")
    if (
        not isinstance(at, list)
        or len(at) != 2
        or any(isinstance(x, bool) or not isinstance(x, int | float) for x in at)
        or not all(abs(x) <= MOST_BLOCKS for x in at)  # of a message they may be NaN
        or isinstance(level, bool)
        or not isinstance(level, int)
        or not 0 <= level < MOST_BLOCKS
        or not isinstance(color, str)
    ):
        raise ConfigurationError(wanted)
    return Spot(float(at[0]), float(at[1]), level, color)
