"""Finds blocks by the tags on their faces: detection, then one pose from all tags of a block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.geometry import Pose
from simreal_perception.tags.tag_layout import FACES, TagLayout

Array = NDArray[np.float64]

# A tag is decoded or it is not: the code's distance leaves hardly any false ones.
SCORE = 0.99
# Of a corner between fitted lines; those of one tag err together, which a larger number stands for.
CORNER_SIGMA_PX = 0.5
# With lines fitted to the border OpenCV tells corners as the AprilTag library does: the centre of the
# top left pixel is (0.5, 0.5) there, (0, 0) everywhere else (measured: 0.44 to 0.45 pixels).
APRILTAG_OFFSET_PX = 0.5
LARGEST_RESIDUAL = (
    0.05  # root mean square of the residual, as share of the tags' size: no such block
)
LEAST_EIGENVALUE = 1e-12  # of the normal equations: directions that nothing is known of


@dataclass(frozen=True)
class _BlockTags:
    """Tags of one block: its number, corners in its frame (N, 3) and on the image plane (N, 2)."""

    number: int
    model: Array
    image: Array

    @property
    def size(self) -> float:
        """Of its largest tag on the image plane."""
        sides = np.linalg.norm(np.diff(self.image.reshape(-1, 4, 2), axis=1), axis=2)
        return float(sides.max())


class TagEstimator:
    """Estimates poses of blocks with tags on their faces.

    Args:
        layout: which tags there are, and where.
    """

    def __init__(self, layout: TagLayout | None = None) -> None:
        self._layout = layout or TagLayout()
        parameters = cv2.aruco.DetectorParameters()
        # Lines fitted to the border. CORNER_REFINE_SUBPIX draws corners of a blurred square inwards:
        # ranges were 0.5 % too far then, 0.02 % so (test_tag_estimator's images).
        parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_APRILTAG
        self._detector = cv2.aruco.ArucoDetector(self._layout.family, parameters)

    def estimate(
        self, image_rgb: NDArray[np.uint8], camera: Camera, edge: float
    ) -> list[BlockEstimate]:
        """Find the blocks of which at least one tag is read.

        Args:
            image_rgb: uint8, (H, W, 3), as the camera gave it: not rectified unless `camera` says so.
            edge: of the blocks, metres.

        Returns:
            Poses in the optical frame with covariance; `id` is the block's number by its tags.
        """
        gray = cv2.cvtColor(image_rgb, cv2.COLOR_RGB2GRAY)
        corners, numbers, _ = self._detector.detectMarkers(gray)
        if numbers is None or not len(numbers):
            return []
        estimates = []
        for tags in self._by_block(np.reshape(numbers, -1), corners, camera, edge):
            found = _solve(tags, edge, CORNER_SIGMA_PX / float(camera.matrix[0, 0]))
            if found is not None:
                estimates.append(found)
        return estimates

    def _by_block(
        self,
        numbers: NDArray[np.integer],
        corners: Sequence[NDArray[np.float32]],
        camera: Camera,
        edge: float,
    ) -> Iterator[_BlockTags]:
        largest = FACES * self._layout.blocks
        for block in sorted({int(n) // FACES for n in numbers if n < largest}):
            model, image = [], []
            for number, pixels in zip(numbers, corners):
                if int(number) // FACES == block:
                    model.append(self._layout.corners(int(number) % FACES, edge))
                    image.append(camera.normalize(pixels.reshape(4, 2) - APRILTAG_OFFSET_PX))
            yield _BlockTags(block, np.concatenate(model), np.concatenate(image))


def _solve(tags: _BlockTags, edge: float, sigma: float) -> BlockEstimate | None:
    """The pose of least reprojection error; None where none before the camera fits.

    A single square has two poses that look nearly the same (Collins and Bartoli 2014): each of them,
    of each tag, is refined on all tags of the block, and the best is taken.

    Args:
        sigma: of a corner, on the image plane at z = 1.
    """
    best: tuple[float, Array, Array] | None = None
    for turn, shift in _starts(tags):
        turn, shift = cv2.solvePnPRefineLM(tags.model, tags.image, np.eye(3), None, turn, shift)
        seen, _ = cv2.projectPoints(tags.model, turn, shift, np.eye(3), None)
        residual = float(np.sqrt(np.mean((seen[:, 0] - tags.image) ** 2)))
        good = np.isfinite(residual) and float(shift[2, 0]) > edge
        if good and (best is None or residual < best[0]):
            best = residual, turn, shift
    if best is None or best[0] > LARGEST_RESIDUAL * tags.size:
        return None
    residual, turn, shift = best
    rotation, _ = cv2.Rodrigues(turn)
    pose = Pose.from_rotation(rotation, shift[:, 0])
    covariance = _covariance(tags, pose, max(sigma, residual))
    return BlockEstimate(pose, covariance, SCORE, edge, id=str(tags.number))


def _starts(tags: _BlockTags) -> Iterator[tuple[Array, Array]]:
    """Both poses of the block by each of its tags: rotation vectors and positions, (3, 1)."""
    for first in range(0, len(tags.model), 4):
        corners, pixels = tags.model[first : first + 4], tags.image[first : first + 4]
        middle = corners.mean(axis=0)
        right, down = corners[1] - corners[0], corners[3] - corners[0]
        side = float(np.linalg.norm(right))
        axes = np.column_stack([right / side, down / side, np.cross(right, down) / side**2])
        # OpenCV wants the square in the plane z = 0; in others its answers were no poses of it.
        flat = (corners - middle) @ axes
        try:
            _, turns, shifts, _ = cv2.solvePnPGeneric(
                flat, pixels, np.eye(3), None, flags=cv2.SOLVEPNP_IPPE
            )
        except cv2.error:  # corners in a line
            continue
        for turn, shift in zip(turns, shifts):
            if np.isfinite(turn).all() and np.isfinite(shift).all():
                rotation = cv2.Rodrigues(turn)[0] @ axes.T
                yield cv2.Rodrigues(rotation)[0], shift.reshape(3, 1) - (rotation @ middle)[:, None]


def _covariance(tags: _BlockTags, pose: Pose, sigma: float) -> Array:
    """Of position and of a small rotation about the optical frame's axes, (6, 6)."""
    arms = tags.model @ pose.rotation.T
    points = arms + pose.position
    rows = []
    for arm, (x, y, z) in zip(arms, points):
        project = np.array([[1 / z, 0, -x / z**2], [0, 1 / z, -y / z**2]])
        cross = np.array([[0, -arm[2], arm[1]], [arm[2], 0, -arm[0]], [-arm[1], arm[0], 0]])
        rows.append(project @ np.hstack([np.eye(3), -cross]))
    jacobian = np.concatenate(rows)
    values, vectors = np.linalg.eigh(jacobian.T @ jacobian)
    inverse = vectors / np.maximum(values, LEAST_EIGENVALUE) @ vectors.T
    return np.asarray(sigma**2 * inverse, dtype=np.float64)
