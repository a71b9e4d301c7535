"""Remembers what the pose network said of a place, while a resting camera's image is the same there.

Images of a resting scene err alike (`fusion_over_time.CORRELATED_SHARE`): to look at a place again
in every image costs half the time of an estimate and tells next to nothing new.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_perception.pose_estimation.crop_camera import CROP_BLOCK_RADIUS, MIDDLE_PX
from simreal_perception.pose_estimation.detection import Detections, Region, chosen
from simreal_perception.pose_estimation.estimator import PoseCandidate

# A place is looked at in so many images before it is remembered: as many as make a block of it.
SETTLED_LOOKS = 3
# Of the remembered places so many are looked at again in each image, those first that have waited
# longest: what changes slowly, as the light does, is followed.
REFRESHED = 2
# A detection is of a remembered place when its centre is nearer than this share of its radius, and
# their radii differ by less than this factor: as far as noise moves it.
SAME_CENTER, SAME_RADIUS = 0.1, 1.1
# What the detector has not pointed at in so many images is forgotten.
LONGEST_IMAGES = 100
NOTHING = Detections(np.zeros((0, 2)), np.zeros(0), np.zeros(0))
# A crop's half side, in radii of the detection that it was made for.
CROP_REACH = MIDDLE_PX / CROP_BLOCK_RADIUS


@dataclass(eq=False)
class _Place:
    """One detection, and what became of it.

    Attributes:
        candidate: None where the network saw no block.
        looks: in a row, since something changed.
        looked: number of the image in which it was last looked at.
    """

    candidate: PoseCandidate | None = None
    looks: int = 0
    looked: int = 0


class CandidateCache:
    """The candidates of a resting camera's images, of which only some are looked at anew."""

    def __init__(self) -> None:
        self._seen = NOTHING  # where the places are
        self._places: list[_Place] = []
        self._image = 0

    def forget(self) -> None:
        """The next image is looked at everywhere."""
        self._seen, self._places = NOTHING, []

    def candidates(
        self,
        detections: Detections,
        changed: Sequence[Region],
        look: Callable[[Detections], Sequence[PoseCandidate]],
    ) -> list[PoseCandidate]:
        """The candidates at detections, in their order; `number` tells of which.

        Args:
            detections: of this image.
            changed: where it differs from the images before.
            look: says what an image shows at some detections.
        """
        self._image += 1
        self._drop(_touched(self._seen, changed))
        now = self._matched(detections)
        numbers = _due(now)
        if numbers:
            seen = look(chosen(detections, np.array(numbers)))
            found = {numbers[one.number]: one for one in seen}
            for number in numbers:
                place = now[number]
                place.candidate = found.get(number)
                place.looks, place.looked = place.looks + 1, self._image
        return [
            dataclasses.replace(place.candidate, number=number)
            for number, place in enumerate(now)
            if place.candidate is not None
        ]

    def _drop(self, which: NDArray[np.bool_]) -> None:
        """Forget some places."""
        self._seen = chosen(self._seen, ~which)
        self._places = [place for place, gone in zip(self._places, which, strict=True) if not gone]

    def _matched(self, detections: Detections) -> list[_Place]:
        """The place of each detection, new ones where nothing is known; what none is of stays."""
        apart = np.linalg.norm(detections.centers[:, None] - self._seen.centers, axis=-1)
        ratio = np.abs(np.log(detections.radii[:, None] / self._seen.radii))
        far = (apart > SAME_CENTER * self._seen.radii) | (ratio > np.log(SAME_RADIUS))
        apart[far] = np.inf
        now: list[_Place] = []
        gone = np.array([self._image - one.looked > LONGEST_IMAGES for one in self._places], bool)
        for row in apart:  # the best detection chooses first
            if not np.isfinite(row).any():
                now.append(_Place(looked=self._image))
                continue
            nearest = int(row.argmin())
            now.append(self._places[nearest])
            apart[:, nearest], gone[nearest] = np.inf, True
        self._drop(gone)
        parts = zip(detections, self._seen, strict=True)
        self._seen = Detections(*(np.concatenate(part) for part in parts))
        self._places = now + self._places
        return now


def _due(places: Sequence[_Place]) -> list[int]:
    """Which of an image's places are looked at, in their order."""
    due = [n for n, place in enumerate(places) if place.looks < SETTLED_LOOKS]
    rest = [n for n, place in enumerate(places) if place.looks >= SETTLED_LOOKS]
    rest.sort(key=lambda n: places[n].looked)
    return sorted(due + rest[:REFRESHED])


def _touched(detections: Detections, changed: Sequence[Region]) -> NDArray[np.bool_]:
    """Whether something changed in a detection's crop, (N,)."""
    touched = np.zeros(len(detections.scores), dtype=bool)
    x, y = detections.centers.T
    reach = CROP_REACH * detections.radii
    for region in changed:
        aside = (x + reach > region.x0) & (x - reach < region.x1)
        touched |= aside & (y + reach > region.y0) & (y - reach < region.y1)
    return touched
