"""Matches estimates to the blocks of a labelled photograph, decided in the image.

The blocks of one photograph may differ in size, and the estimator is told one edge. A cube twice as
large and twice as far away looks the same, so an estimate is compared with each block at that
block's own edge: its position grows in the same ratio.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.geometry import Pose, cube_corners
from simreal_perception.evaluation.evaluation import (
    BlockResult,
    FalseAlarm,
    PoseError,
    at_edge,
    place_of,
    pose_error,
)
from simreal_perception.evaluation.evaluation_data import Example, Labels

Array = NDArray[np.float64]

# An estimate may be of a block if its centre lies within half the block's size from the block's in
# the image, and its range is off by a quarter at most: to either side by the same factor.
CENTRE_SHARE = 0.5
LEAST_RANGE, MOST_RANGE = 0.75, 1.33

# A block that shows less of itself, or is smaller in the image, may be found and need not be.
LEAST_VISIBLE = 0.5
LEAST_SIZE_PX = 20.0

NO_MATCH = 1e3  # for the assignment: dearer than any set of matches
BEHIND = np.array([-1e4, -1e4])  # where in the image an estimate behind the camera is said to be


@dataclass(frozen=True)
class ComparedEstimate:
    """An estimate beside every block of its photograph.

    Args:
        score: its score.
        errors: against each block, at the block's edge; None where it cannot be of that block.
        center_distances: for each block, distance of the centres in the image as share of the
            block's size; NO_MATCH where it cannot be of that block.
        alarm: what it is if it belongs to no block; None where that would count neither way.
    """

    score: float
    errors: tuple[PoseError | None, ...]
    center_distances: tuple[float, ...]
    alarm: FalseAlarm | None


@dataclass(frozen=True)
class Comparison:
    """All estimates of a labelled photograph beside all its blocks.

    Args:
        image: its number.
        blocks: as they are if nothing is found.
        estimates: what was found.
    """

    image: int
    blocks: tuple[BlockResult, ...]
    estimates: tuple[ComparedEstimate, ...]

    def above(self, score: float) -> Comparison:
        """The same photograph with estimates below `score` left out."""
        kept = tuple(estimate for estimate in self.estimates if estimate.score >= score)
        return dataclasses.replace(self, estimates=kept)

    def results(self) -> tuple[list[BlockResult], list[FalseAlarm]]:
        """Match: as many blocks as can be, then those whose centres lie nearest in sum."""
        errors: dict[int, PoseError | None] = {}
        taken: set[int] = set()
        if self.blocks and self.estimates:
            center_distances = np.array([estimate.center_distances for estimate in self.estimates])
            for index, block in zip(*linear_sum_assignment(center_distances)):
                if center_distances[index, block] < NO_MATCH:
                    errors[block] = self.estimates[index].errors[block]
                    taken.add(index)
        blocks = [
            dataclasses.replace(block, error=errors.get(index))
            for index, block in enumerate(self.blocks)
        ]
        alarms = [
            estimate.alarm
            for index, estimate in enumerate(self.estimates)
            if index not in taken and estimate.alarm is not None
        ]
        return blocks, alarms


def compare(
    estimates: Sequence[BlockEstimate], example: Example, labels: Labels, image: int
) -> Comparison:
    """Compare each estimate of a labelled photograph with each block.

    Args:
        labels: the example's.
        image: its number.
    """
    shares = [*example.visible, *[None] * (len(example.sized_blocks) - len(example.visible))]
    blocks = [
        BlockResult(
            image=image,
            position_m=place_of(pose),
            visible=share,
            required=index < len(example.blocks),
            error=None,
            only_2d=labels.only_2d,
        )
        for index, ((pose, _), share) in enumerate(zip(example.sized_blocks, shares))
    ]
    compared = [_compare(estimate, example, labels, image) for estimate in estimates]
    return Comparison(image, tuple(blocks), tuple(compared))


def size_in_image(camera: Camera, pose: Pose, edge: float) -> float:
    """Size of a block in the image, pixels: the square root of its outline's area, 1 at least."""
    corners = camera.project(pose.transform_points(cube_corners(edge))).astype(np.float32)
    return float(np.sqrt(max(cv2.contourArea(cv2.convexHull(corners)), 1.0)))


def is_wanted(camera: Camera, pose: Pose, edge: float, visible: float | None) -> bool:
    """Whether a labelled block must be found.

    Args:
        visible: share of it that the image shows; None where nobody knows, and it is taken for whole.
    """
    seen = visible is None or visible >= LEAST_VISIBLE
    return seen and size_in_image(camera, pose, edge) >= LEAST_SIZE_PX


def _compare(
    estimate: BlockEstimate, example: Example, labels: Labels, image: int
) -> ComparedEstimate:
    camera, position = example.camera, estimate.pose.position
    pixel = camera.project(position) if position[2] > 0 else BEHIND
    errors: list[PoseError | None] = []
    center_distances: list[float] = []
    for pose, edge in example.sized_blocks:
        scaled = at_edge(estimate, edge)
        off = float(np.linalg.norm(pixel - camera.project(pose.position)))
        center_distance = off / size_in_image(camera, pose, edge)
        range_ratio = float(np.linalg.norm(scaled.pose.position) / np.linalg.norm(pose.position))
        near = center_distance < CENTRE_SHARE and LEAST_RANGE < range_ratio < MOST_RANGE
        errors.append(pose_error(scaled, pose, camera) if near else None)
        center_distances.append(center_distance if near else NO_MATCH)
    alarm = FalseAlarm(image, place_of(estimate.pose), estimate.score)
    return ComparedEstimate(
        estimate.score,
        tuple(errors),
        tuple(center_distances),
        alarm if _is_labelled(labels, pixel) else None,
    )


def _is_labelled(labels: Labels, pixel: Array) -> bool:
    """Whether a block at a place in the image would have been labelled."""
    x, y = pixel.tolist()
    if labels.region is not None and cv2.pointPolygonTest(labels.region, (x, y), False) < 0:
        return False
    return not any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in labels.ignore)
