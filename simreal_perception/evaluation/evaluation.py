"""How well estimates agree with the truth: matching, errors, summary."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from simreal_common.block_estimate import BLOCK_EDGE_M, BlockEstimate
from simreal_common.camera import Camera
from simreal_common.geometry import Pose
from simreal_perception.evaluation.metrics.image_errors import ImageErrors

if TYPE_CHECKING:
    from simreal_perception.evaluation.image_matching import Comparison

# An estimate belongs to a block if it lies this near to it, across the ray and along it, as shares
# of the edge and of the distance: what is farther off is a miss and a false alarm.
LATERAL_SHARE, RANGE_SHARE = 0.6, 0.25

# A position is good whose error is at most this share of the block's distance, 10 mm at 0.9 m. One
# camera's error grows with distance.
GOOD_SHARE = 0.010 / 0.9

# Of errors along a line these shares are within 1, 2 and 3 standard deviations. Errors across the
# ray have two components: as large a share of them is within these radii.
WITHIN = (0.6827, 0.9545, 0.9973)
RADII = tuple(float(np.sqrt(chi2.ppf(share, 2))) for share in WITHIN)


@dataclass(frozen=True)
class PoseError:
    """Error of one estimate.

    Args:
        position_m: length of the error of position.
        lateral_m, range_m: its parts across and along the viewing ray; range is signed, positive
            where the estimate is too far away.
        rotation_rad: modulo the symmetry of its shape.
        score: the estimate's.
        distance_m: of the block from the camera.
        nees: normalized squared error of position under the estimate's covariance; 3 on average
            where the covariance is right.
        range_sigmas, lateral_sigmas: range_m and lateral_m in standard deviations under that
            covariance, along the ray and in the direction of the error across it.
        lateral_px: distance of the two centres in the image, pixels; None where the camera is not
            known.
    """

    position_m: float
    lateral_m: float
    range_m: float
    rotation_rad: float
    score: float
    distance_m: float
    nees: float
    range_sigmas: float
    lateral_sigmas: float
    lateral_px: float | None = None

    @property
    def good(self) -> bool:
        """Whether the error of position is at most GOOD_SHARE of the distance."""
        return self.position_m <= GOOD_SHARE * self.distance_m


@dataclass(frozen=True)
class BlockResult:
    """What became of one block of an image.

    Args:
        image: number of the image.
        position_m: of its centre in the camera's optical frame.
        visible: share of the block that the image shows, 0 to 1; None where nobody knows.
        required: whether it must be found.
        error: of its estimate; None where it has none.
        only_2d: whether its pose is known in the image alone, so that of `error` only the pixels
            say something.
    """

    image: int
    position_m: tuple[float, float, float]
    visible: float | None
    required: bool
    error: PoseError | None
    only_2d: bool = False

    @property
    def distance_m(self) -> float:
        """From the camera."""
        return float(np.linalg.norm(self.position_m))


@dataclass(frozen=True)
class FalseAlarm:
    """An estimate that belongs to no block.

    Args:
        image: number of the image.
        position_m, score: as estimated.
    """

    image: int
    position_m: tuple[float, float, float]
    score: float


@dataclass(eq=False)
class Evaluation:
    """What became of the blocks and the estimates of many images.

    Matching starts with the surest estimate, so that leaving out those below a score leaves the
    others' matches alone: one pass serves every threshold (`above`). Labelled photographs, which
    follow another rule (`image_matching`), are matched again for each.

    Args:
        blocks: one entry a block.
        false_alarms: one entry an estimate without a block.
        images: how many were seen.
        comparisons: of the labelled photographs among them, whose results are in `blocks` and
            `false_alarms` like the others'.
        pose_errors: of the images, for the figures that BOP defines, which match in their own way.
    """

    blocks: list[BlockResult] = field(default_factory=list)
    false_alarms: list[FalseAlarm] = field(default_factory=list)
    images: int = 0
    comparisons: list[Comparison] = field(default_factory=list)
    pose_errors: list[ImageErrors] = field(default_factory=list)

    def add(
        self,
        estimates: Sequence[BlockEstimate],
        truths: Sequence[Pose],
        optional: Sequence[Pose] = (),
        edge: float = BLOCK_EDGE_M,
        visible: Sequence[float | None] = (),
        image: int | None = None,
        camera: Camera | None = None,
        edges: Sequence[float] = (),
    ) -> None:
        """Match one image's estimates to its blocks.

        Args:
            truths: blocks that must be found, optical frame.
            optional: blocks that may be found (mostly hidden): neither missed nor false.
            edge: of the blocks, metres.
            visible: shares of `truths` and then of `optional` that the image shows, if known.
            image: its number; by default images are counted.
            camera: which took it; without it errors are not told in pixels.
            edges: of each of `truths` and then of `optional`, where they differ: each is compared
                with what looks the same at its own edge.
        """
        number = self.images if image is None else image
        self.images += 1
        poses = [*truths, *optional]
        shares = [*visible, *[None] * (len(poses) - len(visible))]
        sizes = list(edges) or [edge] * len(poses)
        matched: dict[int, PoseError] = {}
        for estimate in sorted(estimates, key=lambda e: -e.score):
            free = [index for index in range(len(poses)) if index not in matched]
            looks = [at_edge(estimate, size) if edges else estimate for size in sizes]
            mismatch = [_mismatch(looks[index].pose, poses[index], sizes[index]) for index in free]
            if mismatch and min(mismatch) < 1.0:
                best = free[int(np.argmin(mismatch))]
                matched[best] = pose_error(looks[best], poses[best], camera)
            else:
                where = place_of(estimate.pose)
                self.false_alarms.append(FalseAlarm(number, where, estimate.score))
        for index, pose in enumerate(poses):
            self.blocks.append(
                BlockResult(
                    image=number,
                    position_m=place_of(pose),
                    visible=shares[index],
                    required=index < len(truths),
                    error=matched.get(index),
                )
            )

    def add_compared(self, comparison: Comparison) -> None:
        """Take in a labelled photograph."""
        blocks, alarms = comparison.results()
        self.blocks += blocks
        self.false_alarms += alarms
        self.images += 1
        self.comparisons.append(comparison)

    def extend(self, other: Evaluation) -> None:
        """Take in the images of another evaluation."""
        self.blocks += other.blocks
        self.false_alarms += other.false_alarms
        self.images += other.images
        self.comparisons += other.comparisons
        self.pose_errors += other.pose_errors

    def above(self, score: float) -> Evaluation:
        """The same images with estimates below `score` left out."""
        compared = {comparison.image for comparison in self.comparisons}
        blocks = [
            block
            if block.error is None or block.error.score >= score
            else dataclasses.replace(block, error=None)
            for block in self.blocks
            if block.image not in compared
        ]
        alarms = [
            alarm
            for alarm in self.false_alarms
            if alarm.score >= score and alarm.image not in compared
        ]
        part = Evaluation(blocks, alarms, self.images - len(self.comparisons))
        for comparison in self.comparisons:
            part.add_compared(comparison.above(score))
        part.pose_errors = [errors.above(score) for errors in self.pose_errors]
        return part

    @property
    def required(self) -> list[BlockResult]:
        """The blocks that must be found."""
        return [block for block in self.blocks if block.required]

    @property
    def errors(self) -> list[PoseError]:
        """Errors of the required blocks that were found."""
        return [block.error for block in self.required if block.error is not None]

    @property
    def metric_errors(self) -> list[PoseError]:
        """Those of `errors` that say something in metres and radians."""
        return [
            block.error for block in self.required if block.error is not None and not block.only_2d
        ]

    @property
    def missed(self) -> int:
        """Required blocks that nothing was found for."""
        return sum(block.error is None for block in self.required)

    @property
    def false(self) -> int:
        """Estimates that belong to no block."""
        return len(self.false_alarms)

    @property
    def promises(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Score of every estimate, and whether it is of a block, as that promises."""
        errors = [block.error for block in self.blocks if block.error is not None]
        scores = [error.score for error in errors] + [alarm.score for alarm in self.false_alarms]
        kept = [True] * len(errors) + [False] * self.false
        return np.array(scores, dtype=np.float64), np.array(kept, dtype=bool)

    def summary(self) -> dict[str, float]:
        """The figures people ask for; millimetres, degrees and pixels."""
        errors = self.errors
        figures = {**error_figures(self.metric_errors), **pixel_figures(errors)}
        return {
            "blocks": len(errors) + self.missed,
            "recall": len(errors) / max(len(errors) + self.missed, 1),
            "precision": len(errors) / max(len(errors) + self.false, 1),
            **figures,
        }


