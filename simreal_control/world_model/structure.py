"""A structure as places for blocks, what is believed of it, and how it is confirmed or refuted.

A release fills a place in belief. An observation may show the block there (confirmed), elsewhere
(it fell), or not at all: then blocks are counted, for a block that is nowhere else on the table is
most likely where it was put, only not recognized. The next block goes where those below are seen to
be. Whether a structure truly stands is for the judge to say, in `simreal_sim/scoring/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from simreal_control.world_model.block_map import Block

Array = NDArray[np.float64]

# A block stands in a place when its centre is nearer to it than this share of an edge, from above.
PLACE_SHARE = 0.8
SPOT_TOLERANCE = 0.05  # of what people write for thirds, blocks


@dataclass(frozen=True, eq=False)
class PlaceTarget:
    """Where a block is to be put down.

    Args:
        position: from above, metres, shape (2,).
        yaw: radians modulo a quarter turn.
        level: 0 on the table.
    """

    position: Array
    yaw: float
    level: int = 0


class StructureState(Enum):
    """Whether what was built still stands, as far as an observation tells."""

    CONFIRMED = "confirmed"
    UNCLEAR = "unclear"
    FELL = "fell"


@dataclass(frozen=True, eq=False)
class Slot:
    """A place for one block.

    Args:
        position: from above, as planned; metres, shape (2,).
        yaw: radians modulo a quarter turn, as planned.
        level: 0 on the table.
        supports: the places below, numbers in the structure.
        color: what it wants; empty for any.
        column: places of one column share a number.
    """

    position: Array
    yaw: float
    level: int
    supports: tuple[int, ...] = ()
    color: str = ""
    column: int = 0

    @property
    def planned(self) -> PlaceTarget:
        """Where its block goes if those below stand as planned."""
        return PlaceTarget(self.position, self.yaw, self.level)


@dataclass(frozen=True)
class Spot:
    """A place of a structure before that has one on the table.

    Args:
        x, y: of its centre, in blocks with the gap between two.
        level: 0 on the table.
        color: what it wants; empty for any.
    """

    x: float
    y: float
    level: int = 0
    color: str = ""

    @property
    def words(self) -> str:
        return f"({self.x:g}, {self.y:g}) on level {self.level}"


@dataclass(frozen=True, eq=False)
class StructureView:
    """A structure in an observation.

    Args:
        seen: which block stands in which place.
        standing: the places that are filled: those where one is seen, and those below.
        loose: blocks that belong to no place and have nothing on them.
        covered: blocks that belong to no place, with another on top.
    """

    seen: dict[int, Block]
    standing: frozenset[int]
    loose: tuple[Block, ...]
    covered: tuple[Block, ...]

    @property
    def elsewhere(self) -> int:
        """How many blocks are in no place."""
        return len(self.loose) + len(self.covered)


@dataclass(eq=False)
class Structure:
    """Places, and which of them are believed to be filled.

    Args:
        slots: supports before what stands on them.
        edge_m: of the blocks.
        filled: numbers of the filled places.
        known: the most blocks that were ever seen at once.
    """

    slots: list[Slot]
    edge_m: float
    filled: set[int] = field(default_factory=set)
    known: int = 0
    _seen: dict[int, PlaceTarget] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        return len(self.filled) == len(self.slots)

    @property
    def levels(self) -> int:
        """Height of what stands, blocks."""
        return max((self.slots[number].level + 1 for number in self.filled), default=0)

    @property
    def open(self) -> list[int]:
        """The places that can be filled next, lowest first."""
        ready = [
            number
            for number, slot in enumerate(self.slots)
            if number not in self.filled and self.filled.issuperset(slot.supports)
        ]
        return sorted(ready, key=lambda number: self.slots[number].level)

    def target(self, number: int) -> PlaceTarget:
        """Where the block of a place goes: over those below as they are seen."""
        slot = self.slots[number]
        below = [self._where(support) for support in slot.supports]
        if not below:
            return slot.planned
        position = np.asarray(np.mean([one.position for one in below], axis=0))
        yaw = below[0].yaw if len(below) == 1 else slot.yaw
        return PlaceTarget(position, yaw, slot.level)

    def _where(self, number: int) -> PlaceTarget:
        """Where the block of a filled place was last seen, else where it was to go."""
        return self._seen[number] if number in self._seen else self.target(number)

    def view(self, blocks: Sequence[Block]) -> StructureView:
        """What an observation shows of this structure."""
        reach = PLACE_SHARE * self.edge_m
        seen: dict[int, Block] = {}
        pairs = sorted(
            (block.horizontal_distance(self._expected(number)), number, index)
            for number, slot in enumerate(self.slots)
            for index, block in enumerate(blocks)
            if block.level == slot.level and self._fits(number, block)
        )
        used: set[int] = set()
        for distance, number, index in pairs:
            if distance < reach and number not in seen and index not in used:
                seen[number] = blocks[index]
                used.add(index)
        standing: set[int] = set()
        for number in seen:
            standing |= self.foundation(number)
        spots = [(self.slots[n].level, self._expected(n)) for n in standing]
        rest = [
            block
            for index, block in enumerate(blocks)
            # A second detection of what stands there, on a level that it cannot have.
            if index not in used
            and not any(
                level == block.level and block.horizontal_distance(spot) < reach / 2
                for level, spot in spots
            )
        ]
        covered = [
            block
            for block in rest
            if any(
                other.level == block.level + 1 and block.horizontal_distance(other.position) < reach
                for other in blocks
            )
        ]
        loose = [block for block in rest if block not in covered]
        return StructureView(seen, frozenset(standing), tuple(loose), tuple(covered))

    def _expected(self, number: int) -> Array:
        where = self._where(number) if number in self.filled else self.target(number)
        return where.position

    def _fits(self, number: int, block: Block) -> bool:
        """Colours tell only where one was asked for and nothing was put there yet."""
        wanted = self.slots[number].color
        return number in self.filled or not wanted or block.color in ("", wanted)

    def foundation(self, number: int) -> set[int]:
        """A place and all below it."""
        found = {number}
        for support in self.slots[number].supports:
            found |= self.foundation(support)
        return found

    def judge(self, view: StructureView) -> StructureState:
        """Compare what is believed with an observation."""
        if view.standing >= self.filled:
            return StructureState.CONFIRMED
        if len(self.filled) + view.elsewhere > self.known:
            return StructureState.FELL
        return StructureState.UNCLEAR

    def accept(self, view: StructureView) -> None:
        """Believe the observation."""
        self.filled = set(view.standing)
        self.known = max(self.known, len(self.filled) + view.elsewhere)
        self._seen = {
            number: PlaceTarget(np.array(block.position[:2]), block.yaw, block.level)
            for number, block in view.seen.items()
        } | {
            number: where
            for number, where in self._seen.items()
            if number in self.filled - set(view.seen)
        }

    def resize(self, column: int, height: int, color: str = "") -> None:
        """Give a column that many places; filled ones stay."""
        mine = [number for number, slot in enumerate(self.slots) if slot.column == column]
        while len(mine) < height:
            under = mine[-1]
            slot = self.slots[under]
            self.slots.append(
                Slot(slot.position, slot.yaw, slot.level + 1, (under,), color, column)
            )
            mine.append(len(self.slots) - 1)
        # Only the last places can go without a change of the numbers of others.
        while (
            len(mine) > height and mine[-1] == len(self.slots) - 1 and mine[-1] not in self.filled
        ):
            self.slots.pop()
            mine.pop()


def column(base: Block, height: int, number: int = 0, colors: Sequence[str] = ()) -> list[Slot]:
    """The places of a tower whose base stands already; supports count from 0."""
    names = [*colors, *[""] * height][:height]
    place = np.array(base.position[:2])
    return [
        Slot(place, base.yaw, level, (level - 1,) if level else (), names[level], number)
        for level in range(height)
    ]


def row(middle: Array, yaw: float, count: int, pitch_m: float, colors: Sequence[str]) -> list[Slot]:
    """Places side by side on the table."""
    names = [*colors, *[""] * count][:count]
    return [
        Slot(place, yaw, 0, (), name, number)
        for number, (place, name) in enumerate(
            zip(_line(middle, yaw, count, pitch_m), names, strict=True)
        )
    ]


def pyramid(middle: Array, yaw: float, foot: int, pitch_m: float) -> list[Slot]:
    """`foot` places on the table, one less on each level above, each over the gap of two."""
    slots: list[Slot] = []
    below: list[int] = []
    for level in range(foot):
        count = foot - level
        first = len(slots)
        for index, place in enumerate(_line(middle, yaw, count, pitch_m)):
            supports = (below[index], below[index + 1]) if level else ()
            slots.append(Slot(place, yaw, level, supports, "", first + index))
        below = list(range(first, first + count))
    return slots


def overlapping(spots: Sequence[Spot]) -> tuple[Spot, Spot] | None:
    """Two that cannot both be filled; None where all can."""
    for number, one in enumerate(spots):
        for other in spots[:number]:
            if one.level == other.level and _beside(one, other) < 1.0 - SPOT_TOLERANCE:
                return other, one
    return None


def unsupported(spots: Sequence[Spot]) -> Spot | None:
    """One that does not rest on the middle of those below; None where all do."""
    for spot in spots:
        below = [spots[number] for number in _supports(spots, spot)]
        if spot.level == 0:
            continue
        if not below:
            return spot
        middle = np.mean([(one.x, one.y) for one in below], axis=0)
        if np.max(np.abs(middle - (spot.x, spot.y))) > SPOT_TOLERANCE:
            return spot
    return None


def wall_spots(blocks: int, width: int) -> tuple[Spot, ...]:
    """The places of a wall, layer by layer."""
    return tuple(Spot(float(number % width), 0.0, number // width) for number in range(blocks))


def layout(middle: Array, yaw: float, spots: Sequence[Spot], pitch_m: float) -> list[Slot]:
    """Places of a structure about its middle; `spots` has lower ones first."""
    flat = np.array([(spot.x, spot.y) for spot in spots])
    flat = (flat - (flat.min(axis=0) + flat.max(axis=0)) / 2) * pitch_m
    turn = np.array([[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]])
    places = np.asarray(middle)[:2] + flat @ turn.T
    return [
        Slot(place, yaw, spot.level, _supports(spots, spot), spot.color, number)
        for number, (spot, place) in enumerate(zip(spots, places, strict=True))
    ]


def _supports(spots: Sequence[Spot], spot: Spot) -> tuple[int, ...]:
    """Numbers of those that one rests on."""
    return tuple(
        number
        for number, other in enumerate(spots)
        if other.level == spot.level - 1 and _beside(spot, other) < 1.0 - SPOT_TOLERANCE
    )


def _beside(one: Spot, other: Spot) -> float:
    return max(abs(one.x - other.x), abs(one.y - other.y))


def _line(middle: Array, yaw: float, count: int, pitch_m: float) -> list[Array]:
    along = np.array([np.cos(yaw), np.sin(yaw)])
    return [
        np.asarray(middle[:2] + (index - (count - 1) / 2) * pitch_m * along)
        for index in range(count)
    ]
