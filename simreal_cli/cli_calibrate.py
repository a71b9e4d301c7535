"""`simreal calibrate`: a board to print, a camera, a camera's place at an arm."""

from __future__ import annotations

import argparse

from simreal_cli.calibrate import camera, hand_eye, print_board

EPILOG = """\
examples:
  simreal calibrate board --out board.pdf
  simreal calibrate camera photos/ --square 0.028 --out camera.yaml
  simreal calibrate hand-eye photos/ --camera camera.yaml --mount eye-to-hand \\
      --parent panda_link0 --out hand_eye.launch.xml
"""
SUBJECTS = {
    "board": (print_board, "a board to print"),
    "camera": (camera, "focal lengths and distortion, from pictures of a board"),
    "hand-eye": (hand_eye, "where a camera is, beside an arm or on it"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EPILOG
    subjects = parser.add_subparsers(dest="subject", metavar="WHAT", title="what", required=True)
    for name, (module, summary) in SUBJECTS.items():
        module.add_arguments(
            subjects.add_parser(
                name,
                help=summary,
                description=module.DESCRIPTION,
                formatter_class=argparse.RawDescriptionHelpFormatter,
            )
        )


def run(args: argparse.Namespace) -> int:
    """Do the one that is asked for."""
    return SUBJECTS[args.subject][0].run(args)
