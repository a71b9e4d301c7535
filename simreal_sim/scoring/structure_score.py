"""Whether what was to be built stands: rows, pyramids, towers, judged from the truth alone.

World frame, z up, table top at z = 0. Knows nothing of the controller: a structure is asked for in
plain words and numbers. Towers of a launch: `stack_score.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_sim.scoring.stack_score import HEIGHT_TOLERANCE, find_columns

Array = NDArray[np.float64]

# How far a block may stand beside a row's line or its pitch, metres.
LINE_TOLERANCE = 0.008
# A block of a pyramid bears on both below: its centre is this near to the middle of theirs, edges.
MIDDLE_TOLERANCE_IN_EDGES = 0.2


@dataclass(frozen=True)
class WantedStructure:
    """What was asked for.

    Args:
        kind: a name out of STRUCTURES.
        blocks: of the whole.
        colors: from the bottom up or along the row; none where they do not matter.
        towers: how many.
        gap_m: free width between neighbours of a row, metres.
        places: of a wall or structure: x and y in blocks with the gap, level, color or none.
    """

    kind: str
    blocks: int
    colors: tuple[str, ...] = ()
    towers: int = 2
    gap_m: float = 0.008
    places: tuple[tuple[float, float, int, str], ...] = ()


@dataclass(frozen=True)
class StructureVerdict:
    """Whether it stands; if not, why."""

    success: bool
    reason: str
    columns: tuple[tuple[str, ...], ...] = field(default=())


def judge_structure(
    wanted: WantedStructure, poses: Mapping[str, Pose], colors: Mapping[str, str], edge: float
) -> StructureVerdict:
    """Judge what stands there.

    Args:
        wanted: see there.
        poses: of all blocks.
        colors: of all blocks, by the same names; may be empty where they do not matter.
        edge: metres.

    Raises:
        ConfigurationError: a kind of structure that is none.
    """
    columns = _columns(poses, edge)
    if wanted.kind not in STRUCTURES:
        raise ConfigurationError(f"structure '{wanted.kind}': wanted {', '.join(STRUCTURES)}")
    reason = STRUCTURES[wanted.kind](wanted, poses, colors, edge)
    return StructureVerdict(not reason, reason or "it stands as it was asked for", columns)


def _columns(poses: Mapping[str, Pose], edge: float) -> tuple[tuple[str, ...], ...]:
    """Blocks that stand on each other, from the bottom up; the highest first."""
    return tuple(sorted(find_columns(poses, edge), key=len, reverse=True))


def _level(pose: Pose, edge: float) -> int | None:
    """0 on the table; None for a block that lies flat on nothing."""
    height = float(pose.position[2]) - edge / 2
    level = round(height / edge)
    return level if abs(height - level * edge) <= HEIGHT_TOLERANCE else None


def _apart(one: Pose, other: Pose) -> float:
    return float(np.linalg.norm((one.position - other.position)[:2]))


def _towers(
    wanted: WantedStructure, poses: Mapping[str, Pose], colors: Mapping[str, str], edge: float
) -> str:
    columns = _columns(poses, edge)
    count = wanted.towers if wanted.kind == "towers" else 1
    share = [wanted.blocks // count + (i < wanted.blocks % count) for i in range(count)]
    heights = [len(column) for column in columns[:count]]
    if heights != share:
        return f"towers of {heights}, wanted {share}"
    got = [colors.get(name, "") for name in columns[0]]
    if wanted.colors and got != list(wanted.colors):
        return f"from the bottom up {got}, wanted {list(wanted.colors)}"
    return ""


def _sorted(
    wanted: WantedStructure, poses: Mapping[str, Pose], colors: Mapping[str, str], edge: float
) -> str:
    columns = _columns(poses, edge)
    for color, count in Counter(colors.values()).items():
        if count < 2 or (wanted.colors and color not in wanted.colors):
            continue
        heights = [len(c) for c in columns if {colors[name] for name in c} == {color}]
        if heights != [count]:
            return f"{color}: pure towers of {heights}, wanted one of {count}"
    return ""


def _row(
    wanted: WantedStructure, poses: Mapping[str, Pose], colors: Mapping[str, str], edge: float
) -> str:
    pitch = edge + wanted.gap_m
    names = [name for name, pose in poses.items() if _level(pose, edge) == 0]
    best: list[str] = []
    for first in names:
        for second in names:
            step = (poses[second].position - poses[first].position)[:2]
            if first == second or abs(float(np.linalg.norm(step)) - pitch) > LINE_TOLERANCE:
                continue
            line = _follow(names, poses, first, step * pitch / np.linalg.norm(step))
            best = max(best, line, key=len)
            got = [colors.get(name, "") for name in line]
            if len(line) == wanted.blocks and wanted.colors in ((), tuple(got)):
                return ""
    shown = [colors.get(name) or name for name in best]
    return f"the longest row is {shown}, wanted {list(wanted.colors) or wanted.blocks}"


def _rows(
    wanted: WantedStructure, poses: Mapping[str, Pose], colors: Mapping[str, str], edge: float
) -> str:
    for color, count in Counter(colors.values()).items():
        if wanted.colors and color not in wanted.colors:
            continue
        mine = {name: pose for name, pose in poses.items() if colors[name] == color}
        row = WantedStructure("row", count, gap_m=wanted.gap_m)
        flat = all(_level(pose, edge) == 0 for pose in mine.values())
        reason = _row(row, mine, {}, edge) if count > 1 else ""
        if not flat or reason:
            return f"{color}: {reason or 'not flat on the table'}"
    return ""


def _placed(
    wanted: WantedStructure, poses: Mapping[str, Pose], colors: Mapping[str, str], edge: float
) -> str:
    """Lay the wanted places over each two blocks that could be the two farthest of them."""
    flat = np.array([place[:2] for place in wanted.places]) * (edge + wanted.gap_m)
    levels = [place[2] for place in wanted.places]
    away = np.linalg.norm(flat[:, None] - flat[None], axis=2)
    first, last = (int(n) for n in np.unravel_index(np.argmax(away), away.shape))
    along = complex(*(flat[last] - flat[first]))
    spots = {name: complex(*pose.position[:2]) for name, pose in poses.items()}
    best = 0
    for one, start in spots.items():
        for other, end in spots.items():
            if abs(abs(end - start) - abs(along)) > 2 * LINE_TOLERANCE:
                continue
            if (_level(poses[one], edge), _level(poses[other], edge)) != (
                levels[first],
                levels[last],
            ):
                continue
            turn = (end - start) / along if abs(along) > edge / 2 else complex(1.0)
            good = 0
            for place, at in zip(wanted.places, flat, strict=True):
                there = start + turn / abs(turn) * complex(*(at - flat[first]))
                good += any(
                    abs(spots[name] - there) < 1.5 * LINE_TOLERANCE
                    and _level(poses[name], edge) == place[2]
                    and place[3] in ("", colors.get(name, ""))
                    for name in poses
                )
            best = max(best, good)
    count = len(wanted.places)
    return "" if best == count else f"{best} of {count} places are filled as wanted"


def _follow(names: Sequence[str], poses: Mapping[str, Pose], first: str, step: Array) -> list[str]:
    """The blocks from the first on, each a step further."""
    line = [first]
    while True:
        at = poses[first].position[:2] + len(line) * step
        near = [
            name
            for name in names
            if np.linalg.norm(poses[name].position[:2] - at) < 1.5 * LINE_TOLERANCE
        ]
        if not near:
            return line
        line.append(near[0])


def _all_flat(
    wanted: WantedStructure, poses: Mapping[str, Pose], colors: Mapping[str, str], edge: float
) -> str:
    raised = [name for name, pose in poses.items() if _level(pose, edge) != 0]
    return f"{', '.join(raised)} not flat on the table" if raised else ""


def _pyramid(
    wanted: WantedStructure, poses: Mapping[str, Pose], colors: Mapping[str, str], edge: float
) -> str:
    levels = Counter(_level(pose, edge) for pose in poses.values())
    foot = next(n for n in range(2, 10) if n * (n + 1) // 2 >= wanted.blocks)
    for level in range(1, foot):
        good = 0
        below = [pose for pose in poses.values() if _level(pose, edge) == level - 1]
        for pose in poses.values():
            if _level(pose, edge) != level:
                continue
            bearers = [other for other in below if _apart(pose, other) < 0.8 * edge]
            middle = np.mean([other.position[:2] for other in bearers], axis=0) if bearers else 0.0
            off = float(np.linalg.norm(pose.position[:2] - middle))
            good += len(bearers) == 2 and off < MIDDLE_TOLERANCE_IN_EDGES * edge
        if good != foot - level:
            return f"level {level} has {good} blocks that bear on two, wanted {foot - level}"
    return "" if levels[0] >= foot else f"{levels[0]} blocks on the table, wanted {foot}"


# How each is judged: why it does not stand, empty where it does. Arguments as of `judge_structure`.
Judge = Callable[[WantedStructure, Mapping[str, Pose], Mapping[str, str], float], str]
STRUCTURES: dict[str, Judge] = {
    "tower": _towers,
    "towers": _towers,
    "row": _row,
    "pyramid": _pyramid,
    "wall": _placed,
    "structure": _placed,
    "sort by color": _sorted,
    "apart": _all_flat,
    "rows by color": _rows,
}
