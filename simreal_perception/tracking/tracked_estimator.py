"""Blocks in a stream of images: the networks look where something changed, tracks do the rest.

The networks take most of the time of an estimate. Where a resting camera's image has not changed,
they would say what they said before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.geometry import Pose, rotation_distance
from simreal_perception.pose_estimation.detection import Detections, Region, chosen
from simreal_perception.pose_estimation.estimator import PoseCandidate
from simreal_perception.pose_estimation.image_pyramid import PyramidLimits
from simreal_perception.tracking.block_tracker import BlockTracker
from simreal_perception.tracking.candidate_cache import CandidateCache
from simreal_perception.tracking.change_mask import ChangeMask

# However still the image, the detector sees all of it this often: what changes slowly, and what
# hides below the threshold of change, is found then.
FULL_LOOK_S = 1.0
# Around a change, pixels: as far blocks may look different; and more for the detector to judge by.
AROUND_PX, CONTEXT_PX = 16, 64
# Looks at parts that add up to more than this share of the image are one look at all of it.
FULL_SHARE = 0.5
# A camera that moves by less from image to image rests, metres and radians.
RESTS_M, RESTS_RAD = 0.001, 0.001


class Estimator(Protocol):
    """What is needed of a `BlockEstimator`."""

    search: PyramidLimits

    def detect(
        self,
        image: NDArray[np.uint8],
        camera: Camera,
        block_edge: float,
        region: Region | None = None,
    ) -> Detections: ...

    def judged_candidates(
        self,
        image: NDArray[np.uint8],
        camera: Camera,
        block_edge: float,
        detections: Detections | None = None,
    ) -> list[PoseCandidate]: ...

    def blocks(
        self,
        candidates: Sequence[PoseCandidate],
        image: NDArray[np.uint8],
        camera: Camera,
        block_edge: float,
        *args: Any,
        **keywords: Any,
    ) -> Sequence[BlockEstimate]: ...

    def estimate(
        self,
        image: NDArray[np.uint8],
        camera: Camera,
        block_edge: float,
        *args: Any,
        **keywords: Any,
    ) -> Sequence[BlockEstimate]: ...


class TrackedEstimator:
    """Finds the blocks of one camera's images and follows them.

    Args:
        estimator: looks at single images.
        least_score: what scores lower in an image is not followed; may change.

    Attributes:
        measured: in the last image alone, also what scores too little to be followed.
    """

    def __init__(self, estimator: Estimator, least_score: float = 0.05) -> None:
        self._estimator, self.least_score = estimator, least_score
        self._tracker = BlockTracker()
        self._mask = ChangeMask()
        self._cache = CandidateCache()
        self._worth: Detections | None = None  # of the last looks, what held blocks
        self._last_full = -np.inf
        self._key: tuple[object, ...] = ()
        self._pose: Pose | None = None
        self.measured: Sequence[BlockEstimate] = ()

    def reset(self) -> None:
        """Forget all blocks and what the last image looked like; ids are not used again."""
        self._tracker.reset()
        self._worth, self._pose = None, None
        self._last_full = -np.inf
        self._cache.forget()

    def look_everywhere(self) -> None:
        """Let the networks see all of the next image; blocks are followed on."""
        self._worth = None
        self._cache.forget()

    def update(
        self,
        image: NDArray[np.uint8],
        camera: Camera,
        block_edge: float,
        stamp: float,
        pose_camera_in_fixed: Pose | None = None,
        **priors: Any,
    ) -> list[BlockEstimate]:
        """The blocks in an image, best first, fused with the images before it.

        Args:
            image, camera, block_edge: see `BlockEstimator.estimate`; another size, calibration or edge
                than before begins anew.
            stamp: of the image, seconds; one that goes back by more than a second begins anew.
            pose_camera_in_fixed: where the camera was; without it the camera is taken as fixed.
            priors: passed on to `BlockEstimator.estimate`.

        Returns:
            Estimates in the optical frame of this image, see `BlockTracker.update`.
        """
        estimator = self._estimator
        lens = (camera.matrix.tobytes(), camera.distortion.tobytes(), camera.lens)
        key = (image.shape, lens, block_edge)
        if key != self._key:
            self._key = key
            self.reset()
        moved = _moved(self._pose, pose_camera_in_fixed)
        self._pose = pose_camera_in_fixed
        if moved:
            self._cache.forget()
        detections, changed = self._look(image, camera, block_edge, stamp)
        candidates = self._cache.candidates(
            detections,
            changed,
            lambda some: estimator.judged_candidates(image, camera, block_edge, some),
        )
        self.measured = estimator.blocks(candidates, image, camera, block_edge, **priors)
        estimates = [one for one in self.measured if one.score >= self.least_score]
        self._worth = _near(detections, estimates, camera)
        # To a camera that moves everything does; that says nothing of what covers blocks.
        unsettled = () if moved else changed
        return self._tracker.update(estimates, stamp, camera, pose_camera_in_fixed, unsettled)

    def _look(
        self, image: NDArray[np.uint8], camera: Camera, block_edge: float, stamp: float
    ) -> tuple[Detections, list[Region]]:
        """Where blocks may be, and what has changed since the last image, if not everything."""
        changed = None if self._worth is None else self._mask.regions(image)
        height, width = image.shape[:2]
        replaced = [region.grown(AROUND_PX, width, height) for region in changed or ()]
        read = [region.grown(CONTEXT_PX, width, height) for region in replaced]
        full = (
            changed is None
            or not 0 <= stamp - self._last_full < FULL_LOOK_S
            or sum(region.area for region in read) > FULL_SHARE * width * height
        )
        if full or self._worth is None:
            self._last_full = stamp
            self._mask.looked(image)
            return self._estimator.detect(image, camera, block_edge), changed or []
        if not changed:
            return self._worth, []
        found = [self._worth]
        for index, region in enumerate(read):
            part = self._estimator.detect(image, camera, block_edge, region)
            # Each place counts in the first of the regions that hold it.
            inside = _held(part, replaced[index : index + 1]) & ~_held(part, replaced[:index])
            found.append(chosen(part, inside))
        found[0] = chosen(self._worth, ~_held(self._worth, replaced))
        self._mask.looked(image, changed)
        together = Detections(*(np.concatenate(parts) for parts in zip(*found, strict=True)))
        return chosen(together, np.argsort(-together.scores, kind="stable")), changed


def _moved(before: Pose | None, now: Pose | None) -> bool:
    if before is None or now is None:
        return False
    return bool(
        np.linalg.norm(now.position - before.position) > RESTS_M
        or rotation_distance(now.rotation, before.rotation) > RESTS_RAD
    )


def _held(found: Detections, regions: Sequence[Region]) -> NDArray[np.bool_]:
    """Which detections, (N,), lie in any of some regions."""
    held = [any(region.holds(x, y) for region in regions) for x, y in found.centers.tolist()]
    return np.array(held, dtype=bool)


def _near(found: Detections, estimates: Sequence[BlockEstimate], camera: Camera) -> Detections:
    """The detections in which an estimate lies: they are worth another look."""
    if not estimates:
        return chosen(found, np.zeros(len(found.scores), dtype=bool))
    pixels = camera.project(np.array([estimate.pose.position for estimate in estimates]))
    apart = np.linalg.norm(found.centers[:, None] - pixels[None], axis=-1)
    return chosen(found, (apart < found.radii[:, None]).any(axis=1))