def error_figures(errors: Sequence[PoseError]) -> dict[str, float]:
    """Statistics of errors, millimetres and degrees; not a number where there are none."""
    columns: NDArray[np.float64] = np.array(
        [[e.position_m, e.lateral_m, e.range_m, e.rotation_rad, e.nees] for e in errors]
    ).reshape(-1, 5)
    if not len(columns):
        columns = np.full((1, 5), np.nan)
    signed = float(columns[:, 2].mean())
    sizes = dict(
        position=columns[:, 0] * 1e3,
        lateral=columns[:, 1] * 1e3,
        range=np.abs(columns[:, 2]) * 1e3,
        rotation=np.degrees(columns[:, 3]),
    )
    figures: dict[str, float] = {}
    for name, values in sizes.items():
        unit = "deg" if name == "rotation" else "mm"
        figures[f"{name}_mean_{unit}"] = float(values.mean())
        figures[f"{name}_median_{unit}"] = float(np.median(values))
        figures[f"{name}_p95_{unit}"] = float(np.quantile(values, 0.95))
    good = float(np.mean([error.good for error in errors])) if errors else float("nan")
    return {
        **figures,
        "range_bias_mm": signed * 1e3,
        "good_share": good,
        "nees_median": float(np.median(columns[:, 4])),
        "nees_mean": float(columns[:, 4].mean()),
        **_coverage(errors),
    }


