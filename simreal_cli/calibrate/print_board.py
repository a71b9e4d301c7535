"""`simreal calibrate board`: a board to print in its true size."""

from __future__ import annotations

import argparse

from simreal_cli.calibrate.board_arguments import (
    add_board_arguments,
    board_of,
    check_place,
)
from simreal_cli.parsing.arguments import output_file
from simreal_common.output_files import write_output
from simreal_perception.camera_calibration.board_page import PAPERS, BoardPage

DESCRIPTION = """\
Writes a board for calibration in its true size, as PDF or PNG. Print it at 100 % (not "fit to page"),
glue it onto something flat and stiff (glass, a chopping board), and measure: the line below the board
is 100 mm long. Give what a square then measures as --square.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--out", type=output_file, required=True, metavar="FILE", help="board.pdf or board.png"
    )
    parser.add_argument(
        "--paper", choices=tuple(PAPERS), default="a4", help="(default: %(default)s)"
    )
    add_board_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Write the page; prints its path.

    Raises:
        SimrealError: a board that cannot be or does not fit; a file that cannot be written.
    """
    page = BoardPage(board_of(args), args.paper)
    check_place(args.out, (".pdf", ".png"))
    write_output(args.out, page.pdf() if args.out.suffix == ".pdf" else page.png())
    print(args.out)
    return 0
