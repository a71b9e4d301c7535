"""Task planner: an observation updates belief; then whether what was built stands, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import KinematicsError
from simreal_common.settings.obstacles import Obstacle
from simreal_control.grasping.grasps import Grasp
from simreal_control.grasping.pick_place import Held, PickPlacePlanner
from simreal_control.robot_interface.task_io import DetectionFrame
from simreal_control.task.task_planning.block_selection import BlockSelector, Selection
from simreal_control.task.task_planning.decision import (
    Decided,
    Decision,
    Do,
    Done,
    LookElsewhere,
    ObserveAgain,
    SetBack,
)
from simreal_control.task.task_planning.goal import Build, Goal
from simreal_control.task.task_planning.placement_site import plan_structure
from simreal_control.task.task_planning.situation import Situation
from simreal_control.world_model.block_map import Block, BlockMapConfig
from simreal_control.world_model.scene_observation import SceneObservation, Zone
from simreal_control.world_model.structure import Structure, StructureState, StructureView

Array = NDArray[np.float64]

# So many further observations before a block that is seen nowhere is taken for placed.
UNCLEAR_OBSERVATIONS = 2


@dataclass(frozen=True, eq=False)
class _Judged:
    """What an observation says of what was built; without a decision there is more to do."""

    decision: Decision | None = None
    notes: tuple[str, ...] = ()
    progress: bool = False


@dataclass(eq=False)
class TaskPlanner:
    """The task planner keeps what is believed of scene and structure, and decides what to do.

    Args:
        goal, zone, blocks: what to build, where, of what.
        planner: finds grasps and placements.
        see: what stands there beside these blocks, as a depth camera shows it.

    Attributes:
        scene: the blocks of the last observation.
        scene_stamp: when its latest picture was taken; minus infinity before the first.
        structure: what is built; None as long as it has no place.
        seen: what stood there beside blocks at the last observation.
    """

    goal: Goal
    zone: Zone
    blocks: BlockMapConfig
    planner: PickPlacePlanner
    see: Callable[[], tuple[Obstacle, ...]] = tuple
    scene: list[Block] = field(default_factory=list)
    scene_stamp: float = -np.inf
    structure: Structure | None = None
    seen: tuple[Obstacle, ...] = ()
    _looked_about: bool = False
    _best: int = 0
    _unclear_observations: int = 0
    _verified: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._selector = BlockSelector(self.planner)

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
        self._selector.missed(position)
        self.planner.readmit()

    def no_way(self, grasp: Grasp, block: Block | None = None) -> None:
        """No motion was found that brings the hand there: another grasp, or another block."""
        self.planner.exclude(grasp)
        if block is not None:
            self._selector.no_way(block.position)

    def released(self, slot: int | None) -> None:
        """A block was let go in that place."""
        self.planner.readmit()
        self._selector.changed()
        if self.structure is not None and slot is not None:
            self.structure.filled.add(slot)

    def verified(self, slot: int | None, there: bool) -> None:
        """A grasp has verified the block in a place; where no hand gets there, it is believed."""
        structure = self.structure
        if structure is None or slot is None:
            return
        if there:
            self._verified |= structure.foundation(slot)  # nothing floats
        else:
            structure.filled.discard(slot)
            structure.known -= 1

    def decide(
        self,
        detection_frames: Sequence[DetectionFrame],
        held: Held | None = None,
        elsewhere: bool = False,
    ) -> Decided:
        """Believe an observation, and decide what to do after it.

        Args:
            detection_frames: one or more, of the same resting scene.
            held: what the hand holds meanwhile.
            elsewhere: whether there is a look pose from which the arm has not looked yet.
        """
        observation = SceneObservation(detection_frames, self.zone, self.blocks)
        self.scene = observation.seen()
        self.scene_stamp = max(frame.stamp for frame in detection_frames)
        self.seen = self.see()
        self.planner.surround(self.seen)
        enough = 0 < self.goal.blocks <= len(self.scene)
        if elsewhere and not self._looked_about and not enough:
            return Decided(LookElsewhere("the first look is from all look poses"))
        self._looked_about = True
        begun: tuple[str, ...] = ()
        if self.goal.build is Build.APART:
            self.structure = None  # what lies on the table is in its place, wherever that is
        if self.structure is None:
            absent = self._begin(observation, held)
            if absent is not None and elsewhere:
                return Decided(LookElsewhere(absent.reason))
            if absent is not None:
                here = self._now(observation)
                return Decided(absent if held is None else self._selector.rid_of(here, held))
            begun = (self._where_it_is_built(),)
        assert self.structure is not None
        self.scene = [*self.scene, *self._low_confidence_in_places(observation, self.structure)]
        view = self.structure.view(self.scene)
        judged = self._judge(observation, view, held, elsewhere)
        notes = begun + judged.notes
        if judged.decision is not None:
            return Decided(judged.decision, notes)
        self._adapt(view, held)
        if self.structure.done and held is None:
            return Decided(Done(True, self._success()), notes, judged.progress)
        now = replace(self._now(observation), elsewhere=elsewhere)
        if held is not None:
            place = self._selector.place(now, self.structure, held)
            return Decided(place, notes, judged.progress)
        selection = self._selector.select(now, self.structure, view)
        self._commit(selection)
        return Decided(selection.decision, notes + selection.notes, judged.progress)

    def _now(self, observation: SceneObservation) -> Situation:
        return Situation(observation, self.scene, self.structure, seen=self.seen)

    def _commit(self, selection: Selection) -> None:
        """This will be done: a place from which it takes a block counts as free from now on."""
        self._selector.commit(selection)
        removal = selection.decision.removal if isinstance(selection.decision, Do) else None
        if removal is not None and removal.from_slot is not None:
            assert self.structure is not None
            self.structure.filled.discard(removal.from_slot)

    def _low_confidence_in_places(
        self, observation: SceneObservation, structure: Structure
    ) -> list[Block]:
        """Where a block was put, and none is seen well, one of low confidence is enough."""
        if structure.filled <= set(structure.view(self.scene).seen):
            return []
        low_confidence = observation.low_confidence(self.scene)
        there = structure.view([*self.scene, *low_confidence]).seen
        return [there[n] for n in structure.filled if there.get(n) in low_confidence]

    def _begin(self, observation: SceneObservation, held: Held | None) -> ObserveAgain | None:
        """Give the structure its place."""
        if not self.scene and held is None:
            return ObserveAgain("no block is seen in the block zone")
        try:
            self.structure = plan_structure(self.goal, self._now(observation).ground(self.planner))
        except KinematicsError as error:
            return ObserveAgain(f"no place for {self.goal.words}: {error}")
        if held is not None:
            self.structure.known += 1
        self.structure.filled = set(self.structure.view(self.scene).standing)
        if self.goal.build is not Build.APART:  # whose places are found anew each time
            self._best = len(self.structure.filled)
        return None

    def _where_it_is_built(self) -> str:
        structure = self.structure
        assert structure is not None
        spots = {slot.column: slot.position for slot in structure.slots if slot.level == 0}
        where = ", ".join(f"({x:.3f}, {y:.3f})" for x, y in spots.values())
        return (
            f"{self.goal.words}: built at {where} m; {len(structure.filled)} of "
            f"{len(structure.slots)} places are filled"
        )

    def _judge(
        self,
        observation: SceneObservation,
        view: StructureView,
        held: Held | None,
        elsewhere: bool,
    ) -> _Judged:
        """Believe what the observation settles of what stands."""
        structure = self.structure
        notes: tuple[str, ...] = ()
        assert structure is not None
        believed = len(structure.filled)
        verdict = structure.judge(view)
        if verdict is StructureState.CONFIRMED:
            structure.accept(view)
        elif elsewhere:
            words = f"{believed} blocks should stand in their places, {len(view.standing)} are seen"
            return _Judged(LookElsewhere(words))
        if verdict is StructureState.UNCLEAR:
            self._unclear_observations += 1
            if self._unclear_observations <= UNCLEAR_OBSERVATIONS:
                return _Judged(
                    ObserveAgain(
                        f"{believed} blocks should stand in their places, {len(view.standing)} "
                        "are seen",
                        poor=False,
                    )
                )
            if not view.standing and all(structure.slots[n].level == 0 for n in structure.filled):
                self.structure, self._unclear_observations = None, 0
                return _Judged(ObserveAgain("what was built on is no longer seen"))
            doubt = self._verify_by_grasp(observation, view, held)
            if doubt is not None:
                return _Judged(doubt)
            notes = (
                f"of {believed} blocks in their places {len(view.standing)} are seen, none lies "
                "elsewhere: taken for standing",
            )
        self._unclear_observations = 0
        self._verified -= view.standing
        if verdict is StructureState.FELL:
            structure.accept(view)
            if not structure.filled:
                self.structure = None
            return _Judged(
                SetBack(
                    f"{believed} blocks should stand in their places, {len(view.standing)} do, "
                    "others lie"
                )
            )
        if len(structure.filled) <= self._best:
            return _Judged(None, notes)
        self._best = len(structure.filled)
        seen = f"seen: {self._best} blocks stand in their places"
        return _Judged(None, (*notes, seen), progress=True)

    def _verify_by_grasp(
        self, observation: SceneObservation, view: StructureView, held: Held | None
    ) -> Decision | None:
        """Verify by grasp whether a block stands that no observation has shown.

        It may be hidden, or somebody has taken it; what is put on it would fall in that case, and
        what is put in its place hit it in the other.
        """
        structure = self.structure
        assert structure is not None
        missing = structure.filled - view.standing - self._verified
        if not missing:
            return None
        if held is not None:
            return self._selector.rid_of(self._now(observation), held)
        slot = max(missing, key=lambda number: structure.slots[number].level)
        return self._selector.verify_by_grasp(self._now(observation), structure, slot)

    def _adapt(self, view: StructureView, held: Held | None) -> None:
        """Where all blocks are wanted, the structure has as many places as there are blocks."""
        structure = self.structure
        assert structure is not None
        if self.goal.blocks or self.goal.ordered:
            return
        edge = self.blocks.edge_m
        ignored = sum(self._selector.ignored(block, edge) for block in view.loose)
        if self.goal.build is Build.TOWER:
            # Those that were seen once and are hidden now count.
            structure.resize(0, max(2, structure.known - ignored))
        elif self.goal.build is Build.SORT:
            loose = [block.color for block in view.loose if not self._selector.ignored(block, edge)]
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
