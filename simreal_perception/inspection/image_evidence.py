"""Does an image show what its label says? Edges of the image where outlines of blocks are labelled.

No single image is sure to: blocks have the table's colour at times, lenses blur. So each image is
asked whether its own label fits better than those of others, and the answers are taken together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError
from simreal_perception.dataset_export.block_outline import outline
from simreal_perception.inspection.label_records import LabelRecord
from simreal_perception.inspection.label_sources import LabelledPicture
from simreal_perception.inspection.picture_fault import PictureFault

LONGEST_PX = 320  # sides of what is compared
LEAST_POINTS = 40  # of outlines; fewer say nothing
LEAST_VISIBLE = 0.5  # of a block whose outline is looked at where there is no mask
STRANGERS = 60  # labels of other images that an image is asked about
SEED = 0x1A6E
LEAST_STRANGERS = 4
LEAST_SPREAD = 4.0  # of strangers' fits, ranks: alike they may be by chance
# A label that fits like a stranger's, in standard deviations of theirs. Of labels that are right
# three in a hundred are such, of shuffled ones nine in ten.
STRANGE_SCORE = 1.3
STRANGE_SHARE = 0.25
LEAST_PICTURES = 12
# Two images that were exchanged: neither fits its own label, each fits the other's.
LOST_SCORE, FOUND_SCORE = 1.0, 2.2


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is kept of a picture.

    Args:
        name: of the picture.
        edges: uint8 (h, w), rank of each pixel's gradient within the image, 0 to 255.
        points: int (N, 2), columns and rows of labelled outlines.
    """

    name: str
    edges: NDArray[np.uint8]
    points: NDArray[np.int32]


def evidence(picture: LabelledPicture) -> Evidence | None:
    """The evidence of a picture; None where there is too little."""
    if picture.image is None or picture.record is None:
        return None
    height, width = picture.image.shape[:2]
    if (width, height) != (picture.record.width, picture.record.height):
        return None
    scale = min(LONGEST_PX / max(width, height), 1.0)
    size = (max(round(width * scale), 8), max(round(height * scale), 8))
    points = _outline_points(picture, size)
    if len(points) < LEAST_POINTS:
        return None
    return Evidence(picture.name, _edge_ranks(picture.image, size), points)


def _edge_ranks(rgb: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), 0.8).astype(np.float32)
    across = cv2.Sobel(small, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(small, cv2.CV_32F, 0, 1)
    strength = np.sqrt(across**2 + down**2).max(axis=2)
    order = np.argsort(strength, axis=None, kind="stable")
    ranks = np.empty(order.size, np.float32)
    ranks[order] = np.linspace(0, 255, order.size, dtype=np.float32)
    # A label may be a pixel off at this scale.
    return np.asarray(cv2.dilate(ranks.reshape(strength.shape), np.ones((3, 3))), dtype=np.uint8)


def _outline_points(picture: LabelledPicture, size: tuple[int, int]) -> NDArray[np.int32]:
    assert picture.record is not None
    shown = picture.mask if picture.mask is not None else _filled(picture.record)
    small = cv2.resize(shown, size, interpolation=cv2.INTER_NEAREST)
    border = np.zeros(small.shape, bool)
    border[:, 1:] |= small[:, 1:] != small[:, :-1]
    border[1:] |= small[1:] != small[:-1]
    return np.argwhere(border)[:, ::-1].astype(np.int32)


def _filled(record: LabelRecord) -> NDArray[np.uint8]:
    """Labelled blocks where no mask says what is seen of them, far ones first."""
    shown = np.zeros((record.height, record.width), np.uint8)
    try:
        camera = Camera(record.width, record.height, record.matrix, record.distortion)
    except CalibrationError:
        return shown
    blocks = sorted(enumerate(record.blocks, start=1), key=lambda one: -one[1].pose[2, 3])
    for index, block in blocks:
        polygon = outline(camera, block.pose, block.edge)
        if polygon is not None and (block.visible is None or block.visible >= LEAST_VISIBLE):
            cv2.fillConvexPoly(shown, np.rint(polygon).astype(np.int32), index % 256)
    return shown


def check_images(pictures: Sequence[Evidence]) -> list[PictureFault]:
    """Images that do not show what their labels say, where the evidence is beyond doubt."""
    scores = own_scores(pictures)
    strange = [one for one, score in zip(pictures, scores) if score < STRANGE_SCORE]
    if len(scores) >= LEAST_PICTURES and len(strange) > STRANGE_SHARE * len(scores):
        words = (
            "its edges fit its label no better than others' labels, as those of "
            f"{len(strange)} of {len(scores)} pictures: images and labels shuffled?"
        )
        return [PictureFault(one.name, "other image", words) for one in strange]
    lost = [one for one, score in zip(pictures, scores) if score < LOST_SCORE]
    strangers = _Strangers(pictures)
    found = []
    for index, one in enumerate(lost):
        for other in lost[:index]:
            there, back = strangers.score(one, other), strangers.score(other, one)
            if min(there, back) > FOUND_SCORE:
                words = "its edges fit the label of {}, and not its own: exchanged?"
                found.append(PictureFault(one.name, "other image", words.format(other.name)))
                found.append(PictureFault(other.name, "other image", words.format(one.name)))
    return found


def own_scores(pictures: Sequence[Evidence]) -> list[float]:
    """How much better each image's own label fits than strangers', in their standard deviations."""
    strangers = _Strangers(pictures)
    return [strangers.score(one, one) for one in pictures]


class _Strangers:
    """Some labels that an image is asked about beside the one in question."""

    def __init__(self, pictures: Sequence[Evidence]) -> None:
        chosen = np.random.default_rng(SEED).permutation(len(pictures))[:STRANGERS]
        self._labels = [pictures[index] for index in chosen]

    def score(self, image: Evidence, label: Evidence) -> float:
        """How far a label's fit lies above that of strangers; infinite where they are too few."""
        fits = [_fit(image, other) for other in self._labels if other not in (label, image)]
        if len(fits) < LEAST_STRANGERS:
            return float(np.inf)
        spread = max(float(np.std(fits)), LEAST_SPREAD)
        return float((_fit(image, label) - np.mean(fits)) / spread)


def _fit(image: Evidence, label: Evidence) -> float:
    """Mean rank of the image's edges on a label's outlines, 0 to 255."""
    height, width = image.edges.shape
    inside = (label.points < [width, height]).all(axis=1)
    columns, rows = label.points[inside].T
    return float(image.edges[rows, columns].mean()) if len(rows) else 0.0
