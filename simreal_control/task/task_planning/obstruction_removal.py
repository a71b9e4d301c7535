"""Obstruction removal: what lies on a wanted block, beside it, or before it is moved.

Also the top of a tower, where the tower keeps the arm, or the camera, from a block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import KinematicsError
from simreal_control.grasping.pick_place import PickPlace, PickPlacePlanner
from simreal_control.task.task_planning.decision import Do, Removal
from simreal_control.task.task_planning.placement_site import ARM_FOOT, free_place
from simreal_control.task.task_planning.search import Search
from simreal_control.task.task_planning.situation import Situation
from simreal_control.world_model.block_map import Block
from simreal_control.world_model.structure import Structure, StructureView

Array = NDArray[np.float64]

NEIGHBOUR_EDGES = 2.6  # a block this near to a wanted one may keep the hand from it
BESIDE_EDGES = 2.0  # a tower this near to a block keeps the hand from it,
BEHIND_EDGES = 2.2  # and one this near to the line to it from the arm's foot the forearm
MOST_REMOVALS = 6  # blocks moved out of the way, in one task


@dataclass(frozen=True, eq=False)
class ObstructionRemoval:
    """Finds the obstruction to move; `Search.after` and the structure take it over once decided.

    Args:
        planner: finds grasps and placements.
    """

    planner: PickPlacePlanner

    def uncover(
        self, now: Situation, search: Search, structure: Structure, view: StructureView
    ) -> Do | None:
        """Take off what lies on a wanted block."""
        for slot in structure.open:
            for block in suitable_for(structure, slot, view.covered):
                above = [
                    other
                    for other in view.loose
                    if other.level > block.level
                    and other.horizontal_distance(block.position) < now.edge_m
                ]
                decision = self.clear_neighbours(now, search, above, [block])
                if decision is not None:
                    return decision
        return None

    def clear_neighbours(
        self, now: Situation, search: Search, movable: Sequence[Block], wanted: Sequence[Block]
    ) -> Do | None:
        """Move a neighbour that obstructs a wanted block."""
        near = [
            block
            for block in movable
            if any(
                other is not block
                and block.horizontal_distance(other.position) < NEIGHBOUR_EDGES * now.edge_m
                for other in wanted
            )
        ]
        return self._move_aside(now, search, near)

    def unstack(
        self,
        now: Situation,
        search: Search,
        structure: Structure,
        view: StructureView,
        wanted: Sequence[Block],
    ) -> Do | None:
        """Unstack the top of a column that obstructs the way to a wanted block."""
        for number in _tops(structure, view):
            top = view.seen[number]
            reach = NEIGHBOUR_EDGES * now.edge_m
            if any(
                obstructs(top.position, block, now.edge_m)
                or block.horizontal_distance(top.position) < reach
                for block in wanted
            ):
                decision = self._move_aside(now, search, [top], number)
                if decision is not None:
                    return decision
        return None

    def reveal_occluded(
        self, now: Situation, structure: Structure, view: StructureView
    ) -> Do | None:
        """Unstack the top of a column to reveal a block that it may occlude from the camera."""
        for number in _tops(structure, view):
            moved = self._to_free_table(now, [view.seen[number]])
            if moved is None:
                continue
            work, position = moved
            level = structure.slots[number].level
            removal = Removal(position, number, search=True)
            return Do(work, None, f"taking down level {level}, to look behind it", removal=removal)
        return None

    def _move_aside(
        self,
        now: Situation,
        search: Search,
        movable: Sequence[Block],
        from_slot: int | None = None,
    ) -> Do | None:
        """Put one of these blocks on free table."""
        if not movable or search.removals >= MOST_REMOVALS:
            return None
        moved = self._to_free_table(now, movable)
        if moved is None:
            return None
        work, position = moved
        x, y = work.block.position[:2]
        words = f"moving the block at ({x:.3f}, {y:.3f}) m out of the way"
        return Do(work, None, words, removal=Removal(position, from_slot))

    def _to_free_table(
        self, now: Situation, movable: Sequence[Block]
    ) -> tuple[PickPlace, Array] | None:
        """How one of these blocks gets onto free table, and where; None where there is no way."""
        try:
            target = free_place(now.ground(self.planner), now.planned_places)
            return self.planner.choose(movable, now.scene, target), target.position
        except KinematicsError:
            return None


def obstructs(tower: Array, block: Block, edge_m: float) -> bool:
    """Whether a high tower, metres, shape (2,) or (3,), obstructs the way of the arm to a block.

    The hand, where the block is beside it; the forearm, where the block is behind it.
    """
    if block.horizontal_distance(tower) < BESIDE_EDGES * edge_m:
        return True
    way = block.position[:2] - ARM_FOOT
    along = float(way @ (tower[:2] - ARM_FOOT)) / float(way @ way)
    aside = float(np.linalg.norm(tower[:2] - ARM_FOOT - along * way))
    return along < 1.0 and aside < BEHIND_EDGES * edge_m


def suitable_for(structure: Structure, slot: int, candidates: Sequence[Block]) -> list[Block]:
    """Those of the colour that a place wants; all where it wants none."""
    color = structure.slots[slot].color
    return [block for block in candidates if color in ("", block.color)]


def _tops(structure: Structure, view: StructureView) -> list[int]:
    """Places of the blocks that stand on others and carry none."""
    return [
        number
        for number in structure.filled & view.seen.keys()
        if structure.slots[number].level > 0
        and not any(number in structure.slots[other].supports for other in structure.filled)
    ]
