"""How well estimates agree with the truth: matching, errors, summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from simreal_common.block_estimate import BlockEstimate
from simreal_common.geometry import Pose, cube_rotation_distance

# An estimate belongs to a block if it lies this near to it, across the ray and along it, as shares
# of the edge and of the distance: what is farther off is a miss and a false alarm.
LATERAL_SHARE, RANGE_SHARE = 0.6, 0.25


@dataclass(frozen=True)
class PoseError:
    """Error of one estimate.

    Args:
        position_m: length of the error of position.
        lateral_m, range_m: its parts across and along the viewing ray; range is signed, positive
            where the estimate is too far away.
        rotation_rad: modulo the 24 rotations of a cube.
        score: the estimate's.
        distance_m: of the block from the camera.
        nees: normalized squared error of position under the estimate's covariance; 3 on average
            where the covariance is right.
    """

    position_m: float
    lateral_m: float
    range_m: float
    rotation_rad: float
    score: float
    distance_m: float
    nees: float


@dataclass(eq=False)
class Evaluation:
    """Errors over many images.

    Args:
        errors: of the matched estimates.
        missed: blocks that nothing was found for.
        false: estimates that belong to no block.
    """

    errors: list[PoseError] = field(default_factory=list)
    missed: int = 0
    false: int = 0

    def add(
        self,
        estimates: Sequence[BlockEstimate],
        truths: Sequence[Pose],
        optional: Sequence[Pose] = (),
        edge: float = 0.05,
    ) -> None:
        """Match one image's estimates to its blocks.

        Args:
            truths: blocks that must be found, optical frame.
            optional: blocks that may be found (mostly hidden): neither missed nor false.
        """
        blocks = [*truths, *optional]
        matched = found = 0
        if estimates and blocks:
            cost = np.array([[_mismatch(e.pose, b, edge) for b in blocks] for e in estimates])
            rows, columns = linear_sum_assignment(np.minimum(cost, 1e3))
            for row, column in zip(rows, columns, strict=True):
                if cost[row, column] < 1.0:
                    matched += 1
                    if column < len(truths):
                        found += 1
                        self.errors.append(_error(estimates[row], truths[column]))
        self.missed += len(truths) - found
        self.false += len(estimates) - matched

    def summary(self) -> dict[str, float]:
        """The figures people ask for; millimetres and degrees."""
        found = len(self.errors)
        columns: NDArray[np.float64] = np.array(
            [[e.position_m, e.lateral_m, e.range_m, e.rotation_rad, e.nees] for e in self.errors]
        ).reshape(-1, 5)
        if not found:
            columns = np.full((1, 5), np.nan)
        position, lateral, along, rotation, nees = columns.T
        return {
            "blocks": found + self.missed,
            "recall": found / max(found + self.missed, 1),
            "precision": found / max(found + self.false, 1),
            "position_mean_mm": float(position.mean() * 1e3),
            "position_median_mm": float(np.median(position) * 1e3),
            "position_p95_mm": float(np.quantile(position, 0.95) * 1e3),
            "lateral_mean_mm": float(lateral.mean() * 1e3),
            "range_mean_mm": float(np.abs(along).mean() * 1e3),
            "range_bias_mm": float(along.mean() * 1e3),
            "rotation_mean_deg": float(np.degrees(rotation.mean())),
            "rotation_median_deg": float(np.degrees(np.median(rotation))),
            "nees_median": float(np.median(nees)),
            "nees_mean": float(nees.mean()),
        }


def is_match(estimate: Pose, truth: Pose, edge: float) -> bool:
    """Whether an estimated pose is near enough to a block to be of that block."""
    return _mismatch(estimate, truth, edge) < 1.0


def _parts(estimate: Pose, truth: Pose) -> tuple[float, float]:
    """Error of position across and along the ray to the block, metres."""
    ray = truth.position / np.linalg.norm(truth.position)
    error = estimate.position - truth.position
    along = float(error @ ray)
    return float(np.linalg.norm(error - along * ray)), along


def _mismatch(estimate: Pose, truth: Pose, edge: float) -> float:
    across, along = _parts(estimate, truth)
    distance = float(np.linalg.norm(truth.position))
    return max(across / (LATERAL_SHARE * edge), abs(along) / (RANGE_SHARE * distance))


def _error(estimate: BlockEstimate, truth: Pose) -> PoseError:
    across, along = _parts(estimate.pose, truth)
    error = estimate.pose.position - truth.position
    return PoseError(
        position_m=float(np.linalg.norm(error)),
        lateral_m=across,
        range_m=along,
        rotation_rad=cube_rotation_distance(estimate.pose.rotation, truth.rotation),
        score=estimate.score,
        distance_m=float(np.linalg.norm(truth.position)),
        nees=float(error @ np.linalg.solve(estimate.covariance[:3, :3], error)),
    )