def pixel_figures(errors: Sequence[PoseError]) -> dict[str, float]:
    """Statistics of the errors in the image, pixels; not a number where none is known."""
    known = [error.lateral_px for error in errors if error.lateral_px is not None]
    values = np.array(known or [np.nan])
    return {
        "lateral_mean_px": float(values.mean()),
        "lateral_median_px": float(np.median(values)),
        "lateral_p95_px": float(np.quantile(values, 0.95)),
    }


def _coverage(errors: Sequence[PoseError]) -> dict[str, float]:
    """Shares of errors within 1, 2 and 3 standard deviations; WITHIN where covariances are right."""
    along = np.array([error.range_sigmas for error in errors] or [np.nan])
    across = np.array([error.lateral_sigmas for error in errors] or [np.nan])
    shares = {}
    for number, radius in enumerate(RADII, 1):
        for name, sigmas, limit in (("range", along, number), ("lateral", across, radius)):
            share = float(np.mean(sigmas <= limit)) if errors else float("nan")
            shares[f"{name}_within_{number}_sigma"] = share
    return shares


def is_match(estimate: Pose, truth: Pose, edge: float) -> bool:
    """Whether an estimated pose is near enough to a block to be of that block."""
    return _mismatch(estimate, truth, edge) < 1.0


def pose_error(estimate: BlockEstimate, truth: Pose, camera: Camera | None = None) -> PoseError:
    """Error of an estimate of a block whose true pose, in the optical frame, is `truth`."""
    lateral_px = None
    if camera is not None:
        seen, true = camera.project(np.stack([estimate.pose.position, truth.position]))
        lateral_px = float(np.linalg.norm(seen - true))
    across, along = error_parts(estimate.pose, truth)
    error = estimate.pose.position - truth.position
    ray = truth.position / np.linalg.norm(truth.position)
    aside = error - along * ray
    aside /= max(across, 1e-12)
    place = estimate.covariance[:3, :3]
    return PoseError(
        position_m=float(np.linalg.norm(error)),
        lateral_m=across,
        range_m=along,
        rotation_rad=estimate.shape.symmetry.distance(estimate.pose.rotation, truth.rotation),
        score=estimate.score,
        distance_m=float(np.linalg.norm(truth.position)),
        nees=float(error @ np.linalg.solve(place, error)),
        range_sigmas=abs(along) / float(np.sqrt(ray @ place @ ray)),
        lateral_sigmas=across / float(np.sqrt(max(aside @ place @ aside, 1e-18))),
        lateral_px=lateral_px,
    )


def at_edge(estimate: BlockEstimate, edge: float) -> BlockEstimate:
    """The estimate that looks the same, of a block with another edge, metres."""
    ratio = edge / estimate.edge
    scale = np.diag([ratio] * 3 + [1.0] * 3)
    return dataclasses.replace(
        estimate,
        pose=Pose(ratio * estimate.pose.position, estimate.pose.orientation),
        covariance=scale @ estimate.covariance @ scale,
        edge=edge,
    )


def place_of(pose: Pose) -> tuple[float, float, float]:
    """A position as plain numbers, metres."""
    x, y, z = pose.position.tolist()
    return x, y, z


def error_parts(estimate: Pose, truth: Pose) -> tuple[float, float]:
    """Error of position across the ray to the block and, signed, along it, metres."""
    ray = truth.position / np.linalg.norm(truth.position)
    error = estimate.position - truth.position
    along = float(error @ ray)
    return float(np.linalg.norm(error - along * ray)), along


def _mismatch(estimate: Pose, truth: Pose, edge: float) -> float:
    across, along = error_parts(estimate, truth)
    distance = float(np.linalg.norm(truth.position))
    return max(across / (LATERAL_SHARE * edge), abs(along) / (RANGE_SHARE * distance))
