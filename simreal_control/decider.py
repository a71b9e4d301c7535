"""From a look to the next thing to do: where the structure stands, which block goes where."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from simreal_common.block_estimate import BlockEstimate
from simreal_common.errors import KinematicsError
from simreal_control.block_map import DISTINCT_SHARE, Block, BlockMapConfig, fuse
from simreal_control.goal import Build, Goal
from simreal_control.grasps import Grasp
from simreal_control.pick_place import PickPlace, PickPlacePlanner
from simreal_control.site import Ground, free_place, plan_structure
from simreal_control.structure import Structure, StructureView, Verdict
from simreal_control.task_io import Sighting

Array = NDArray[np.float64]

MISSES_UNTIL_IGNORED = 2  # a place where the hand closed on nothing this often is left alone
UNCLEAR_LOOKS = 2  # so many further looks before a block that is seen nowhere is taken for placed
NEIGHBOUR_EDGES = 2.6  # a block this near to a wanted one may keep the hand from it
BESIDE_EDGES = 2.0  # a block this near to a tower is taken before that grows and bars the hand
MOST_CLEARINGS = 6  # blocks moved out of the way, in one task


@dataclass(frozen=True, eq=False)
class LookAgain:
    """The look settles nothing; `poor` ones are borne a bounded number of times."""

    reason: str
    poor: bool = True


@dataclass(frozen=True)
class SetBack:
    """Something that was built does not stand, or nothing can be done: an attempt has failed."""

    reason: str


@dataclass(frozen=True, eq=False)
class Do:
    """The next block, into the hand and to its place; `slot` is None for a place on the table.

    With `feel` the hand only closes on the block, to tell whether it is there, and opens again.
    """

    work: PickPlace
    slot: int | None
    words: str
    feel: bool = False


@dataclass(frozen=True)
class Done:
    """The task has ended."""

    success: bool
    reason: str


Decision = LookAgain | SetBack | Do | Done


@dataclass(frozen=True, eq=False)
class Zone:
    """Where blocks are looked for, seen from above; metres, shape (2,) each."""

    lower: Array
    upper: Array

    @property
    def centre(self) -> Array:
        return np.asarray((self.lower + self.upper) / 2.0)

    def holds(self, position: Array) -> bool:
        """Whether a position, shape (2,) or (3,), lies in it."""
        xy = np.asarray(position)[:2]
        return bool((xy >= self.lower).all() and (xy <= self.upper).all())


@dataclass(frozen=True)
class Held:
    """A block in the hand at the time of a look; its colour and the hand's tilt where known."""

    color: str = ""
    tilt: float = 0.0


