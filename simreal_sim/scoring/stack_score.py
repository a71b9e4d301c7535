"""Whether a tower stands, and how well the blocks were seen: judged from the truth alone.

All poses are in the world frame, z up, table top at z = 0. Other structures: `structure_score.py`. What
the controller believes of one is its own affair: `simreal_control/world_model/structure.py`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment

from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_common.output_files import write_whole

# A block whose centre of mass is past the edge of the one below would fall.
MAX_OFFSET_IN_EDGES = 0.5
# A block that lies flat on another is one edge higher; one that leans on it or is held is not.
HEIGHT_TOLERANCE = 0.006
# Motion within the last second that is still rest, metres; the physics jitters by micrometres.
REST_TOLERANCE = 0.001
# The tool centre is between the finger tips: further away than this, no finger touches a block.
RELEASE_DISTANCE = 0.08
# A detection belongs to the block that it is at most this far from, metres.
MATCH_DISTANCE = 0.05


@dataclass(frozen=True)
class BlockVerdict:
    """One block: offset and height error to what is below it; None for a block that lies apart."""

    name: str
    position_error_mm: float | None
    height_error_mm: float | None
    tilt_deg: float
    on_top: bool
    at_rest: bool
    released: bool

    @property
    def good(self) -> bool:
        return self.on_top and self.at_rest and self.released


@dataclass(frozen=True)
class TowerVerdict:
    """The tower from the bottom up, then the blocks that are not in it."""

    success: bool
    placed: int
    reason: str
    blocks: tuple[BlockVerdict, ...]


def judge_tower(
    poses: Mapping[str, Pose],
    earlier: Mapping[str, Pose],
    tool_position: ArrayLike | None,
    edge: float,
    wanted: int,
) -> TowerVerdict:
    """Judge the highest tower there is.

    Args:
        poses: of all blocks now.
        earlier: of all blocks a second ago.
        tool_position: tool centre point, metres, shape (3,); None if not known.
        edge: of the blocks, metres.
        wanted: number of blocks that the tower should have.

    Returns:
        `placed` is the number of blocks in the tower; one that stands alone is none.
    """
    tower = max(find_columns(poses, edge), key=len, default=())
    if len(tower) < min(2, wanted):  # one block on the table is no tower, unless it is all of it
        tower = ()
    verdicts = []
    for level, name in enumerate(tower):
        below = poses[tower[level - 1]] if level else None
        verdicts.append(_judge_block(name, poses, earlier, tool_position, edge, below, True))
    for name in poses:
        if name not in tower:
            verdicts.append(_judge_block(name, poses, earlier, tool_position, edge, None, False))
    reason = _what_is_wrong(verdicts[: len(tower)], wanted, tool_position is not None)
    return TowerVerdict(not reason, len(tower), reason or "the tower stands", tuple(verdicts))


def find_columns(poses: Mapping[str, Pose], edge: float) -> list[tuple[str, ...]]:
    """Stacks of one block on another, from the bottom up; one that stands alone is one too.

    The bottom block lies on the table; each other one lies flat on the one below it.
    """
    found = []
    for name, pose in poses.items():
        if abs(pose.position[2] - edge / 2) > HEIGHT_TOLERANCE:
            continue
        column = [name]
        while True:
            upper = [
                other
                for other in poses
                if other not in column and _rests_on(poses[other], poses[column[-1]], edge)
            ]
            if not upper:
                break
            column.append(min(upper, key=lambda other: _offset(poses[other], poses[column[-1]])))
        found.append(tuple(column))
    return found


def _offset(upper: Pose, lower: Pose) -> float:
    return float(np.linalg.norm((upper.position - lower.position)[:2]))


def _height_error(upper: Pose, lower: Pose, edge: float) -> float:
    return float(upper.position[2] - lower.position[2]) - edge


def _rests_on(upper: Pose, lower: Pose, edge: float) -> bool:
    return (
        _offset(upper, lower) < MAX_OFFSET_IN_EDGES * edge
        and abs(_height_error(upper, lower, edge)) <= HEIGHT_TOLERANCE
    )


def _judge_block(
    name: str,
    poses: Mapping[str, Pose],
    earlier: Mapping[str, Pose],
    tool_position: ArrayLike | None,
    edge: float,
    below: Pose | None,
    in_tower: bool,
) -> BlockVerdict:
    pose = poses[name]
    position_error = height_error = None
    if below is not None:
        position_error = round(1e3 * _offset(pose, below), 2)
        height_error = round(1e3 * _height_error(pose, below, edge), 2)
    elif in_tower:  # the bottom one stands on the table, wherever it likes
        position_error = 0.0
        height_error = round(1e3 * float(pose.position[2] - edge / 2), 2)
    moved = np.inf
    if name in earlier:
        moved = float(np.linalg.norm(pose.position - earlier[name].position))
    released = False
    if tool_position is not None:
        tool = np.asarray(tool_position, dtype=np.float64)
        released = float(np.linalg.norm(tool - pose.position)) > RELEASE_DISTANCE
    upright = float(np.abs(pose.rotation[2]).max())  # cosine of the axis nearest to the vertical
    return BlockVerdict(
        name=name,
        position_error_mm=position_error,
        height_error_mm=height_error,
        tilt_deg=round(float(np.degrees(np.arccos(min(upright, 1.0)))), 2),
        on_top=in_tower,
        at_rest=moved <= REST_TOLERANCE,
        released=released,
    )


def _what_is_wrong(tower: Sequence[BlockVerdict], wanted: int, tool_known: bool) -> str:
    if len(tower) < wanted:
        return f"{len(tower)} of {wanted} blocks are stacked"
    for block in tower:
        if not block.at_rest:
            return f"{block.name} still moves"
        if not block.released:
            return f"the hand is still at {block.name}" if tool_known else "no pose of the tool"
    return ""


@dataclass
class PerceptionScore:
    """Detections against the truth, collected image by image."""

    errors_m: list[float] = field(default_factory=list)
    missed: int = 0
    false: int = 0
    images: int = 0

    def add(self, detected: ArrayLike, truth: ArrayLike) -> None:
        """Centres of what was detected (N, 3) and of the blocks that are there (M, 3), metres.

        Each block is matched to at most one detection, so that the sum of distances is least.
        """
        seen = np.asarray(detected, dtype=np.float64).reshape(-1, 3)
        there = np.asarray(truth, dtype=np.float64).reshape(-1, 3)
        distances = np.linalg.norm(seen[:, None] - there[None], axis=-1)
        # Beyond the limit all are equally wrong: a far one must not push a near one out.
        rows, columns = linear_sum_assignment(np.minimum(distances, 2 * MATCH_DISTANCE))
        matched = [d for d in distances[rows, columns] if d <= MATCH_DISTANCE]
        self.errors_m += [float(distance) for distance in matched]
        self.missed += len(there) - len(matched)
        self.false += len(seen) - len(matched)
        self.images += 1

    def summary(self) -> dict[str, Any]:
        """Mean and largest error (mm, None without a match), counts, recall."""
        errors = 1e3 * np.array(self.errors_m)
        there = errors.size + self.missed
        return {
            "mean_mm": round(float(errors.mean()), 2) if errors.size else None,
            "max_mm": round(float(errors.max()), 2) if errors.size else None,
            "matched": int(errors.size),
            "missed": self.missed,
            "false": self.false,
            "recall": round(errors.size / there, 3) if there else None,
            "images": self.images,
        }


@dataclass(frozen=True)
class RunResult:
    """All of result.json."""

    success: bool
    seed: int
    blocks: int
    placed: int
    blocks_detail: tuple[BlockVerdict, ...]
    perception: dict[str, Any]
    sim_seconds: float
    wall_seconds: float
    reason: str

    def write(self, path: Path) -> None:
        """Write it as JSON; whoever looks sees the whole file or none.

        Raises:
            ConfigurationError: the folder cannot be written.
        """
        text = json.dumps(dataclasses.asdict(self), indent=2) + "\n"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, text)
        except OSError as error:
            raise ConfigurationError(
                f"cannot write {path}: {error.strerror}; give another folder with out:=DIR"
            ) from error

    def lines(self) -> list[str]:
        """The verdict for a person."""
        seen = self.perception
        errors = "no block was matched"
        if seen.get("mean_mm") is not None:
            errors = (
                f"mean {seen['mean_mm']:.1f} mm, max {seen['max_mm']:.1f} mm, "
                f"{seen['matched']} matched, {seen['missed']} missed, {seen['false']} false "
                "(every image counts, hidden blocks too)"
            )
        lines = [
            f"VERDICT: {'success' if self.success else 'FAILURE'}: {self.reason}",
            f"  tower: {self.placed} of {self.blocks} blocks (seed {self.seed})",
        ]
        for block in self.blocks_detail:
            if block.position_error_mm is None or block.height_error_mm is None:
                lines.append(f"    {block.name}: not in the tower")
            else:
                flags = "".join(
                    f", {word}"
                    for word, wrong in (
                        ("still moves", not block.at_rest),
                        ("not released", not block.released),
                    )
                    if wrong
                )
                lines.append(
                    f"    {block.name}: {block.position_error_mm:.1f} mm beside what is below, "
                    f"height {block.height_error_mm:+.1f} mm, tilt {block.tilt_deg:.1f} deg{flags}"
                )
        lines.append(f"  perception: {errors}")
        lines.append(f"  time: {self.sim_seconds:.1f} s simulated, {self.wall_seconds:.1f} s real")
        return lines
