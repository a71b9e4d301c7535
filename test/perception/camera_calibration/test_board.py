"""Boards: what can be printed, and that the print has the size it says."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest

from simreal_common.errors import ConfigurationError, ImageError
from simreal_perception.camera_calibration.board import Board
from simreal_perception.camera_calibration.board_detection import find_board
from simreal_perception.camera_calibration.board_page import BoardPage

BOARDS = [
    Board(),
    Board(columns=8, rows=8, square_m=0.02, marker_m=0.015, dictionary="4X4_50"),
    Board(columns=8, rows=6, legacy=True),
    Board("chessboard", 9, 6, 0.025),
    Board("chessboard", 6, 8, 0.025),
]
HUNDREDTH_MM = 1e-5


def rgb_of(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[..., None], 3, axis=2)


def dots_a_metre(png: bytes) -> int:
    place = png.index(b"pHYs") + 4
    return int.from_bytes(png[place : place + 4], "big")


def drawn(pdf: bytes, dots: float) -> np.ndarray:
    """What a printer makes of the rectangles of a PDF file, at some dots a metre."""
    text = pdf.decode("ascii")
    box = re.search(r"MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", text)
    assert box
    unit = dots * 0.0254 / 72
    width, height = (float(side) * unit for side in box.groups())
    image = np.full((round(height), round(width)), 255, dtype=np.uint8)
    for numbers in re.findall(r"^([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) re$", text, flags=re.M):
        x, y, w, h = (float(number) * unit for number in numbers)
        image[round(height - y - h) : round(height - y), round(x) : round(x + w)] = 0
    return image


@pytest.mark.parametrize("board", BOARDS, ids=str)
def test_a_print_has_its_true_size(board: Board) -> None:
    page = BoardPage(board)
    png = page.png()
    grey = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    dots = dots_a_metre(png)
    assert np.array(grey.shape[::-1]) / dots == pytest.approx(page.size_m, abs=1e-4)
    sight = find_board(
        "page",
        rgb_of(cv2.resize(grey, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)),
        board,
    )
    assert len(sight.points) == len(board.points)
    places = (sight.pixels + 0.5) * 4 / dots
    moved = places - places.mean(axis=0) - (sight.points - sight.points.mean(axis=0))[:, :2]
    turned = places - places.mean(axis=0) + (sight.points - sight.points.mean(axis=0))[:, :2]
    # A chessboard may be seen turned by half; no corner is off by more than a twentieth of a mm.
    assert min(np.abs(moved).max(), np.abs(turned).max()) < 5 * HUNDREDTH_MM


@pytest.mark.parametrize("board", BOARDS, ids=str)
def test_pdf_and_png_are_alike(board: Board) -> None:
    page = BoardPage(board, "a3")
    dots = 8 / board.square_m
    pdf = drawn(page.pdf(), 8 * dots)
    small = cv2.resize(pdf, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    sight = find_board("page", rgb_of(small), board)
    assert len(sight.points) == len(board.points)
    spread = np.ptp(sight.pixels * 4 / (8 * dots), axis=0)
    assert spread == pytest.approx(np.ptp(board.points, axis=0)[:2], abs=5e-4)


def test_the_index_of_a_pdf_is_right() -> None:
    pdf = BoardPage(Board()).pdf()
    start = int(pdf.rsplit(b"startxref\n", 1)[1].split()[0])
    assert pdf[start:].startswith(b"xref\n0 5\n")
    for number, line in enumerate(pdf[start:].splitlines()[3:7], start=1):
        place = int(line[:10])
        assert pdf[place:].startswith(b"%d 0 obj" % number)


def test_points_lie_about_the_middle() -> None:
    board = Board("chessboard", 7, 5, 0.03)
    assert board.points.mean(axis=0) == pytest.approx(np.zeros(3))
    assert board.points.shape == (24, 3)
    for rotation in board.symmetries:
        turned = board.points @ rotation.T
        gaps = np.linalg.norm(turned[:, None] - board.points[None], axis=2)
        assert gaps.min(axis=1).max() < 1e-9


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kind": "circles"}, "got 'circles', wanted charuco or chessboard"),
        ({"columns": 3}, "3x6 squares: wanted 4 to 60"),
        ({"square_m": 28.0}, "squares of 28 m: wanted their side in metres"),
        ({"square_m": float("nan")}, "squares of nan m"),
        ({"marker_m": 0.03}, "wanted 0.4 to 0.9 times as large"),
        ({"dictionary": "9X9_50"}, "dictionary '9X9_50': wanted one of 4X4_50"),
        ({"columns": 12, "rows": 12, "dictionary": "5X5_50"}, "needs 72 markers"),
    ],
)
def test_boards_that_are_none(values: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        Board(**values)  # type: ignore[arg-type]


def test_a_board_larger_than_the_paper() -> None:
    with pytest.raises(
        ConfigurationError, match="does not fit on a4: wanted squares of at most 0.028 m"
    ):
        BoardPage(Board(square_m=0.04, marker_m=0.03))
    BoardPage(Board(square_m=0.04, marker_m=0.03), "a3")


@pytest.mark.parametrize(
    ("shown", "told", "words"),
    [
        (Board("chessboard", 9, 6), Board("chessboard", 8, 5), "count squares, not inner corners"),
        (Board("chessboard", 9, 6), Board("chessboard", 13, 10), "no chessboard of 13x10"),
        (Board("chessboard", 9, 6), Board(), "no marker of 5X5_100 was found"),
        (Board(columns=8, rows=6), Board(columns=8, rows=6, legacy=True), "legacy pattern"),
    ],
)
def test_another_board_than_told(shown: Board, told: Board, words: str) -> None:
    png = np.frombuffer(BoardPage(shown).png(), np.uint8)
    grey = cv2.imdecode(png, cv2.IMREAD_REDUCED_GRAYSCALE_8)
    with pytest.raises(ImageError, match=words):
        find_board("page", rgb_of(grey), told)


def test_a_large_picture_is_found_as_exactly() -> None:
    """Chessboards are looked for in a copy; the corners are those of the picture itself."""
    board = Board("chessboard", 9, 6, 0.025)
    png = BoardPage(board).png()
    grey = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_2)
    assert max(grey.shape) > 3000
    sight = find_board("page", rgb_of(cv2.GaussianBlur(grey, (0, 0), 1.5)), board)
    steps = np.diff(sight.pixels.reshape(5, 8, 2), axis=1)
    wanted = 0.025 * dots_a_metre(png) / 2
    # cornerSubPix's own error at edges between pixels; of the width as 0.09 pixels are of 640.
    assert np.linalg.norm(steps, axis=-1) == pytest.approx(wanted, abs=0.5)
