"""The scene as a tower sees it: its own column, the loose blocks, which block makes a good base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_control.block_map import Block

Array = NDArray[np.float64]

# A block belongs to a column when its centre is nearer than this share of an edge, from above.
COLUMN_SHARE = 0.8
# More room than this around a base is of no further use, metres.
ENOUGH_ROOM_M = 0.15


@dataclass(frozen=True, eq=False)
class TowerView:
    """A tower in a scene.

    Args:
        column: its blocks that were seen, lowest first; may lack some.
        loose: all others that have nothing on them.
        covered: blocks outside the tower with another on top.
    """

    column: tuple[Block, ...]
    loose: tuple[Block, ...]
    covered: tuple[Block, ...]

    @property
    def levels(self) -> int:
        """Height in blocks: what is seen on level 3 rests on three that may be hidden."""
        return max((block.level + 1 for block in self.column), default=0)

    @property
    def top(self) -> Block | None:
        return max(self.column, key=lambda block: block.level, default=None)


def view_tower(blocks: Sequence[Block], position: Array, edge_m: float) -> TowerView:
    """The scene as seen from a tower at `position`, shape (2,) or (3,)."""
    reach = COLUMN_SHARE * edge_m
    column = sorted(
        (block for block in blocks if block.horizontal_distance(position) < reach),
        key=lambda block: block.level,
    )
    others = [block for block in blocks if block.horizontal_distance(position) >= reach]
    covered = [
        block
        for block in others
        if any(
            other.level == block.level + 1 and block.horizontal_distance(other.position) < reach
            for other in others
        )
    ]
    loose = [block for block in others if block not in covered]
    return TowerView(tuple(column), tuple(loose), tuple(covered))


def highest_stack(blocks: Sequence[Block], edge_m: float) -> Block | None:
    """Top of the highest stack, base seen, that stands already; None where all lie on the table."""
    reach = COLUMN_SHARE * edge_m
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


def rank_bases(
    blocks: Sequence[Block],
    centre: Array,
    edge_m: float,
    levels: int,
    camera_position: Array,
) -> list[Block]:
    """Blocks on the table by how good a base they make, best first.

    Room around it, nearness to the middle of the workspace, and a tower that does not hide other
    blocks from the camera.

    Args:
        centre: middle of the workspace, shape (2,) or (3,).
        levels: height that the tower shall have, blocks.
        camera_position: in the base frame, shape (3,).
    """

    def merit(block: Block) -> float:
        others = [other for other in blocks if other is not block]
        room = min(
            (other.horizontal_distance(block.position) for other in others), default=ENOUGH_ROOM_M
        )
        hidden = sum(
            hides(block.position, levels * edge_m, edge_m, camera_position, other.position)
            for other in others
        )
        return min(room, ENOUGH_ROOM_M) - 0.3 * block.horizontal_distance(centre) - 0.1 * hidden

    on_table = [block for block in blocks if block.level == 0]
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
