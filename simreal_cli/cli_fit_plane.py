"""`simreal fit-plane`: the plane that blocks stand on, from images of them, as one line of JSON."""

from __future__ import annotations

import argparse
import json

from simreal_cli import cli_estimate
from simreal_cli.parsing.arguments import nonempty
from simreal_common.block_estimate import BlockEstimate
from simreal_common.imaging.camera_files import load_camera
from simreal_perception.pose_estimation.calibration import MIN_SCORE
from simreal_perception.pose_estimation.image_pyramid import PyramidLimits
from simreal_perception.pose_estimation.plane_fit import fit_plane
from simreal_perception.video.image_io import check_size, read_image


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "images",
        type=nonempty,
        nargs="+",
        metavar="IMAGE",
        help="images of blocks on the plane, all taken from the same place",
    )
    cli_estimate.add_block_arguments(parser, MIN_SCORE)


def run(args: argparse.Namespace) -> int:
    """Print one line of JSON: the plane, how well it fits, and what `estimate` takes of it.

    Raises:
        SimrealError: as `simreal estimate` raises it; too few blocks, or blocks that disagree.
    """
    camera = load_camera(args.camera, rectified=args.rectified)
    images = [read_image(image) for image in args.images]
    for image, rgb in zip(args.images, images, strict=True):
        check_size(rgb, camera, f"image {image}", f"calibration {args.camera}")
    estimate = cli_estimate.load_estimator(
        args.model, PyramidLimits(args.max_distance, args.max_width)
    )
    blocks: list[BlockEstimate] = []
    for rgb in images:
        found = estimate(rgb, camera, args.edge, None, None, False)
        blocks += [block for block in found if block.score >= args.min_score]
    fit = fit_plane(blocks)
    normal = [round(float(x), 6) for x in fit.plane.normal]
    offset, sigma = round(fit.plane.offset, 6), round(fit.plane.sigma, 6)
    # Without exponents: argparse takes -1e-05 for an option.
    numbers = " ".join(f"{value:.6f}" for value in [*normal, offset])
    print(
        json.dumps(
            {
                "normal": normal,
                "offset": offset,
                "sigma": sigma,
                "residual_mm": round(1e3 * fit.residual_m, 2),
                "blocks": fit.used,
                "blocks_seen": fit.seen,
                "arguments": f"--plane {numbers} --plane-sigma {sigma:.6f}",
            }
        )
    )
    return 0
