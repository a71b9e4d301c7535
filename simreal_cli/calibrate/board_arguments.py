"""Options that say which board it is, and how the name of what is written must end."""

from __future__ import annotations

import argparse
from pathlib import Path

from simreal_common.errors import ConfigurationError
from simreal_perception.camera_calibration.board import BOARDS, CHARUCO, DICTIONARIES, Board

MARKER_SHARE = 0.75  # of a square, where nobody says the size of the markers
DEFAULT = Board()


def add_board_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the board; the defaults are those of `simreal calibrate board`."""
    parser.add_argument(
        "--board", choices=BOARDS, default=CHARUCO, help="kind of board (default: %(default)s)"
    )
    parser.add_argument(
        "--squares",
        type=_squares,
        default=(DEFAULT.columns, DEFAULT.rows),
        metavar="WxH",
        help="squares along both sides, not inner corners (default: "
        f"{DEFAULT.columns}x{DEFAULT.rows})",
    )
    parser.add_argument(
        "--square",
        type=float,
        default=DEFAULT.square_m,
        metavar="METRES",
        help="side of a square, as measured on the print (default: %(default)s)",
    )
    parser.add_argument(
        "--marker",
        type=float,
        metavar="METRES",
        help=f"side of a ChArUco marker (default: {MARKER_SHARE:g} squares)",
    )
    parser.add_argument(
        "--dictionary",
        default=DEFAULT.dictionary,
        choices=DICTIONARIES,
        metavar="NAME",
        help="of a ChArUco board's markers: 4X4_50 to 7X7_1000 (default: %(default)s)",
    )
    parser.add_argument(
        "--legacy-pattern",
        action="store_true",
        help="a ChArUco board printed by OpenCV before 4.6 or by a page that says legacy",
    )


def board_of(args: argparse.Namespace) -> Board:
    """The board that the options say.

    Raises:
        ConfigurationError: there is no such board.
    """
    marker = MARKER_SHARE * args.square if args.marker is None else args.marker
    columns, rows = args.squares
    return Board(
        args.board, columns, rows, args.square, marker, args.dictionary, args.legacy_pattern
    )


def check_place(path: Path, endings: tuple[str, ...]) -> None:
    """Raise a ConfigurationError unless a file can be meant by that name; looked at first."""
    if not path.name.endswith(endings):
        raise ConfigurationError(f"--out {path}: wanted a name that ends in {' or '.join(endings)}")


def _squares(text: str) -> tuple[int, int]:
    columns, _, rows = text.lower().partition("x")
    if not (columns.isdecimal() and rows.isdecimal()):
        raise argparse.ArgumentTypeError(f"got '{text}', wanted two numbers like 9x6")
    return int(columns), int(rows)
