"""Calibrates a camera from sights of a board: OpenCV's solution, its errors and its uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError
from simreal_common.geometry import Pose
from simreal_common.lenses.equidistant_lens import EQUIDISTANT as EQUIDISTANT_LENS
from simreal_perception.camera_calibration.board_detection import Sight

Array = NDArray[np.float64]

PLUMB_BOB, RATIONAL, EQUIDISTANT = "plumb_bob", "rational_polynomial", "equidistant"
DISTORTION_MODELS = (PLUMB_BOB, RATIONAL, EQUIDISTANT)
FEWEST_SIGHTS = 3  # below it there is no solution at all
# A sight is left out that is off by this many times the median, and by this much.
OUTLIER_TIMES, OUTLIER_PX = 3.0, 0.5
MOST_OUTLIERS = 0.25  # of the sights; if it were more, something else is wrong
# k3 is kept where it is this many times as large as its uncertainty: else it bends the corners of
# the image, where no board was, at random.
K3_SIGMAS = 3.0
MOST_FOLDS = 12  # of the jackknife
EXACT = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 200, 1e-10)


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


@dataclass(frozen=True, eq=False)
class _Solution:
    camera: Camera
    poses: list[Pose]
    errors: Array
    sigma: Array  # fx, fy, cx, cy; zeros where OpenCV does not tell


def calibrate_camera(sights: Sequence[Sight], lens: str = PLUMB_BOB) -> CameraFit:
    """The camera that explains what the sights show, with outliers left out.

    Args:
        sights: of one board by one camera at one size of image.
        lens: one of DISTORTION_MODELS.

    Raises:
        CalibrationError: too few, of different sizes, or none that any camera explains.
    """
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


def _solve(sights: Sequence[Sight], lens: str, start: Camera | None = None) -> _Solution:
    try:
        if lens == EQUIDISTANT:
            return _solve_fisheye(sights)
        solution = _solve_perspective(sights, lens, 0, start)
    except cv2.error as error:
        raise CalibrationError(
            f"no camera explains these pictures (OpenCV: {error.err}): wanted sharp pictures of a flat "
            "board, tilted in some of them"
        ) from error
    return solution


def _solve_perspective(
    sights: Sequence[Sight], lens: str, flags: int, start: Camera | None
) -> _Solution:
    if lens == RATIONAL:
        flags |= cv2.CALIB_RATIONAL_MODEL
    matrix, distortion = None, None
    if start is not None:
        flags |= cv2.CALIB_USE_INTRINSIC_GUESS
        matrix, distortion = start.matrix.copy(), start.distortion.copy()
        if lens == PLUMB_BOB and distortion.size < 5:
            flags |= cv2.CALIB_FIX_K3
            distortion = np.append(distortion, 0.0)
    _, matrix, distortion, turns, shifts, sigmas, _, errors = cv2.calibrateCameraExtended(
        [np.float32(sight.points) for sight in sights],
        [np.float32(sight.pixels).reshape(-1, 1, 2) for sight in sights],
        sights[0].size,
        matrix,
        distortion,
        flags=flags,
        criteria=EXACT,
    )
    numbers = np.asarray(distortion, dtype=np.float64).reshape(-1)
    sigma = np.asarray(sigmas, dtype=np.float64).reshape(-1)
    numbers = numbers[: 8 if lens == RATIONAL else 5]
    if lens == PLUMB_BOB and flags & cv2.CALIB_FIX_K3:
        numbers = numbers[:4]
    elif lens == PLUMB_BOB and start is None and abs(numbers[4]) < K3_SIGMAS * sigma[8]:
        return _solve_perspective(sights, lens, flags | cv2.CALIB_FIX_K3, None)
    camera = Camera(*sights[0].size, np.asarray(matrix, dtype=np.float64), numbers)
    poses = [_pose(turn, shift) for turn, shift in zip(turns, shifts)]
    return _Solution(camera, poses, np.asarray(errors, dtype=np.float64).reshape(-1), sigma[:4])


def _solve_fisheye(sights: Sequence[Sight]) -> _Solution:
    matrix, distortion = np.eye(3), np.zeros((4, 1))
    # OpenCV 5 has these flags in the module above.
    at = cv2 if hasattr(cv2, "CALIB_RECOMPUTE_EXTRINSIC") else cv2.fisheye
    flags = at.CALIB_RECOMPUTE_EXTRINSIC | at.CALIB_FIX_SKEW
    _, matrix, distortion, turns, shifts = cv2.fisheye.calibrate(
        [sight.points.reshape(1, -1, 3) for sight in sights],
        [sight.pixels.reshape(1, -1, 2) for sight in sights],
        sights[0].size,
        matrix,
        distortion,
        flags=flags,
        criteria=EXACT,
    )
    camera = Camera(*sights[0].size, matrix, distortion, EQUIDISTANT_LENS)
    poses = [_pose(turn, shift) for turn, shift in zip(turns, shifts)]
    errors = [
        np.sqrt(np.mean(np.sum((camera.project(p.transform_points(s.points)) - s.pixels) ** 2, axis=1)))
        for p, s in zip(poses, sights)
    ]  # fmt: skip
    return _Solution(camera, poses, np.array(errors), np.zeros(4))


def _pose(turn: Array, shift: Array) -> Pose:
    rotation = Rotation.from_rotvec(np.asarray(turn, dtype=np.float64).reshape(3))
    return Pose(np.asarray(shift, dtype=np.float64).reshape(3), rotation.as_quat())


def _jackknife(sights: Sequence[Sight], lens: str, whole: _Solution) -> Array:
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
