"""Boards to calibrate with: what is printed on them and where its corners are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.errors import ConfigurationError
from simreal_common.untrusted_text import shortened

Array = NDArray[np.float64]

CHARUCO, CHESSBOARD = "charuco", "chessboard"
BOARDS = (CHARUCO, CHESSBOARD)
# ArUco's families of markers: bits a side and how many there are.
DICTIONARIES = tuple(
    f"{bits}X{bits}_{count}" for bits in (4, 5, 6, 7) for count in (50, 100, 250, 1000)
)
FEWEST_SQUARES, MOST_SQUARES = 4, 60  # a side
SMALLEST_SQUARE_M, LARGEST_SQUARE_M = 0.001, 1.0
LEAST_MARKER, LARGEST_MARKER = 0.4, 0.9  # in sides of a square; its corners must stand free


@dataclass(frozen=True)
class Board:
    """A flat board, black squares on white; ChArUco has a marker in each white one.

    Its frame lies in its middle: x along the columns, y along the rows, z into the board, so that
    a camera that sees it upright sees x right and y down.

    Args:
        kind: charuco or chessboard.
        columns, rows: squares, not inner corners.
        square_m: side of a square, metres.
        marker_m: side of a marker, metres; of a chessboard without meaning.
        dictionary: of the markers, such as 5X5_100.
        legacy: a ChArUco board as OpenCV printed it before 4.6, where an even number of rows begins
            with a white square.

    Raises:
        ConfigurationError: a board that cannot be printed or is not known.
    """

    kind: str = CHARUCO
    columns: int = 9
    rows: int = 6
    square_m: float = 0.028
    marker_m: float = 0.021
    dictionary: str = "5X5_100"
    legacy: bool = False

    def __post_init__(self) -> None:
        if self.kind not in BOARDS:
            raise ConfigurationError(
                f"board: got '{shortened(self.kind)}', wanted {' or '.join(BOARDS)}"
            )
        if not all(FEWEST_SQUARES <= n <= MOST_SQUARES for n in (self.columns, self.rows)):
            raise ConfigurationError(
                f"board of {self.columns}x{self.rows} squares: wanted {FEWEST_SQUARES} to "
                f"{MOST_SQUARES} each way; count squares, not inner corners"
            )
        if not SMALLEST_SQUARE_M <= self.square_m <= LARGEST_SQUARE_M:
            raise ConfigurationError(
                f"board with squares of {self.square_m:g} m: wanted their side in metres, "
                f"{SMALLEST_SQUARE_M:g} to {LARGEST_SQUARE_M:g}; 0.03 for 30 mm"
            )
        if self.kind == CHESSBOARD:
            return
        if self.dictionary not in DICTIONARIES:
            raise ConfigurationError(
                f"dictionary '{shortened(self.dictionary)}': wanted one of {', '.join(DICTIONARIES)}"
            )
        if not LEAST_MARKER <= self.marker_m / self.square_m <= LARGEST_MARKER:
            raise ConfigurationError(
                f"board with markers of {self.marker_m:g} m in squares of {self.square_m:g} m: wanted "
                f"{LEAST_MARKER:g} to {LARGEST_MARKER:g} times as large; both are metres"
            )
        needed, has = self.columns * self.rows // 2, int(self.dictionary.split("_")[1])
        if needed > has:
            raise ConfigurationError(
                f"a board of {self.columns}x{self.rows} squares needs {needed} markers, dictionary "
                f"{self.dictionary} has {has}: take one with more, or fewer squares"
            )

    @property
    def size_m(self) -> tuple[float, float]:
        """Width and height of all squares, metres."""
        return self.columns * self.square_m, self.rows * self.square_m

    @property
    def corners(self) -> tuple[int, int]:
        """Inner corners along x and y."""
        return self.columns - 1, self.rows - 1

    @cached_property
    def points(self) -> Array:
        """Inner corners in the board's frame, metres, shape (N, 3), row by row."""
        across, down = self.corners
        x, y = np.meshgrid(np.arange(across), np.arange(down))
        grid = np.stack([x, y, np.zeros_like(x)], axis=-1).reshape(-1, 3).astype(np.float64)
        return np.asarray((grid - grid.mean(axis=0)) * self.square_m)

    @cached_property
    def symmetries(self) -> Array:
        """Rotations after which the corners may be named otherwise, (K, 3, 3), identity first.

        Markers tell the corners apart; a chessboard may be seen turned by half, a square one by a
        quarter.
        """
        if self.kind == CHARUCO:
            return np.eye(3)[None]
        quarters = (0, 1, 2, 3) if self.columns == self.rows else (0, 2)
        turns = [[0.0, 0.0, quarter * np.pi / 2] for quarter in quarters]
        return np.rint(Rotation.from_rotvec(turns).as_matrix())

    @cached_property
    def aruco(self) -> Any:
        """OpenCV's board; of ChArUco alone."""
        family = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, f"DICT_{self.dictionary}"))
        board = cv2.aruco.CharucoBoard(
            (self.columns, self.rows), self.square_m, self.marker_m, family
        )
        board.setLegacyPattern(self.legacy)
        return board

    def __str__(self) -> str:
        text = f"{self.kind} {self.columns}x{self.rows}, squares of {1e3 * self.square_m:g} mm"
        if self.kind == CHESSBOARD:
            return text
        return f"{text}, markers {self.dictionary} of {1e3 * self.marker_m:g} mm"
