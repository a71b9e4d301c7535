"""Which block goes where next, and what has to be moved out of its way before."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import KinematicsError
from simreal_control.block_map import Block
from simreal_control.decision import Decision, Do, Done, Held, LookAgain, SetBack
from simreal_control.look import Look
from simreal_control.pick_place import PickPlace, PickPlacePlanner
from simreal_control.site import ARM_FOOT, Ground, free_place
from simreal_control.structure import Structure, StructureView

Array = NDArray[np.float64]

MISSES_UNTIL_IGNORED = 2  # a place where the hand closed on nothing this often is left alone
NEIGHBOUR_EDGES = 2.6  # a block this near to a wanted one may keep the hand from it
BESIDE_EDGES = 2.0  # a block this near to a tower is taken before that grows and bars the hand,
BEHIND_EDGES = (
    2.2  # and so is one behind it, this near to the line from the arm's foot: the forearm's
)
WAYS_TRIED = 2  # to one block, before others are tried, or what bars it is moved
MOST_CLEARINGS = 6  # blocks moved out of the way, in one task
FAINT_AFTER = 1  # looks in a row that lack a block; what was missed by chance is seen then
SEARCH_AFTER = 2


@dataclass(frozen=True, eq=False)
class Situation:
    """A look, and what is believed after it.

    Args:
        look: what was seen.
        scene: the blocks there are.
        structure: what is built; None as long as it has no place.
        notes: takes what has to be told, in words.
    """

    look: Look
    scene: Sequence[Block]
    structure: Structure | None
    notes: list[str]

    @property
    def edge_m(self) -> float:
        return self.look.blocks.edge_m

    @property
    def planned_places(self) -> list[Array]:
        """From above, metres, shape (2,) each."""
        return [slot.position for slot in self.structure.slots] if self.structure else []


@dataclass(eq=False)
class BlockChooser:
    """Chooses what the hand does next; remembers what it found nothing at.

    Args:
        planner: finds grasps and placements.
    """

    planner: PickPlacePlanner
    _clearings: int = 0
    _lacks: int = 0
    _searched: bool = False
    _aside: list[Array] = field(default_factory=list)
    _misses: list[Array] = field(default_factory=list)
    _no_ways: list[Array] = field(default_factory=list)

    def no_way(self, position: Array) -> None:
        """No motion to the block there was found, metres, shape (2,) or (3,)."""
        self._no_ways.append(np.array(position[:2]))

    def changed(self) -> None:
        """A block was put somewhere: other ways may be free."""
        self._no_ways = []

    def missed(self, position: Array) -> None:
        """The hand closed on nothing there, metres, shape (2,) or (3,)."""
        self._misses.append(np.array(position[:2]))

    def ignored(self, block: Block, edge_m: float) -> bool:
        """Whether the hand has found nothing there too often."""
        near = [miss for miss in self._misses if block.horizontal_distance(miss) < edge_m]
        return len(near) >= MISSES_UNTIL_IGNORED

    def ground(self, now: Situation) -> Ground:
        """What is known of the table."""

        def reachable(position: Array, yaw: float, level: int) -> None:
            self.planner.placement(position, yaw, level, [])

        zone = now.look.zone
        return Ground(
            now.scene, now.edge_m, zone.lower, zone.upper, now.look.camera_position, reachable
        )

    def next(self, now: Situation, structure: Structure, view: StructureView) -> Decision:
        """The next block, the hand being empty."""
        candidates = [block for block in view.loose if not self.ignored(block, now.edge_m)]
        slots = structure.open
        suitable = {slot: _suitable(structure, slot, candidates) for slot in slots}
        new = {
            slot: [b for b in blocks if not self._is_aside(now, b)]
            for slot, blocks in suitable.items()
        }
        if self._aside and any(new.values()):
            suitable, self._aside = new, []  # what was looked for
        elif self._aside:
            behind = self._look_behind(now, structure, view)
            if behind is not None:
                return behind
            self._aside = []  # nothing: what was taken down is put back
        lacks, self._lacks = self._lacks, 0
        if not any(suitable.values()):
            self._lacks = lacks + 1
            hidden = self._uncover(now, structure, view)
            if hidden is not None:
                return hidden
            candidates = self._lying_faint(now) if lacks >= FAINT_AFTER else []
            suitable = {slot: _suitable(structure, slot, candidates) for slot in slots}
            if not any(suitable.values()):
                behind = None
                if lacks >= SEARCH_AFTER and not self._searched:
                    self._searched = True
                    behind = self._look_behind(now, structure, view)
                outside = now.look.outside()
                words = f", {outside} outside of the block zone" * bool(outside)
                return behind or LookAgain(_lack(structure) + words)
            now.notes.append(f"{_lack(structure)} well: a faint one is tried")
        scene = [*now.scene, *(block for block in candidates if block not in now.scene)]
        reasons: list[str] = []
        for slot in slots:
            if not suitable[slot]:
                continue
            free = [block for block in suitable[slot] if not self._barred(block, now.edge_m)]
            if not free:
                reasons.append("no way leads to any block")
                continue
            position, yaw = structure.target(slot)
            level = structure.slots[slot].level
            try:
                work = self._choose(free, scene, now.edge_m, position, yaw, level)
            except KinematicsError as error:
                reasons.append(str(error))
                continue
            assert work.block is not None
            x, y = work.block.position[:2]
            name = f"{work.block.color} block" if structure.slots[slot].color else "block"
            at = f"level {level}" + _column_words(structure, slot)
            how = " by a tilted hand" * bool(work.tilt)
            return Do(work, slot, f"taking the {name} at ({x:.3f}, {y:.3f}) m for {at}{how}")
        wanted = [block for blocks in suitable.values() for block in blocks]
        return (
            self._clear(now, candidates, wanted)
            or self._unbuild(now, structure, view, wanted)
            or SetBack("; ".join(dict.fromkeys(reasons)))
        )

    def place(self, now: Situation, structure: Structure, held: Held) -> Decision:
        """A place for what is in the hand already."""
        for slot in structure.open:
            wanted = structure.slots[slot].color
            if wanted not in ("", held.color):
                continue
            position, yaw = structure.target(slot)
            level = structure.slots[slot].level
            others = self.planner.away_from(position, now.scene)
            try:
                placement = self.planner.placement(position, yaw, level, others, held.tilt)
            except KinematicsError:
                continue
            work = PickPlace(None, None, placement)
            return Do(work, slot, f"the block in the hand goes to level {level}")
        return self.rid_of(now, held)

    def rid_of(self, now: Situation, held: Held) -> Decision:
        """Put down on the table what is in the hand."""
        try:
            position, yaw = free_place(self.ground(now), now.planned_places)
            placement = self.planner.placement(position, yaw, 0, now.scene, held.tilt)
        except KinematicsError as error:
            return Done(False, f"the block in the hand cannot be put down: {error}")
        return Do(
            PickPlace(None, None, placement),
            None,
            f"the block in the hand is put down at ({position[0]:.3f}, {position[1]:.3f}) m",
        )

    def feel(self, now: Situation, structure: Structure, slot: int) -> Decision | None:
        """Close the hand where a block of the structure should stand; None where no hand gets."""
        level = structure.slots[slot].level
        position, yaw = structure.target(slot)
        centre = np.array([position[0], position[1], now.look.blocks.height(level)])
        block = Block(centre, yaw, level, 1e-4 * np.eye(3), 0.0, 0)
        try:
            work = self.planner.choose([block], now.scene, position, yaw, level)
        except KinematicsError:
            return None
        return Do(
            work, slot, f"feeling whether a block stands on level {level}, none is seen", True
        )

    def _choose(
        self,
        candidates: Sequence[Block],
        scene: Sequence[Block],
        edge_m: float,
        position: Array,
        yaw: float,
        level: int,
    ) -> PickPlace:
        """The best of those that a higher tower would bar; else the best of all.

        Raises:
            KinematicsError: none can be grasped, or none can be placed.
        """
        first = [block for block in candidates if _bars(position, block, edge_m)]
        if first and len(first) < len(candidates):
            with suppress(KinematicsError):
                return self.planner.choose(first, scene, position, yaw, level)
        return self.planner.choose(candidates, scene, position, yaw, level)

    def _lying_faint(self, now: Situation) -> list[Block]:
        """Blocks that were scored low, on the table, clear of all blocks and places."""
        taken = [*(block.position for block in now.scene), *now.planned_places]
        return [
            block
            for block in now.look.faint(now.scene)
            if block.level == 0
            and not self.ignored(block, now.edge_m)
            and all(block.horizontal_distance(other) > now.edge_m for other in taken)
        ]

    def _uncover(
        self, now: Situation, structure: Structure, view: StructureView
    ) -> Decision | None:
        """Take off what lies on a wanted block."""
        for slot in structure.open:
            for block in _suitable(structure, slot, view.covered):
                above = [
                    other
                    for other in view.loose
                    if other.level > block.level
                    and other.horizontal_distance(block.position) < now.edge_m
                ]
                decision = self._clear(now, above, [block])
                if decision is not None:
                    return decision
        return None

    def _unbuild(
        self,
        now: Situation,
        structure: Structure,
        view: StructureView,
        wanted: Sequence[Block],
    ) -> Decision | None:
        """Take the top off a column that keeps the hand from a wanted block beside it."""
        for number in _tops(structure, view):
            top = view.seen[number]
            if any(_bars(top.position, block, now.edge_m) for block in wanted):
                decision = self._move_aside(now, [top])
                if decision is not None:
                    structure.filled.discard(number)
                    return decision
        return None

    def _look_behind(
        self, now: Situation, structure: Structure, view: StructureView
    ) -> Decision | None:
        """Take the top off a column: a block may lie behind it, where no camera sees it."""
        for number in _tops(structure, view):
            try:
                position, yaw = free_place(self.ground(now), now.planned_places)
                work = self.planner.choose([view.seen[number]], now.scene, position, yaw, 0)
            except KinematicsError:
                continue
            structure.filled.discard(number)
            self._aside.append(np.array(position[:2]))
            level = structure.slots[number].level
            return Do(work, None, f"taking down level {level}, to look behind it")
        return None

    def _barred(self, block: Block, edge_m: float) -> bool:
        """Whether ways to it were looked for often enough."""
        near = [place for place in self._no_ways if block.horizontal_distance(place) < edge_m / 2]
        return len(near) >= WAYS_TRIED

    def _is_aside(self, now: Situation, block: Block) -> bool:
        """Whether it was taken down to look behind it."""
        return any(block.horizontal_distance(place) < now.edge_m for place in self._aside)

    def _clear(
        self, now: Situation, movable: Sequence[Block], wanted: Sequence[Block]
    ) -> Decision | None:
        """Move a neighbour of a wanted block out of its way."""
        near = [
            block
            for block in movable
            if any(
                other is not block
                and block.horizontal_distance(other.position) < NEIGHBOUR_EDGES * now.edge_m
                for other in wanted
            )
        ]
        return self._move_aside(now, near)

    def _move_aside(self, now: Situation, movable: Sequence[Block]) -> Decision | None:
        """Put one of these blocks on free table."""
        if not movable or self._clearings >= MOST_CLEARINGS:
            return None
        try:
            position, yaw = free_place(self.ground(now), now.planned_places)
            work = self.planner.choose(movable, now.scene, position, yaw, 0)
        except KinematicsError:
            return None
        self._clearings += 1
        assert work.block is not None
        x, y = work.block.position[:2]
        return Do(work, None, f"moving the block at ({x:.3f}, {y:.3f}) m out of the way")


def _bars(tower: Array, block: Block, edge_m: float) -> bool:
    """Whether a high tower, metres, shape (2,) or (3,), keeps the arm from a block.

    The hand, where the block is beside it; the forearm, where the block is behind it.
    """
    if block.horizontal_distance(tower) < BESIDE_EDGES * edge_m:
        return True
    way = block.position[:2] - ARM_FOOT
    along = float(way @ (tower[:2] - ARM_FOOT)) / float(way @ way)
    aside = float(np.linalg.norm(tower[:2] - ARM_FOOT - along * way))
    return along < 1.0 and aside < BEHIND_EDGES * edge_m


def _tops(structure: Structure, view: StructureView) -> list[int]:
    """Places of the blocks that stand on others and carry none."""
    return [
        number
        for number in structure.filled & view.seen.keys()
        if structure.slots[number].level > 0
        and not any(number in structure.slots[other].supports for other in structure.filled)
    ]


def _suitable(structure: Structure, slot: int, candidates: Sequence[Block]) -> list[Block]:
    """Those of the colour that a place wants; all where it wants none."""
    color = structure.slots[slot].color
    return [block for block in candidates if color in ("", block.color)]


def _column_words(structure: Structure, slot: int) -> str:
    if len({s.column for s in structure.slots}) == 1:
        return ""
    x, y = structure.target(slot)[0]
    return f" at ({x:.3f}, {y:.3f}) m"


def _lack(structure: Structure) -> str:
    colors = sorted({structure.slots[slot].color for slot in structure.open} - {""})
    which = f"no {' or '.join(colors)} block is" if colors else "no other is"
    return (
        f"{len(structure.filled)} of {len(structure.slots)} blocks are in their places and "
        f"{which} seen"
    )
