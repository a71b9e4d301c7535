"""Placement site: on which block, or on which free place of the table, a structure is built."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import KinematicsError
from simreal_common.settings.obstacles import Obstacle
from simreal_control.task.task_planning.goal import Build, Goal, largest_pyramid, pyramid_foot
from simreal_control.world_model.block_map import Block
from simreal_control.world_model.structure import (
    PLACE_SHARE,
    PlaceTarget,
    Slot,
    Structure,
    column,
    layout,
    pyramid,
    row,
)

Array = NDArray[np.float64]

# More room than this around a base is of no further use, metres.
ENOUGH_ROOM_M = 0.15
# Towers side by side: the hand, across its long side, fits between two of them.
TOWER_SPACING_M = 0.13
# What a block that the camera does not see is worth, in metres of room.
HIDDEN_COST = 0.1
# Free table around every place of a row, in edges from centre to centre: room for fingers.
FREE_EDGES = 1.6
GRID_STEP_M = 0.02
# The arm stands at the origin. A tower is kept from its foot by this, and this share of its height.
ARM_FOOT = np.zeros(2)
FREE_FOOT_M, FREE_FOOT_SHARE = 0.3, 0.6
YAWS = (np.pi / 2, 0.0, np.pi / 4, -np.pi / 4)
SITES_TRIED = 40

Reachable = Callable[[PlaceTarget], None]


@dataclass(frozen=True, eq=False)
class Ground:
    """What is known of the table.

    Args:
        blocks: of the observation.
        edge_m: of the blocks.
        lower, upper: corners of the block zone, metres, shape (2,).
        camera_positions: of all viewpoints, in the base frame, shape (3,) each.
        table_m: height of the table top.
        reachable: raises KinematicsError where no block can be put.
        obstacles: what stands there and is no block.
    """

    blocks: Sequence[Block]
    edge_m: float
    lower: Array
    upper: Array
    camera_positions: Sequence[Array]
    table_m: float
    reachable: Reachable
    obstacles: tuple[Obstacle, ...] = ()

    @property
    def centre(self) -> Array:
        """Middle of the block zone, shape (2,)."""
        return np.asarray((self.lower + self.upper) / 2.0)

    def room(self, spots: Array) -> float:
        """Least distance of blocks at spots, shape (..., 2), to obstacles, were these blocks.

        So it is from centre to centre, metres; infinite without obstacles.
        """
        away = [float(one.distance_from_above(spots).min()) for one in self.obstacles]
        return min(away, default=np.inf) + self.edge_m / 2

    def hidden(self, spot: Array) -> bool:
        """Whether obstacles hide a block on the table at a spot, shape (2,), from all cameras."""
        centre = np.array([spot[0], spot[1], self.table_m + self.edge_m / 2])
        return all(
            any(obstacle.hides(position, centre) for obstacle in self.obstacles)
            for position in self.camera_positions
        )


def plan_structure(goal: Goal, ground: Ground) -> Structure:
    """Places for a goal.

    Raises:
        KinematicsError: there is no place, or a block of a wanted colour is not there; says which.
    """
    slots = BUILDERS[goal.build](goal, ground)
    return Structure(slots, ground.edge_m, known=len(ground.blocks))


def free_place(ground: Ground, avoid: Sequence[Array] = ()) -> PlaceTarget:
    """Where one block can be put down, away from all others.

    Raises:
        KinematicsError: nowhere.
    """
    slots = _on_free_table(ground, lambda middle, yaw: row(middle, yaw, 1, 0.0, ()), avoid)
    return slots[0].planned


def _tower(goal: Goal, ground: Ground) -> list[Slot]:
    levels = len(goal.colors) or goal.blocks or len(ground.blocks)
    standing = highest_stack(ground.blocks, ground.edge_m)
    if standing is not None and not goal.ordered:
        slots = column(standing, levels)
        _check_levels(ground, slots, standing.level + 1)
        return slots
    wanted = goal.colors[0] if goal.ordered else ""
    return column(_base(ground, levels, wanted), levels, colors=goal.colors)


def _towers(goal: Goal, ground: Ground) -> list[Slot]:
    total = goal.blocks or len(ground.blocks)
    heights = [total // goal.towers + (i < total % goal.towers) for i in range(goal.towers)]
    slots: list[Slot] = []
    for number, height in enumerate(heights):
        base = _base(ground, height, "", [slot.position for slot in slots])
        slots += _shifted(column(base, height, number), len(slots))
    return slots


def _sorted(goal: Goal, ground: Ground) -> list[Slot]:
    counts = Counter(block.color for block in ground.blocks if block.color)
    colors = [
        color for color, count in counts.most_common()
        if count > 1 and color in (goal.colors or counts)
    ]  # fmt: skip
    if not colors:
        seen = ", ".join(f"{count} {color}" for color, count in counts.items()) or "none"
        raise KinematicsError(f"no two blocks of one wanted color are seen (seen: {seen})")
    slots: list[Slot] = []
    for number, color in enumerate(colors):
        base = _base(ground, counts[color], color, [slot.position for slot in slots])
        names = [color] * counts[color]
        slots += _shifted(column(base, counts[color], number, names), len(slots))
    return slots


def _row(goal: Goal, ground: Ground) -> list[Slot]:
    count = len(goal.colors) or goal.blocks or max(len(ground.blocks), 2)
    pitch = ground.edge_m + goal.gap_m
    return _on_free_table(ground, lambda middle, yaw: row(middle, yaw, count, pitch, goal.colors))


def _pyramid(goal: Goal, ground: Ground) -> list[Slot]:
    foot = pyramid_foot(goal.blocks or largest_pyramid(max(len(ground.blocks), 3)))
    assert foot is not None
    pitch = ground.edge_m + goal.gap_m
    return _on_free_table(ground, lambda middle, yaw: pyramid(middle, yaw, foot, pitch))


def _structure(goal: Goal, ground: Ground) -> list[Slot]:
    pitch = ground.edge_m + goal.gap_m
    return _on_free_table(ground, lambda middle, yaw: layout(middle, yaw, goal.all_spots, pitch))


def _apart(goal: Goal, ground: Ground) -> list[Slot]:
    """Blocks on the table stay where they are; those on others have free places."""
    there = [block for block in ground.blocks if block.level == 0]
    slots = [Slot(b.position[:2], b.yaw, 0, (), "", n) for n, b in enumerate(there)]
    for _ in range(len(ground.blocks) - len(there)):
        free = free_place(ground, [slot.position for slot in slots])
        slots.append(Slot(free.position, free.yaw, free.level, (), "", len(slots)))
    return slots


def _rows(goal: Goal, ground: Ground) -> list[Slot]:
    counts = Counter(block.color for block in ground.blocks if block.color)
    slots: list[Slot] = []
    pitch = ground.edge_m + goal.gap_m
    for color, count in counts.most_common():
        if goal.colors and color not in goal.colors:
            continue
        names, taken = (color,) * count, [slot.position for slot in slots]

        def make(
            middle: Array, yaw: float, names: tuple[str, ...] = names, first: int = len(slots)
        ) -> list[Slot]:
            line = row(middle, yaw, len(names), pitch, names)
            return [replace(slot, column=first + n) for n, slot in enumerate(line)]

        slots += _on_free_table(ground, make, taken)
    if not slots:
        seen = ", ".join(f"{count} {color}" for color, count in counts.items()) or "none"
        raise KinematicsError(f"no block of a wanted color is seen (seen: {seen})")
    return slots


def _shifted(slots: Sequence[Slot], by: int) -> list[Slot]:
    """The same places behind others in one list."""
    return [
        Slot(s.position, s.yaw, s.level, tuple(n + by for n in s.supports), s.color, s.column)
        for s in slots
    ]


def _base(ground: Ground, levels: int, color: str, others: Sequence[Array] = ()) -> Block:
    """The best block to build on."""
    bases = [
        block
        for block in rank_bases(ground, levels)
        if color in ("", block.color)
        and all(block.horizontal_distance(other) >= TOWER_SPACING_M for other in others)
    ]
    if not bases:
        which = f"{color} block" if color else "block"
        raise KinematicsError(
            f"no {which} on the table to build on" + (" beside the other towers" if others else "")
        )
    refusal: KinematicsError | None = None
    for base in bases:
        try:
            _check_levels(ground, column(base, levels), 1)
            return base
        except KinematicsError as error:
            refusal = refusal or error
    assert refusal is not None
    raise refusal


def _check_levels(ground: Ground, slots: Sequence[Slot], first: int) -> None:
    for slot in slots[first:]:
        ground.reachable(slot.planned)


def _on_free_table(
    ground: Ground,
    make: Callable[[Array, float], list[Slot]],
    avoid: Sequence[Array] = (),
) -> list[Slot]:
    """The best free placement site: room around it, near the middle, hiding little from the camera."""
    sites: list[tuple[float, list[Slot]]] = []
    xs, ys = (
        np.arange(low, high + 1e-9, GRID_STEP_M)
        for low, high in zip(ground.lower, ground.upper, strict=True)
    )
    others = [block.position[:2] for block in ground.blocks] + [np.asarray(a)[:2] for a in avoid]
    margin = ground.edge_m / 2
    for x, y, yaw in itertools.product(xs, ys, YAWS):
        slots = make(np.array([x, y]), yaw)
        places = np.stack([slot.position for slot in slots])
        if (places < ground.lower + margin).any() or (places > ground.upper - margin).any():
            continue
        if others:
            gaps = np.linalg.norm(places[:, None] - np.stack(others)[None], axis=2)
            room = float(gaps.min())
        else:
            room = ENOUGH_ROOM_M
        room = min(room, ground.room(places))
        if room < FREE_EDGES * ground.edge_m:
            continue
        away = float(np.linalg.norm([x, y] - ground.centre))
        hidden = HIDDEN_COST * sum(ground.hidden(place) for place in places)
        sites.append((min(room, ENOUGH_ROOM_M) - 0.3 * away - hidden, slots))
    sites.sort(key=lambda site: -site[0])
    refusal = (
        f"no free place for {len(make(ground.centre, 0.0))} in the block zone; clear some of it"
    )
    for _, slots in sites[:SITES_TRIED]:
        try:
            _check_levels(ground, slots, 0)
            return slots
        except KinematicsError as error:
            refusal = str(error)
    raise KinematicsError(refusal)


def highest_stack(blocks: Sequence[Block], edge_m: float) -> Block | None:
    """Top of the highest stack, base seen, that stands already; None where all lie on the table."""
    reach = PLACE_SHARE * edge_m
    raised = [
        block
        for block in blocks
        if block.level > 0
        and any(
            base.level == 0 and base.horizontal_distance(block.position) < reach for base in blocks
        )
    ]
    if not raised:
        return None
    return max(raised, key=lambda block: (block.level, block.score))


def rank_bases(ground: Ground, levels: int) -> list[Block]:
    """Blocks on the table by how good a base they make, best first.

    Room around it, nearness to the middle of the workspace, a tower that does not hide other blocks
    from the camera, and none near the arm's foot, where the forearm passes over it.

    Args:
        ground: what is known of the table.
        levels: height that the tower shall have, blocks.
    """
    blocks, edge_m = ground.blocks, ground.edge_m
    least_m = FREE_FOOT_M + FREE_FOOT_SHARE * levels * edge_m

    def merit(block: Block) -> float:
        others = [other for other in blocks if other is not block]
        room = min(
            (other.horizontal_distance(block.position) for other in others), default=ENOUGH_ROOM_M
        )
        room = min(room, ground.room(block.position[:2]))
        hidden = sum(
            all(
                hides(block.position, levels * edge_m, edge_m, position, other.position)
                for position in ground.camera_positions
            )
            for other in others
        )
        near = least_m - block.horizontal_distance(ARM_FOOT)
        return (
            min(room, ENOUGH_ROOM_M)
            - 0.3 * block.horizontal_distance(ground.centre)
            - HIDDEN_COST * hidden
            - 0.6 * max(near, 0.0)
        )

    on_table = [
        block
        for block in blocks
        if block.level == 0
        and not any(
            other.level == 1 and other.horizontal_distance(block.position) < PLACE_SHARE * edge_m
            for other in blocks
        )
    ]
    return sorted(on_table, key=merit, reverse=True)


def hides(
    tower: Array, height_m: float, edge_m: float, camera_position: Array, point: Array
) -> bool:
    """Whether a tower of that height stands between the camera and a point (of a block)."""
    ray = point[:2] - camera_position[:2]
    length = float(np.linalg.norm(ray))
    if length == 0.0:
        return False
    along = float((tower[:2] - camera_position[:2]) @ ray) / length
    across = abs(float(np.cross(np.append(ray, 0.0), np.append(tower[:2] - point[:2], 0.0))[2]))
    if along >= length or across / length > edge_m:
        return False
    share = along / length
    ray_height = camera_position[2] + share * (point[2] - camera_position[2])
    return bool(ray_height < height_m)


# Who plans the places of each kind; what the judge of the simulation wants stands in its STRUCTURES.
BUILDERS: dict[Build, Callable[[Goal, Ground], list[Slot]]] = {
    Build.TOWER: _tower,
    Build.TOWERS: _towers,
    Build.SORT: _sorted,
    Build.ROW: _row,
    Build.PYRAMID: _pyramid,
    Build.WALL: _structure,
    Build.STRUCTURE: _structure,
    Build.APART: _apart,
    Build.ROWS: _rows,
}
