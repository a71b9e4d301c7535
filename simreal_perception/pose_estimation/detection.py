"""Detects blocks on copies of an image; non-maximum suppression (NMS) makes one list of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_perception.model_files.onnx_session import InferenceSession, Signature, Tensor
from simreal_perception.pose_estimation.image_pyramid import LARGEST_RADIUS_PX

Array = NDArray[np.float64]

# What the detector is given: images; what it says of each place: its score, and x, y, radius there.
DETECTOR = Signature(
    inputs=(Tensor("images", "uint8", (None, None, None, 3)),),
    outputs=(
        Tensor("score", "float", (None, None, None)),
        Tensor("values", "float", (None, 3, None, None)),
    ),
)

DETECTOR_MULTIPLE = 32  # the network halves its image five times: sides must be multiples of this
# What scores less is every fifth crop, and none of it came to be likelier a block than not, in 120
# synthetic scenes with 593 blocks found.
DETECTION_THRESHOLD = 0.25
MOST_DETECTIONS = 64  # a full table
# Detections are one block whose centres are nearer than this share of the larger radius and whose
# radii differ by less than this factor.
SAME_CENTER, SAME_RADIUS = 0.4, 1.6
# A copy does not vouch for blocks larger than this: a coarser one sees them whole.
TRUSTED_RADIUS_PX = 1.3 * LARGEST_RADIUS_PX


@dataclass(frozen=True)
class Region:
    """A rectangle of an image, pixels: columns x0 to x1 - 1, rows y0 to y1 - 1."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def area(self) -> int:
        return max(self.x1 - self.x0, 0) * max(self.y1 - self.y0, 0)

    def holds(self, x: float, y: float) -> bool:
        return self.x0 - 0.5 <= x < self.x1 - 0.5 and self.y0 - 0.5 <= y < self.y1 - 0.5

    def grown(self, margin: int, width: int, height: int) -> Region:
        """Larger by a margin (pixels) on all sides, within an image of that size."""
        return Region(
            max(self.x0 - margin, 0),
            max(self.y0 - margin, 0),
            min(self.x1 + margin, width),
            min(self.y1 + margin, height),
        )


class Detections(NamedTuple):
    """N places that may show a block, best first.

    Attributes:
        centers: (N, 2), image pixels.
        radii: (N,), of the projections of bounding spheres, image pixels.
        scores: (N,).
    """

    centers: Array
    radii: Array
    scores: Array


def chosen(found: Detections, which: NDArray[Any]) -> Detections:
    """Some of the detections, by index or mask."""
    return Detections(*(values[which] for values in found))


def detect(
    session: InferenceSession, image: NDArray[np.uint8], scales: tuple[float, ...]
) -> Detections:
    """Run the detector on copies of an image, uint8 (H, W, 3), of some scales, the finest first."""
    found, copy = [], image
    for scale in scales:
        # Each copy is made from the one before: every pixel of the image is averaged just once.
        copy = _scaled(copy, image.shape, scale)
        found.append(_detect_at(session, copy, image.shape, scale == scales[-1]))
    centers, radii, scores = (np.concatenate(parts) for parts in zip(*found, strict=True))
    best = np.argsort(-scores, kind="stable")
    return _suppressed(Detections(centers[best], radii[best], scores[best]))


def _scaled(image: NDArray[np.uint8], shape: tuple[int, ...], scale: float) -> NDArray[np.uint8]:
    """A copy `scale` times as large as an image of that shape, from one that is larger."""
    size = (max(round(shape[1] * scale), 1), max(round(shape[0] * scale), 1))
    if size == image.shape[1::-1]:
        return image
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _detect_at(
    session: InferenceSession, copy: NDArray[np.uint8], shape: tuple[int, ...], last: bool
) -> Detections:
    """Detections in a copy of an image of that shape, in the image's pixels."""
    height, width = shape[:2]
    size = copy.shape[1::-1]
    down, right = -size[1] % DETECTOR_MULTIPLE, -size[0] % DETECTOR_MULTIPLE
    if down or right:
        copy = cv2.copyMakeBorder(copy, 0, down, 0, right, cv2.BORDER_REPLICATE)
    score, values = session.run(None, {"images": copy[None]})
    rows, columns = np.nonzero(score[0] > DETECTION_THRESHOLD)
    best = np.argsort(-score[0, rows, columns], kind="stable")[:MOST_DETECTIONS]
    rows, columns = rows[best], columns[best]
    x, y, radius = values[0][:, rows, columns].astype(np.float64)
    # Pixel centres are whole numbers in both images.
    sx, sy = width / size[0], height / size[1]
    centers = np.stack([(x + 0.5) * sx - 0.5, (y + 0.5) * sy - 0.5], axis=-1)
    inside = (centers > -0.5).all(axis=1) & (centers < [width - 0.5, height - 0.5]).all(axis=1)
    if not last:
        inside &= radius < TRUSTED_RADIUS_PX
    scores = score[0, rows, columns].astype(np.float64)
    return Detections(centers[inside], radius[inside] * sx, scores[inside])


def _suppressed(found: Detections) -> Detections:
    """Of detections of one block, (N,) best first, the best (non-maximum suppression)."""
    apart = np.linalg.norm(found.centers[:, None] - found.centers[None], axis=-1)
    larger = np.maximum.outer(found.radii, found.radii)
    ratio = larger / np.minimum.outer(found.radii, found.radii)
    same = (apart < SAME_CENTER * larger) & (ratio < SAME_RADIUS)
    kept: list[int] = []
    for index in range(len(found.scores)):
        if not same[index, kept].any():
            kept.append(index)
    return chosen(found, np.array(kept[:MOST_DETECTIONS], dtype=np.int64))
