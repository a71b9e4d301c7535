"""Finds a board in a picture with OpenCV's detectors."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ImageError
from simreal_perception.camera_calibration.board import CHARUCO, Board
from simreal_perception.video.image_io import RgbImage

Array = NDArray[np.float64]

FEWEST_CORNERS = 8  # of a ChArUco board that is seen in part
LEAST_SPREAD = 0.1  # of corners across their main direction: a row of them tells no pose
# A chessboard is looked for in a copy this wide: of twelve megapixels that takes seconds. Its
# corners are then found again in the picture itself.
SEARCH_WIDTH = 1600
REFINE_STEPS = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 50, 1e-4)


@dataclass(frozen=True, eq=False)
class Sight:
    """A board (or a block) as one picture shows it.

    Args:
        name: of the picture.
        points: that were found, in the frame of board or block, metres, shape (N, 3).
        pixels: where, shape (N, 2); the centre of the top left pixel is (0, 0).
        size: width and height of the picture, pixels.
    """

    name: str
    points: Array
    pixels: Array
    size: tuple[int, int]


def find_board(name: str, rgb: RgbImage, board: Board) -> Sight:
    """The corners of a board that a picture shows.

    Args:
        name: of the picture.
        rgb: uint8, shape (height, width, 3).

    Raises:
        ImageError: it shows too few of them; says in a few words why it is left out.
    """
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    numbers, pixels = (_charuco if board.kind == CHARUCO else _chessboard)(grey, board)
    points = board.points[numbers]
    spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    if spread[1] < LEAST_SPREAD * spread[0]:
        raise ImageError("the corners that were found lie in one row; show more of the board")
    return Sight(name, points, pixels, (rgb.shape[1], rgb.shape[0]))


def _charuco(grey: NDArray[np.uint8], board: Board) -> tuple[NDArray[np.int64], Array]:
    corners, numbers, _, markers = cv2.aruco.CharucoDetector(board.aruco).detectBoard(grey)
    found = 0 if numbers is None else len(numbers)
    seen = 0 if markers is None else len(markers)
    if not seen:
        raise ImageError(f"no marker of {board.dictionary} was found; is the board another one?")
    if found < FEWEST_CORNERS:
        hint = ""
        if seen >= FEWEST_CORNERS:
            hint = "; are the numbers of squares right, or is it a board with the legacy pattern?"
        raise ImageError(
            f"{seen} markers but only {found} corners were found, wanted {FEWEST_CORNERS}{hint}"
        )
    return np.asarray(numbers).reshape(-1), np.asarray(corners, dtype=np.float64).reshape(-1, 2)


def _chessboard(grey: NDArray[np.uint8], board: Board) -> tuple[NDArray[np.int64], Array]:
    shrink = min(1.0, SEARCH_WIDTH / max(grey.shape))
    copy = grey
    if shrink < 1.0:
        copy = cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    flags = cv2.CALIB_CB_NORMALIZE_IMAGE | cv2.CALIB_CB_EXHAUSTIVE | cv2.CALIB_CB_ACCURACY
    found, corners = cv2.findChessboardCornersSB(copy, board.corners, flags=flags)
    if not found:
        inner = (board.columns, board.rows)
        if cv2.findChessboardCornersSB(copy, inner, flags=cv2.CALIB_CB_NORMALIZE_IMAGE)[0]:
            raise ImageError(
                f"a board of {board.columns + 1}x{board.rows + 1} squares was found, not of "
                f"{board.columns}x{board.rows}; count squares, not inner corners"
            )
        raise ImageError(
            f"no chessboard of {board.columns}x{board.rows} squares was found; it must be seen as a "
            "whole with a white rim, sharp and without glare"
        )
    pixels = np.asarray(corners, dtype=np.float64).reshape(-1, 2)
    if shrink < 1.0:
        pixels = _refined(grey, (pixels + 0.5) / shrink - 0.5, board)
    return np.arange(len(pixels)), pixels


def _refined(grey: NDArray[np.uint8], pixels: Array, board: Board) -> Array:
    """The corners found again in the whole picture, in windows that hold no other corner."""
    across, down = board.corners
    grid = pixels.reshape(down, across, 2)
    steps = [np.linalg.norm(np.diff(grid, axis=axis), axis=-1).min() for axis in (0, 1)]
    window = int(np.clip(0.25 * min(steps), 3, 15))
    start = np.ascontiguousarray(pixels, dtype=np.float32).reshape(-1, 1, 2)
    fine = cv2.cornerSubPix(grey, start, (window, window), (-1, -1), REFINE_STEPS)
    return np.asarray(fine, dtype=np.float64).reshape(-1, 2)
