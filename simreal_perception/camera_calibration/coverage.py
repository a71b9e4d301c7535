"""Whether sights of a board determine a camera, and which pictures to add where they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simreal_common.errors import CalibrationError
from simreal_perception.camera_calibration.board_detection import Sight
from simreal_perception.camera_calibration.intrinsics import CameraFit

FEWEST_PICTURES = 8
# Two sights whose corners differ by less, in shares of the image's diagonal, tell the same.
SAME_SIGHT = 0.02
# The image in three by three parts; without corners in these many the lens is not known there.
PARTS = 3
MOST_EMPTY_PARTS = 2
ROWS, COLUMNS = ("upper", "middle", "lower"), ("left", "middle", "right")
# Boards that face the camera tell nothing of the focal length: it could stand nearer, or be longer.
LEAST_TILT_RAD = np.radians(15.0)
FEWEST_TILTED = 2  # pictures about each of the image's axes
LEAST_RANGES = 1.3  # largest distance to smallest
# Beyond it poses are off by more than a centimetre at a metre.
LARGEST_SIGMA = 0.01  # of the focal length


@dataclass(frozen=True)
class Coverage:
    """What pictures lack.

    Args:
        lacking: what must be added before a calibration can be trusted, in words.
        advice: what would make it better.
    """

    lacking: tuple[str, ...]
    advice: tuple[str, ...]


def different_sights(sights: Sequence[Sight]) -> tuple[list[Sight], list[tuple[str, str]]]:
    """The sights without those that repeat an earlier one; their names and those that they repeat."""
    kept: list[Sight] = []
    repeated: list[tuple[str, str]] = []
    for sight in sights:
        twin = next((other.name for other in kept if _same(sight, other)), None)
        if twin is None:
            kept.append(sight)
        else:
            repeated.append((sight.name, twin))
    return kept, repeated


def _same(one: Sight, other: Sight) -> bool:
    places = {tuple(point): pixel for point, pixel in zip(other.points.round(9), other.pixels)}
    moved = [
        pixel - places[tuple(point)]
        for point, pixel in zip(one.points.round(9), one.pixels)
        if tuple(point) in places
    ]
    if len(moved) < 0.5 * len(one.points):
        return False
    return bool(np.linalg.norm(moved, axis=1).mean() < SAME_SIGHT * np.hypot(*one.size))


def check_count(sights: Sequence[Sight], repeated: int) -> None:
    """Raise a CalibrationError unless there are enough different sights."""
    if len(sights) < FEWEST_PICTURES:
        similar = f" ({repeated} more repeat others)" if repeated else ""
        raise CalibrationError(
            f"the board was found in {len(sights)} different pictures{similar}, wanted "
            f"{FEWEST_PICTURES} or more: take 15 to 30, with the board in every part of the image, "
            "near and far, tilted by 20 to 45 degrees to all sides"
        )


def coverage(fit: CameraFit) -> Coverage:
    """What the sights of a calibration lack."""
    lacking: list[str] = []
    advice: list[str] = []
    empty = _empty_parts(fit)
    if empty:
        words = f"the board in the {', '.join(empty)} of the image"
        (lacking if len(empty) > MOST_EMPTY_PARTS else advice).append(words)
    normals = np.array([pose.rotation[:, 2] for pose in fit.poses])
    normals *= np.sign(normals[:, 2:])
    # About the image's vertical axis the board's normal goes left and right, about the other up
    # and down.
    for axis, words in ((0, "left or right edge"), (1, "upper or lower edge")):
        tilted = int((np.abs(np.arcsin(normals[:, axis])) > LEAST_TILT_RAD).sum())
        if tilted < FEWEST_TILTED:
            lacking.append(
                f"{FEWEST_TILTED - tilted} pictures or more with the board's {words} turned 20 to 45 "
                "degrees towards the camera"
            )
    ranges = np.array([np.linalg.norm(pose.position) for pose in fit.poses])
    if ranges.max() < LEAST_RANGES * ranges.min():
        advice.append(
            f"some pictures from nearer and from farther than {ranges.min():.2f} to "
            f"{ranges.max():.2f} m"
        )
    share = float((fit.sigma_focal_px / fit.camera.matrix[[0, 1], [0, 1]]).max())
    if share > LARGEST_SIGMA:
        lacking.append(
            f"more tilted pictures: the focal length is known to {100 * share:.1f} % only, wanted "
            f"{100 * LARGEST_SIGMA:g} %"
        )
    return Coverage(tuple(lacking), tuple(advice))


def _empty_parts(fit: CameraFit) -> list[str]:
    """Parts of the image in which no corner was seen, in words."""
    size = np.array([fit.camera.width, fit.camera.height])
    seen = np.zeros((PARTS, PARTS), dtype=bool)
    for sight in fit.sights:
        places = np.clip((sight.pixels / size * PARTS).astype(int), 0, PARTS - 1)
        seen[places[:, 1], places[:, 0]] = True
    return [f"{ROWS[row]} {COLUMNS[column]}" for row, column in np.argwhere(~seen)]
