"""`simreal calibrate camera`: a camera's calibration from pictures of a board."""

from __future__ import annotations

import argparse
import re

from simreal_cli.calibrate.board_arguments import (
    add_board_arguments,
    board_of,
    check_place,
)
from simreal_cli.calibrate.sights import (
    collect_sights,
    pictures_of,
    print_errors,
    print_left_out,
)
from simreal_cli.parsing.arguments import nonempty_path, output_file
from simreal_common.errors import CalibrationError, ConfigurationError
from simreal_common.output_files import write_output
from simreal_perception.camera_calibration.board_detection import Sight, find_board
from simreal_perception.camera_calibration.camera_file import camera_yaml
from simreal_perception.camera_calibration.coverage import (
    check_count,
    coverage,
    different_sights,
)
from simreal_perception.camera_calibration.intrinsics import CameraFit, calibrate_camera
from simreal_perception.camera_calibration.lens_solvers import LENS_SOLVERS, PLUMB_BOB

MOST_FROM_BAG = 60

DESCRIPTION = """\
Calibrates a camera from pictures of a board (simreal calibrate board prints one): 15 to 30 of them,
with the board in every part of the image, near and far, tilted by 20 to 45 degrees to all sides. Focus,
zoom and the size of the image must be those of later use. Prints the error of each picture and how well
focal lengths and centre are known; writes nothing where the pictures do not suffice, and says which to
add.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "source",
        type=nonempty_path,
        nargs="?",
        metavar="FOLDER|BAG",
        help="pictures (PNG, JPEG), or a recording; without it a running camera: --topic",
    )
    parser.add_argument(
        "--out", type=output_file, required=True, metavar="CAMERA.yaml", help="ROS camera_info file"
    )
    parser.add_argument("--name", default="camera", help="of the camera (default: %(default)s)")
    parser.add_argument(
        "--lens",
        choices=tuple(LENS_SOLVERS),
        default=PLUMB_BOB,
        help="equidistant for fisheye lenses, rational_polynomial for wide ones (default: "
        "%(default)s)",
    )
    parser.add_argument(
        "--topic",
        default="",
        help="of the images in a bag, where it has those of several cameras; of a running camera",
    )
    add_board_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print errors and uncertainty, write the camera file.

    Raises:
        SimrealError: pictures that do not suffice; says which to add. Nothing is written then.
    """
    board = board_of(args)
    check_place(args.out, (".yaml", ".yml"))
    if not re.fullmatch(r"[\w.-]+", args.name):
        raise ConfigurationError(f"--name '{args.name}': wanted letters, digits, _ and -")

    pictures, count = pictures_of(args.source, args.topic, MOST_FROM_BAG)
    sights, left_out = collect_sights(
        pictures, count, lambda name, rgb: find_board(name, rgb, board)
    )
    kept, repeated = different_sights(sights)
    print_left_out(left_out)
    print_left_out([(name, f"shows nearly the same as {twin}") for name, twin in repeated])
    if not sights and left_out:
        raise CalibrationError(
            f"the board ({board}) was found in none of {len(left_out)} pictures; the first says: "
            f"{left_out[0][1]}"
        )
    check_count(kept, len(repeated))
    fit = calibrate_camera(kept, args.lens)
    _print_fit(fit, kept)
    found = coverage(fit)
    if found.lacking:
        raise CalibrationError(
            f"{args.out} is not written, the pictures leave the camera open: add "
            f"{'; '.join(found.lacking)}"
        )
    write_output(args.out, camera_yaml(fit, args.name, str(board)))
    if found.advice:
        print(f"would be better still with {'; '.join(found.advice)}")
    print(args.out)
    return 0


def _print_fit(fit: CameraFit, sights: list[Sight]) -> None:
    print_left_out(
        [(name, f"fits none of the others: {error:.2f} pixels off") for name, error in fit.left_out]
    )
    print_errors(
        [sight.name for sight in fit.sights],
        [len(sight.pixels) for sight in fit.sights],
        [float(error) for error in fit.errors_px],
    )
    camera = fit.camera
    print(
        f"residual {fit.rms_px:.3f} px, {len(fit.sights)} of {len(sights)} different pictures used"
    )
    for name, value, sigma in zip(
        ("fx", "fy", "cx", "cy"),
        (*camera.matrix[[0, 1], [0, 1]], *camera.matrix[:2, 2]),
        (*fit.sigma_focal_px, *fit.sigma_center_px),
    ):
        print(f"{name} {value:9.2f} +- {sigma:.2f} px")
    print(f"{fit.lens} {' '.join(f'{value:.5f}' for value in camera.distortion)}")
