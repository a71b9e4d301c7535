"""Calibrates a camera from sights of a board: OpenCV's solution, its errors and its uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError
from simreal_common.geometry import Pose
from simreal_perception.camera_calibration.board_detection import Sight
from simreal_perception.camera_calibration.lens_solvers import (
    LENS_SOLVERS,
    PLUMB_BOB,
    LensSolution,
)

Array = NDArray[np.float64]

FEWEST_SIGHTS = 3  # below it there is no solution at all
# A sight is left out that is off by this many times the median, and by this much.
OUTLIER_TIMES, OUTLIER_PX = 3.0, 0.5
MOST_OUTLIERS = 0.25  # of the sights; if it were more, something else is wrong
MOST_FOLDS = 12  # of the jackknife


@dataclass(frozen=True, eq=False)
class CameraFit:
    """A calibrated camera and how well it is known.

    Args:
        camera: the camera.
        lens: name of its distortion model in ROS.
        sights: those that were used.
        poses: of the board in the optical frame, one a sight.
        errors_px: RMS distance of seen and computed corners, one a sight, pixels.
        left_out: names of sights that fit none of the others, and their errors in pixels.
        sigma_focal_px, sigma_center_px: standard deviations of fx, fy and of cx, cy, pixels: the
            larger of what the corners' noise explains and of what leaving out sights changes
            (jackknife), which sees a board that is not flat, too.
    """

    camera: Camera
    lens: str
    sights: tuple[Sight, ...]
    poses: tuple[Pose, ...]
    errors_px: Array
    left_out: tuple[tuple[str, float], ...]
    sigma_focal_px: Array
    sigma_center_px: Array

    @property
    def rms_px(self) -> float:
        """RMS distance of seen and computed corners over all sights, pixels."""
        counts = [len(sight.pixels) for sight in self.sights]
        return float(np.sqrt(np.average(self.errors_px**2, weights=counts)))


def calibrate_camera(sights: Sequence[Sight], lens: str = PLUMB_BOB) -> CameraFit:
    """The camera that explains what the sights show, with outliers left out.

    Args:
        sights: of one board by one camera at one size of image.
        lens: name of a distortion model, out of `LENS_SOLVERS`.

    Raises:
        CalibrationError: no such lens; sights that are too few, of different sizes, or that no camera
            explains.
    """
    if lens not in LENS_SOLVERS:
        raise CalibrationError(f"lens '{lens}': wanted one of {', '.join(LENS_SOLVERS)}")
    kept, left_out = list(sights), list[tuple[str, float]]()
    _check(kept)
    most = int(MOST_OUTLIERS * len(kept))
    solution = _solve(kept, lens)
    while len(left_out) < most and len(kept) > FEWEST_SIGHTS:
        worst = int(np.argmax(solution.errors))
        limit = max(OUTLIER_TIMES * float(np.median(solution.errors)), OUTLIER_PX)
        if solution.errors[worst] < limit:
            break
        left_out.append((kept.pop(worst).name, float(solution.errors[worst])))
        solution = _solve(kept, lens)
    sigma = np.maximum(solution.sigma, _jackknife(kept, lens, solution))
    return CameraFit(
        solution.camera,
        lens,
        tuple(kept),
        tuple(solution.poses),
        solution.errors,
        tuple(left_out),
        sigma[:2],
        sigma[2:],
    )


def _check(sights: list[Sight]) -> None:
    if len(sights) < FEWEST_SIGHTS:
        raise CalibrationError(
            f"the board was found in {len(sights)} pictures, wanted {FEWEST_SIGHTS} at the very "
            "least; take 15 to 30 pictures of it"
        )
    sizes = sorted({sight.size for sight in sights})
    if len(sizes) > 1:
        have = ", ".join(f"{width}x{height}" for width, height in sizes)
        raise CalibrationError(
            f"the pictures have several sizes ({have}): wanted one; hold a phone the same way round "
            "for all, and do not cut or resize pictures"
        )


def _solve(sights: Sequence[Sight], lens: str, start: Camera | None = None) -> LensSolution:
    try:
        return LENS_SOLVERS[lens](sights, start)
    except cv2.error as error:
        raise CalibrationError(
            f"no camera explains these pictures (OpenCV: {error.err}): wanted sharp pictures of a flat "
            "board, tilted in some of them"
        ) from error


def _jackknife(sights: Sequence[Sight], lens: str, whole: LensSolution) -> Array:
    """Standard deviations of fx, fy, cx, cy by leaving out sights, in turns (Tukey 1958)."""
    folds = min(len(sights), MOST_FOLDS)
    found = []
    for fold in range(folds):
        some = [sight for number, sight in enumerate(sights) if number % folds != fold]
        if len(some) < FEWEST_SIGHTS:
            return np.full(4, np.inf)
        try:
            found.append(_numbers(_solve(some, lens, whole.camera).camera))
        except CalibrationError:
            return np.full(4, np.inf)  # without these few there is no solution: nothing is sure
    spread = np.array(found) - np.mean(found, axis=0)
    return np.asarray(np.sqrt((folds - 1) / folds * np.sum(spread**2, axis=0)))


def _numbers(camera: Camera) -> Array:
    return np.array([*camera.matrix[[0, 1], [0, 1]], *camera.matrix[:2, 2]])