@dataclass(eq=False)
class Decider:
    """Believes, and decides.

    Args:
        goal, zone, blocks: what to build, where, of what.
        planner: finds grasps and placements.

    Attributes:
        scene: the blocks of the last look.
        structure: what is built; None as long as it has no place.
        progress: whether the last look saw more standing than ever before.
        notes: what the last look showed that has to be told, in words.
    """

    goal: Goal
    zone: Zone
    blocks: BlockMapConfig
    planner: PickPlacePlanner
    scene: list[Block] = field(default_factory=list)
    structure: Structure | None = None
    progress: bool = False
    notes: list[str] = field(default_factory=list)
    _camera: Array = field(default_factory=lambda: np.zeros(3))
    _best: int = 0
    _unclear_looks: int = 0
    _clearings: int = 0
    _misses: list[Array] = field(default_factory=list)
    _images: list[Sequence[BlockEstimate]] = field(default_factory=list)
    _lacking: bool = False
    _felt: set[int] = field(default_factory=set)

    @property
    def placed(self) -> int:
        """Blocks in their places, as believed."""
        return len(self.structure.filled) if self.structure is not None else 0

    @property
    def wanted(self) -> int:
        """Blocks that the structure shall have; 0 as long as that is not known."""
        if self.structure is not None:
            return len(self.structure.slots)
        return len(self.goal.colors) if self.goal.ordered else self.goal.blocks

    def missed(self, position: Array) -> None:
        """The hand found nothing there."""
        self._misses.append(np.array(position[:2]))
        self.planner.unbar()

    def no_way(self, grasp: Grasp) -> None:
        """No motion was found that brings the hand there: another grasp, or another block."""
        self.planner.bar(grasp)

    def released(self, slot: int | None) -> None:
        """A block was let go in that place."""
        self.planner.unbar()
        if self.structure is not None and slot is not None:
            self.structure.filled.add(slot)

    def felt(self, slot: int | None, there: bool) -> None:
        """The hand has felt for the block in a place; where it cannot get there, it is believed."""
        structure = self.structure
        if structure is None or slot is None:
            return
        if there:
            self._felt.add(slot)
        else:
            structure.filled.discard(slot)
            structure.known -= 1

    def decide(self, sightings: Sequence[Sighting], held: Held | None = None) -> Decision:
        """What to do after a look.

        Args:
            sightings: one or more pictures of the same resting scene.
            held: what the hand holds meanwhile.
        """
        self.progress, self.notes = False, []
        self._camera = sightings[-1].camera_position
        self._images = [sighting.estimates for sighting in sightings]
        self.scene = self._seen(self.blocks)
        if self.structure is None:
            absent = self._begin(held)
            if absent is not None:
                return self._rid_of(held) if held is not None else absent
        assert self.structure is not None
        view = self._view()
        refusal = self._judge(view, held)
        if refusal is not None:
            return refusal
        self._adapt(view, held)
        if self.structure.done and held is None:
            return Done(True, self._success())
        return self._place(held) if held is not None else self._next(view)

    def _seen(self, config: BlockMapConfig) -> list[Block]:
        return [b for b in fuse(self._images, config) if self.zone.holds(b.position)]

    def _faint(self) -> list[Block]:
        """What may be blocks that were scored low, away from those of the scene."""
        apart = DISTINCT_SHARE * self.blocks.edge_m
        return [
            block
            for block in self._seen(replace(self.blocks, min_score=self.blocks.faint_score))
            if all(np.linalg.norm(block.position - other.position) > apart for other in self.scene)
        ]

    def _view(self) -> StructureView:
        """The look as the structure sees it; where a block was put a faint one is enough."""
        assert self.structure is not None
        view = self.structure.view(self.scene)
        if self.structure.filled <= set(view.seen):
            return view
        faint = self._faint()
        there = self.structure.view([*self.scene, *faint]).seen
        self.scene += [there[n] for n in self.structure.filled if there.get(n) in faint]
        return self.structure.view(self.scene)

    def _ground(self) -> Ground:
        def reachable(position: Array, yaw: float, level: int) -> None:
            self.planner.placement(position, yaw, level, [])

        return Ground(
            self.scene, self.blocks.edge_m, self.zone.lower, self.zone.upper, self._camera, reachable
        )  # fmt: skip

    def _begin(self, held: Held | None) -> LookAgain | None:
        """Give the structure its place."""
        if not self.scene and held is None:
            return LookAgain("no block is seen in the block zone")
        try:
            self.structure = plan_structure(self.goal, self._ground())
        except KinematicsError as error:
            return LookAgain(f"no place for {self.goal.words}: {error}")
        if held is not None:
            self.structure.known += 1
        spots = {slot.column: slot.position for slot in self.structure.slots if slot.level == 0}
        where = ", ".join(f"({x:.3f}, {y:.3f})" for x, y in spots.values())
        standing = self.structure.view(self.scene).standing
        self.structure.filled = set(standing)
        self._best = len(standing)
        self.notes.append(
            f"{self.goal.words}: built at {where} m; {len(standing)} of "
            f"{len(self.structure.slots)} places are filled"
        )
        return None

    def _judge(self, view: StructureView, held: Held | None) -> Decision | None:
        """None where the look settles what stands."""
        structure = self.structure
        assert structure is not None
        believed = len(structure.filled)
        verdict = structure.judge(view)
        if verdict is Verdict.UNCLEAR:
            self._unclear_looks += 1
            if self._unclear_looks <= UNCLEAR_LOOKS:
                return LookAgain(
                    f"{believed} blocks should stand in their places, {len(view.standing)} are "
                    "seen",
                    poor=False,
                )
            if not view.standing and all(structure.slots[n].level == 0 for n in structure.filled):
                self.structure, self._unclear_looks = None, 0
                return LookAgain("what was built on is no longer seen")
            doubt = self._feel(view, held)
            if doubt is not None:
                return doubt
            self.notes.append(
                f"of {believed} blocks in their places {len(view.standing)} are seen, none lies "
                "elsewhere: taken for standing"
            )
        self._unclear_looks = 0
        self._felt -= view.standing
        if verdict is Verdict.FELL:
            structure.accept(view)
            if not structure.filled:
                self.structure = None
            return SetBack(
                f"{believed} blocks should stand in their places, {len(view.standing)} do, others "
                "lie"
            )
        if len(structure.filled) > self._best:
            self._best, self.progress = len(structure.filled), True
            self.notes.append(f"seen from home: {self._best} blocks stand in their places")
        return None

    def _feel(self, view: StructureView, held: Held | None) -> Decision | None:
        """Let the hand find out whether a block stands that no look has shown.

        It may be hidden, or somebody has taken it; what is put on it would fall in that case, and
        what is put in its place hit it in the other.
        """
        structure = self.structure
        assert structure is not None
        missing = structure.filled - view.standing - self._felt
        if not missing:
            return None
        if held is not None:
            return self._rid_of(held)
        slot = max(missing, key=lambda number: structure.slots[number].level)
        level = structure.slots[slot].level
        position, yaw = structure.target(slot)
        centre = np.array([position[0], position[1], self.blocks.height(level)])
        block = Block(centre, yaw, level, 1e-4 * np.eye(3), 0.0, 0)
        try:
            work = self.planner.choose([block], self.scene, position, yaw, level)
        except KinematicsError:
            return None
        return Do(
            work, slot, f"feeling whether a block stands on level {level}, none is seen", True
        )

    def _adapt(self, view: StructureView, held: Held | None) -> None:
        """Where all blocks are wanted, the structure has as many places as there are blocks."""
        structure = self.structure
        assert structure is not None
        if self.goal.blocks or self.goal.ordered:
            return
        ignored = sum(self._ignored(block) for block in view.loose)
        if self.goal.build is Build.TOWER:
            # Those that were seen once and are hidden now count.
            structure.resize(0, max(2, structure.known - ignored))
        elif self.goal.build is Build.SORT:
            loose = [block.color for block in view.loose if not self._ignored(block)]
            for number in {slot.column for slot in structure.slots}:
                mine = [s for s in structure.slots if s.column == number]
                filled = sum(structure.slots[n].column == number for n in structure.filled)
                color = mine[0].color
                more = loose.count(color) + (held is not None and held.color == color)
                structure.resize(number, max(filled + more, 1), color)

    def _success(self) -> str:
        structure = self.structure
        assert structure is not None
        if self.goal.build is Build.TOWER:
            return f"the tower of {structure.levels} stands"
        return f"{self.goal.words}: {len(structure.filled)} blocks stand in their places"

    # --- what next -------------------------------------------------------------------------------

    def _next(self, view: StructureView) -> Decision:
        structure = self.structure
        assert structure is not None
        candidates = [block for block in view.loose if not self._ignored(block)]
        slots = structure.open
        suitable = {slot: self._suitable(slot, candidates) for slot in slots}
        lacked, self._lacking = self._lacking, not any(suitable.values())
        if self._lacking:
            hidden = self._uncover(view, slots)
            if hidden is not None:
                return hidden
            # A second look first: what was missed by chance is seen then.
            candidates = self._lying_faint() if lacked else []
            suitable = {slot: self._suitable(slot, candidates) for slot in slots}
            if not any(suitable.values()):
                return LookAgain(self._lack(slots) + self._outside())
            self.notes.append(f"{self._lack(slots)} well: a faint one is tried")
        scene = [*self.scene, *(block for block in candidates if block not in self.scene)]
        reasons: list[str] = []
        for slot in slots:
            if not suitable[slot]:
                continue
            position, yaw = structure.target(slot)
            level = structure.slots[slot].level
            try:
                work = self._choose(suitable[slot], scene, position, yaw, level)
            except KinematicsError as error:
                reasons.append(str(error))
                continue
            assert work.block is not None
            x, y = work.block.position[:2]
            name = f"{work.block.color} block" if structure.slots[slot].color else "block"
            at = f"level {level}" + self._column_words(slot)
            how = " by a tilted hand" * bool(work.tilt)
            return Do(work, slot, f"taking the {name} at ({x:.3f}, {y:.3f}) m for {at}{how}")
        wanted = [block for blocks in suitable.values() for block in blocks]
        return (
            self._clear(candidates, wanted)
            or self._unbuild(view, wanted)
            or SetBack("; ".join(dict.fromkeys(reasons)))
        )

    def _choose(
        self,
        candidates: Sequence[Block],
        scene: Sequence[Block],
        position: Array,
        yaw: float,
        level: int,
    ) -> PickPlace:
        """The best of those beside the place, for a higher tower would keep the hand from them;
        else the best of all.

        Raises:
            KinematicsError: none can be grasped, or none can be placed.
        """
        reach = BESIDE_EDGES * self.blocks.edge_m
        beside = [block for block in candidates if block.horizontal_distance(position) < reach]
        if beside and len(beside) < len(candidates):
            with suppress(KinematicsError):
                return self.planner.choose(beside, scene, position, yaw, level)
        return self.planner.choose(candidates, scene, position, yaw, level)

    def _unbuild(self, view: StructureView, wanted: Sequence[Block]) -> Decision | None:
        """Take the top off a column that keeps the hand from a wanted block beside it."""
        structure = self.structure
        assert structure is not None
        tops = [
            number
            for number in structure.filled & view.seen.keys()
            if structure.slots[number].level > 0
            and not any(number in structure.slots[other].supports for other in structure.filled)
        ]
        for number in tops:
            decision = self._clear([view.seen[number]], wanted)
            if decision is not None:
                structure.filled.discard(number)
                return decision
        return None

    def _lying_faint(self) -> list[Block]:
        """Those on the table, clear of all blocks and places."""
        taken = [*(block.position for block in self.scene), *self._planned_places()]
        return [
            block
            for block in self._faint()
            if block.level == 0
            and not self._ignored(block)
            and all(block.horizontal_distance(other) > self.blocks.edge_m for other in taken)
        ]

    def _suitable(self, slot: int, candidates: Sequence[Block]) -> list[Block]:
        """Those of the wanted colour; where none is asked for, those that no other place wants."""
        structure = self.structure
        assert structure is not None
        color = structure.slots[slot].color
        return [block for block in candidates if color in ("", block.color)]

    def _column_words(self, slot: int) -> str:
        structure = self.structure
        assert structure is not None
        if len({s.column for s in structure.slots}) == 1:
            return ""
        x, y = structure.target(slot)[0]
        return f" at ({x:.3f}, {y:.3f}) m"

    def _lack(self, slots: Sequence[int]) -> str:
        structure = self.structure
        assert structure is not None
        colors = sorted({structure.slots[slot].color for slot in slots} - {""})
        which = f"no {' or '.join(colors)} block is" if colors else "no other is"
        return (
            f"{len(structure.filled)} of {len(structure.slots)} blocks are in their places and "
            f"{which} seen"
        )

    def _outside(self) -> str:
        count = len(fuse(self._images, self.blocks)) - len(self._seen(self.blocks))
        return f", {count} outside of the block zone" * bool(count)

    def _uncover(self, view: StructureView, slots: Sequence[int]) -> Decision | None:
        """Take off what lies on a wanted block."""
        for slot in slots:
            for block in self._suitable(slot, view.covered):
                above = [
                    other
                    for other in view.loose
                    if other.level > block.level
                    and other.horizontal_distance(block.position) < self.blocks.edge_m
                ]
                decision = self._clear(above, [block])
                if decision is not None:
                    return decision
        return None

    def _clear(self, movable: Sequence[Block], wanted: Sequence[Block]) -> Decision | None:
        """Move a neighbour of a wanted block out of its way."""
        if self._clearings >= MOST_CLEARINGS:
            return None
        near = [
            block
            for block in movable
            if any(
                other is not block
                and block.horizontal_distance(other.position) < NEIGHBOUR_EDGES * self.blocks.edge_m
                for other in wanted
            )
        ]
        if not near:
            return None
        try:
            position, yaw = free_place(self._ground(), self._planned_places())
            work = self.planner.choose(near, self.scene, position, yaw, 0)
        except KinematicsError:
            return None
        self._clearings += 1
        assert work.block is not None
        x, y = work.block.position[:2]
        return Do(work, None, f"moving the block at ({x:.3f}, {y:.3f}) m out of the way")

    def _place(self, held: Held) -> Decision:
        """A place for what is in the hand already."""
        structure = self.structure
        assert structure is not None
        for slot in structure.open:
            wanted = structure.slots[slot].color
            if wanted not in ("", held.color):
                continue
            position, yaw = structure.target(slot)
            level = structure.slots[slot].level
            others = self.planner.away_from(position, self.scene)
            try:
                placement = self.planner.placement(position, yaw, level, others, held.tilt)
            except KinematicsError:
                continue
            work = PickPlace(None, None, placement)
            return Do(work, slot, f"the block in the hand goes to level {level}")
        return self._rid_of(held)

    def _rid_of(self, held: Held) -> Decision:
        """Put down on the table what is in the hand."""
        try:
            position, yaw = free_place(self._ground(), self._planned_places())
            placement = self.planner.placement(position, yaw, 0, self.scene, held.tilt)
        except KinematicsError as error:
            return Done(False, f"the block in the hand cannot be put down: {error}")
        return Do(
            PickPlace(None, None, placement),
            None,
            f"the block in the hand is put down at ({position[0]:.3f}, {position[1]:.3f}) m",
        )

    def _planned_places(self) -> list[Array]:
        return [slot.position for slot in self.structure.slots] if self.structure else []

    def _ignored(self, block: Block) -> bool:
        near = [m for m in self._misses if block.horizontal_distance(m) < self.blocks.edge_m]
        return len(near) >= MISSES_UNTIL_IGNORED
