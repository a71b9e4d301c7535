"""How each kind of lens is solved: the camera that explains the corners of a board, by OpenCV."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.camera import Camera
from simreal_common.geometry import Pose
from simreal_common.lenses.equidistant_lens import EQUIDISTANT
from simreal_perception.camera_calibration.board_detection import Sight

Array = NDArray[np.float64]

PLUMB_BOB, RATIONAL = "plumb_bob", "rational_polynomial"
# k3 is kept where it is this many times as large as its uncertainty: else it bends the corners of
# the image, where no board was, at random.
K3_SIGMAS = 3.0
EXACT = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 200, 1e-10)


@dataclass(frozen=True, eq=False)
class LensSolution:
    """A camera that explains sights of a board.

    Args:
        camera: the camera.
        poses: of the board in the optical frame, one a sight.
        errors: RMS distance of seen and computed corners, one a sight, pixels.
        sigma: of fx, fy, cx, cy by the noise of the corners, pixels, (4,); zeros where OpenCV does
            not tell.
    """

    camera: Camera
    poses: list[Pose]
    errors: Array
    sigma: Array


# Of sights, and of a camera that is nearly the one, where one is known; raises cv2.error.
LensSolver = Callable[[Sequence[Sight], Camera | None], LensSolution]


def _solve_perspective(
    lens: str, flags: int, sights: Sequence[Sight], start: Camera | None
) -> LensSolution:
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
        return _solve_perspective(lens, flags | cv2.CALIB_FIX_K3, sights, None)
    camera = Camera(*sights[0].size, np.asarray(matrix, dtype=np.float64), numbers)
    poses = [_pose(turn, shift) for turn, shift in zip(turns, shifts)]
    return LensSolution(camera, poses, np.asarray(errors, dtype=np.float64).reshape(-1), sigma[:4])


def _solve_equidistant(sights: Sequence[Sight], start: Camera | None) -> LensSolution:
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
    camera = Camera(*sights[0].size, matrix, distortion, EQUIDISTANT)
    poses = [_pose(turn, shift) for turn, shift in zip(turns, shifts)]
    errors = [
        np.sqrt(np.mean(np.sum((camera.project(p.transform_points(s.points)) - s.pixels) ** 2, axis=1)))
        for p, s in zip(poses, sights)
    ]  # fmt: skip
    return LensSolution(camera, poses, np.array(errors), np.zeros(4))


def _pose(turn: Array, shift: Array) -> Pose:
    rotation = Rotation.from_rotvec(np.asarray(turn, dtype=np.float64).reshape(3))
    return Pose(np.asarray(shift, dtype=np.float64).reshape(3), rotation.as_quat())


# By the name that the distortion model has in ROS.
LENS_SOLVERS: dict[str, LensSolver] = {
    PLUMB_BOB: partial(_solve_perspective, PLUMB_BOB, 0),
    RATIONAL: partial(_solve_perspective, RATIONAL, 0),
    "equidistant": _solve_equidistant,
}
