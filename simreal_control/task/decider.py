"""What a look changes in what is believed, and whether what was built stands; then what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import KinematicsError
from simreal_control.grasping.grasps import Grasp
from simreal_control.grasping.pick_place import PickPlacePlanner
from simreal_control.robot_interface.task_io import Sighting
from simreal_control.task.decision import Decision, Done, Held, LookAgain, SetBack
from simreal_control.task.goal import Build, Goal
from simreal_control.task.next_block import BlockChooser
from simreal_control.task.site import plan_structure
from simreal_control.task.situation import Situation
from simreal_control.world_model.block_map import Block, BlockMapConfig
from simreal_control.world_model.look import Look, Zone
from simreal_control.world_model.structure import Structure, StructureView, Verdict

Array = NDArray[np.float64]

UNCLEAR_LOOKS = 2  # so many further looks before a block that is seen nowhere is taken for placed


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
    _best: int = 0
    _unclear_looks: int = 0
    _felt: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._chooser = BlockChooser(self.planner)

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
        self._chooser.missed(position)
        self.planner.unbar()

    def no_way(self, grasp: Grasp, block: Block | None = None) -> None:
        """No motion was found that brings the hand there: another grasp, or another block."""
        self.planner.bar(grasp)
        if block is not None:
            self._chooser.no_way(block.position)

    def released(self, slot: int | None) -> None:
        """A block was let go in that place."""
        self.planner.unbar()
        self._chooser.changed()
        if self.structure is not None and slot is not None:
            self.structure.filled.add(slot)

    def felt(self, slot: int | None, there: bool) -> None:
        """The hand has felt for the block in a place; where it cannot get there, it is believed."""
        structure = self.structure
        if structure is None or slot is None:
            return
        if there:
            self._felt |= structure.foundation(slot)  # nothing floats
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
        look = Look(sightings, self.zone, self.blocks)
        self.scene = look.seen()
        if self.structure is None:
            absent = self._begin(look, held)
            if absent is not None:
                return absent if held is None else self._chooser.rid_of(self._now(look), held)
        assert self.structure is not None
        view = self._view(look)
        refusal = self._judge(look, view, held)
        if refusal is not None:
            return refusal
        self._adapt(view, held)
        if self.structure.done and held is None:
            return Done(True, self._success())
        now = self._now(look)
        if held is not None:
            return self._chooser.place(now, self.structure, held)
        return self._chooser.next(now, self.structure, view)

    def _now(self, look: Look) -> Situation:
        return Situation(look, self.scene, self.structure, self.notes)

    def _view(self, look: Look) -> StructureView:
        """The look as the structure sees it; where a block was put a faint one is enough."""
        assert self.structure is not None
        view = self.structure.view(self.scene)
        if self.structure.filled <= set(view.seen):
            return view
        faint = look.faint(self.scene)
        there = self.structure.view([*self.scene, *faint]).seen
        self.scene += [there[n] for n in self.structure.filled if there.get(n) in faint]
        return self.structure.view(self.scene)

    def _begin(self, look: Look, held: Held | None) -> LookAgain | None:
        """Give the structure its place."""
        if not self.scene and held is None:
            return LookAgain("no block is seen in the block zone")
        try:
            self.structure = plan_structure(self.goal, self._now(look).ground(self.planner))
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

    def _judge(self, look: Look, view: StructureView, held: Held | None) -> Decision | None:
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
            doubt = self._feel(look, view, held)
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

    def _feel(self, look: Look, view: StructureView, held: Held | None) -> Decision | None:
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
            return self._chooser.rid_of(self._now(look), held)
        slot = max(missing, key=lambda number: structure.slots[number].level)
        return self._chooser.feel(self._now(look), structure, slot)

    def _adapt(self, view: StructureView, held: Held | None) -> None:
        """Where all blocks are wanted, the structure has as many places as there are blocks."""
        structure = self.structure
        assert structure is not None
        if self.goal.blocks or self.goal.ordered:
            return
        edge = self.blocks.edge_m
        ignored = sum(self._chooser.ignored(block, edge) for block in view.loose)
        if self.goal.build is Build.TOWER:
            # Those that were seen once and are hidden now count.
            structure.resize(0, max(2, structure.known - ignored))
        elif self.goal.build is Build.SORT:
            loose = [block.color for block in view.loose if not self._chooser.ignored(block, edge)]
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
