"""Block selection: which block goes where next."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import KinematicsError
from simreal_control.grasping.pick_place import Held, PickPlace, PickPlacePlanner, Place
from simreal_control.task.task_planning.decision import (
    Decision,
    Do,
    Done,
    LookElsewhere,
    ObserveAgain,
    SetBack,
)
from simreal_control.task.task_planning.obstruction_removal import (
    ObstructionRemoval,
    obstructs,
    suitable_for,
)
from simreal_control.task.task_planning.placement_site import free_place
from simreal_control.task.task_planning.search import Search
from simreal_control.task.task_planning.situation import Situation
from simreal_control.world_model.block_map import Block
from simreal_control.world_model.structure import PlaceTarget, Structure, StructureView

Array = NDArray[np.float64]

MISSES_UNTIL_IGNORED = 2  # a place where the hand closed on nothing this often is left alone
WAYS_TRIED = 2  # to one block, before others are tried, or what obstructs it is moved
# Observations in a row that lack a block: what was missed by chance is seen at the next. Then one of
# low confidence, or whose place is known badly, counts; then one may be occluded by the tower.
LOW_CONFIDENCE_AFTER, SEARCH_AFTER = 1, 2


@dataclass(frozen=True, eq=False)
class Selection:
    """A selection says what the hand does next.

    Args:
        decision: what follows.
        search: how far the search for blocks has gone then.
        notes: what has to be told before it, in words.
    """

    decision: Decision
    search: Search
    notes: tuple[str, ...] = ()


@dataclass(eq=False)
class BlockSelector:
    """Selects the next block and its place; remembers where the hand found nothing.

    To select changes nothing: `commit` says that a selection is what will be done.

    Args:
        planner: finds grasps and placements.
    """

    planner: PickPlacePlanner
    _search: Search = field(default_factory=Search)
    _misses: list[Array] = field(default_factory=list)
    _no_ways: list[Array] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._obstruction_removal = ObstructionRemoval(self.planner)

    def no_way(self, position: Array) -> None:
        """No motion to the block there was found, metres, shape (2,) or (3,)."""
        self._no_ways.append(np.array(position[:2]))

    def changed(self) -> None:
        """A block was put somewhere: other ways may be free."""
        self._no_ways = []

    def missed(self, position: Array) -> None:
        """The hand closed on nothing there, metres, shape (2,) or (3,)."""
        self._misses.append(np.array(position[:2]))

    def commit(self, selection: Selection) -> None:
        """This is what will be done."""
        self._search = selection.search

    def ignored(self, block: Block, edge_m: float) -> bool:
        """Whether the hand has found nothing there too often."""
        near = [miss for miss in self._misses if block.horizontal_distance(miss) < edge_m]
        return len(near) >= MISSES_UNTIL_IGNORED

    def select(self, now: Situation, structure: Structure, view: StructureView) -> Selection:
        """The next block, the hand being empty."""
        search = self._search
        notes: tuple[str, ...] = ()
        loose = [block for block in view.loose if not self.ignored(block, now.edge_m)]
        candidates = [block for block in loose if self.planner.well_placed(block)]
        slots = structure.open
        suitable = {slot: suitable_for(structure, slot, candidates) for slot in slots}
        if search.aside:
            found = {
                slot: [b for b in blocks if not search.is_aside(b, now.edge_m)]
                for slot, blocks in suitable.items()
            }
            if any(found.values()):
                suitable = found
            elif now.elsewhere:
                return Selection(LookElsewhere(_lack(structure)), search)
            else:
                behind = self._obstruction_removal.reveal_occluded(now, structure, view)
                if behind is not None:
                    return _removing(behind, search)
            search = replace(search, aside=())  # what was taken down is put back
        if now.elsewhere and not any(suitable.values()):
            return Selection(LookElsewhere(_lack(structure)), search)
        lacks, search = search.lacks, replace(search, lacks=0)
        if not any(suitable.values()):
            search = replace(search, lacks=lacks + 1)
            unsure = [
                block
                for block in loose
                if block not in candidates
                and any(block in suitable_for(structure, slot, loose) for slot in slots)
            ]
            hidden = (
                None if unsure else self._obstruction_removal.uncover(now, search, structure, view)
            )
            if hidden is not None:
                return _removing(hidden, search)
            candidates = []
            if lacks >= LOW_CONFIDENCE_AFTER:
                candidates = [*unsure, *self._low_confidence_on_table(now)]
            suitable = {slot: suitable_for(structure, slot, candidates) for slot in slots}
            if not any(suitable.values()):
                if lacks >= SEARCH_AFTER and not unsure and not search.over:
                    search = replace(search, over=True)
                    behind = self._obstruction_removal.reveal_occluded(now, structure, view)
                    if behind is not None:
                        return _removing(behind, search)
                outside = now.observation.outside()
                words = f", {outside} outside of the block zone" * bool(outside)
                words += f", the place of {len(unsure)} is not known well" * bool(unsure)
                return Selection(ObserveAgain(_lack(structure) + words), search)
            kind = "one whose place is not known well" if unsure else "a faint one"
            notes = (f"{_lack(structure)} well: {kind} is tried",)
        scene = [*now.scene, *(block for block in candidates if block not in now.scene)]
        reasons: list[str] = []
        for slot in slots:
            if not suitable[slot]:
                continue
            free = [block for block in suitable[slot] if not self._without_way(block, now.edge_m)]
            if not free:
                reasons.append("no way leads to any block")
                continue
            target = structure.target(slot)
            try:
                work = self._choose(free, scene, now.edge_m, target)
            except KinematicsError as error:
                reasons.append(str(error))
                continue
            x, y = work.block.position[:2]
            name = f"{work.block.color} block" if structure.slots[slot].color else "block"
            at = f"level {target.level}" + _column_words(structure, slot)
            how = " by a tilted hand" * bool(work.tilt)
            words = f"taking the {name} at ({x:.3f}, {y:.3f}) m for {at}{how}"
            return Selection(Do(work, slot, words), search, notes)
        wanted = [block for blocks in suitable.values() for block in blocks]
        removal = self._obstruction_removal
        removing = removal.clear_neighbours(now, search, candidates, wanted) or removal.unstack(
            now, search, structure, view, wanted
        )
        if removing is not None:
            return _removing(removing, search, notes)
        return Selection(SetBack("; ".join(dict.fromkeys(reasons))), search, notes)

    def place(self, now: Situation, structure: Structure, held: Held) -> Decision:
        """A place for what is in the hand already."""
        for slot in structure.open:
            wanted = structure.slots[slot].color
            if wanted not in ("", held.color):
                continue
            target = structure.target(slot)
            others = self.planner.away_from(target.position, now.scene)
            try:
                placement = self.planner.placement(target, others, held.tilt)
            except KinematicsError:
                continue
            words = f"the block in the hand goes to level {target.level}"
            return Do(Place(placement), slot, words)
        return self.rid_of(now, held)

    def rid_of(self, now: Situation, held: Held) -> Decision:
        """Put down on the table what is in the hand."""
        try:
            target = free_place(now.ground(self.planner), now.planned_places)
            placement = self.planner.placement(target, now.scene, held.tilt)
        except KinematicsError as error:
            return Done(False, f"the block in the hand cannot be put down: {error}")
        x, y = target.position
        words = f"the block in the hand is put down at ({x:.3f}, {y:.3f}) m"
        return Do(Place(placement), None, words)

    def verify_by_grasp(self, now: Situation, structure: Structure, slot: int) -> Decision | None:
        """Verify by grasp that a block stands in its place; None where no hand gets."""
        target = structure.target(slot)
        level = target.level
        centre = np.array([*target.position, now.observation.blocks.height(level)])
        block = Block(centre, target.yaw, level, 1e-4 * np.eye(3), 0.0, 0)
        try:
            work = self.planner.choose([block], now.scene, target)
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
        target: PlaceTarget,
    ) -> PickPlace:
        """The best of those that a higher tower would obstruct; else the best of all.

        Raises:
            KinematicsError: none can be grasped, or none can be placed.
        """
        first = [block for block in candidates if obstructs(target.position, block, edge_m)]
        if first and len(first) < len(candidates):
            with suppress(KinematicsError):
                return self.planner.choose(first, scene, target)
        return self.planner.choose(candidates, scene, target)

    def _low_confidence_on_table(self, now: Situation) -> list[Block]:
        """Blocks of low confidence, on the table, clear of all blocks and places."""
        taken = [*(block.position for block in now.scene), *now.planned_places]
        return [
            block
            for block in now.observation.low_confidence(now.scene)
            if block.level == 0
            and not self.ignored(block, now.edge_m)
            and all(block.horizontal_distance(other) > now.edge_m for other in taken)
        ]

    def _without_way(self, block: Block, edge_m: float) -> bool:
        """Whether ways to it were planned, in vain, often enough."""
        near = [place for place in self._no_ways if block.horizontal_distance(place) < edge_m / 2]
        return len(near) >= WAYS_TRIED


def _removing(removing: Do, search: Search, notes: tuple[str, ...] = ()) -> Selection:
    """The selection that takes a block away first."""
    assert removing.removal is not None
    return Selection(removing, search.after(removing.removal), notes)


def _column_words(structure: Structure, slot: int) -> str:
    if len({s.column for s in structure.slots}) == 1:
        return ""
    x, y = structure.target(slot).position
    return f" at ({x:.3f}, {y:.3f}) m"


def _lack(structure: Structure) -> str:
    colors = sorted({structure.slots[slot].color for slot in structure.open} - {""})
    which = f"no {' or '.join(colors)} block is" if colors else "no other is"
    return (
        f"{len(structure.filled)} of {len(structure.slots)} blocks are in their places and "
        f"{which} seen"
    )
