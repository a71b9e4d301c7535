"""`simreal estimate`: the blocks in one image, as one line of JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from typing import Any

from simreal_cli.parsing.arguments import nonempty, nonempty_path, output_file, probability
from simreal_cli.parsing.shapes import shape_of_model
from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.errors import ConfigurationError
from simreal_common.imaging.camera_files import load_camera
from simreal_perception.pose_estimation.calibration import MIN_SCORE
from simreal_perception.pose_estimation.depth_range import DepthImage, check_depth
from simreal_perception.pose_estimation.image_pyramid import PyramidLimits
from simreal_perception.pose_estimation.support_plane import DEFAULT_PLANE_SIGMA_M, SupportPlane
from simreal_perception.video.drawing import draw_blocks
from simreal_perception.video.image_io import (
    RgbImage,
    check_drawable,
    check_size,
    read_depth,
    read_image,
    write_image,
)

DEFAULT_MODEL = "block"
SMALLEST_EDGE_M, LARGEST_EDGE_M = 0.005, 1.0

Estimate = Callable[
    [RgbImage, Camera, float, SupportPlane | None, DepthImage | None, bool],
    Sequence[BlockEstimate],
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "image", type=nonempty, metavar="IMAGE", help="image as the camera took it (PNG, JPEG)"
    )
    add_block_arguments(parser, MIN_SCORE, shapes=True)
    parser.add_argument(
        "--plane",
        nargs=4,
        type=float,
        metavar=("NX", "NY", "NZ", "D"),
        help="the plane that blocks stand on: nx x + ny y + nz z = d in the camera's optical frame, "
        "metres; `simreal fit-plane` finds it (default: the plane that two or more blocks of the "
        "image agree on, if they do)",
    )
    parser.add_argument(
        "--no-plane-from-blocks",
        dest="plane_from_blocks",
        action="store_false",
        help="judge each block by itself: they do not stand on one plane",
    )
    parser.add_argument(
        "--plane-sigma",
        type=float,
        metavar="M",
        help=f"how well its height is known, metres (default: {DEFAULT_PLANE_SIGMA_M:g})",
    )
    parser.add_argument(
        "--depth",
        type=nonempty,
        metavar="DEPTH.png",
        help="depth aligned with the image: 16 bits, millimetres, 0 where there is no value",
    )
    parser.add_argument(
        "--draw", type=output_file, metavar="OUT.png", help="also draw what was found into a copy"
    )


def add_block_arguments(
    parser: argparse.ArgumentParser, min_score: float, shapes: bool = False
) -> None:
    """Declare the camera, the blocks and the model, for every verb that looks at images.

    Args:
        shapes: whether the verb takes a shape in place of an edge, as `args.shape`.
    """
    parser.add_argument(
        "--camera",
        type=nonempty,
        required=True,
        metavar="CAMERA.yaml",
        help="calibration of that camera: a ROS camera_info YAML file, or OpenCV's or Kalibr's",
    )
    parser.add_argument(
        "--rectified",
        action="store_true",
        help="images are rectified: the calibration's projection matrix holds, and no distortion",
    )
    blocks = parser.add_mutually_exclusive_group(required=True) if shapes else parser
    blocks.add_argument(
        "--edge",
        required=not shapes,
        type=_edge,
        metavar="METRES",
        help="edge of the blocks, metres",
    )
    if shapes:
        blocks.add_argument(
            "--shape",
            type=nonempty_path,
            metavar="FILE",
            help="YAML of blocks that are no cubes, as the model was trained with: its measures hold",
        )
    parser.add_argument(
        "--model",
        type=nonempty,
        default=DEFAULT_MODEL,
        metavar="NAME|PATH",
        help="an installed model or the path of a model's card (.json) (default: %(default)s)",
    )
    parser.add_argument(
        "--min-score",
        default=min_score,
        type=probability,
        metavar="0..1",
        help="leave out what is less probably a block (default: %(default)s)",
    )
    parser.add_argument(
        "--max-distance",
        default=PyramidLimits.max_distance,
        type=float,
        metavar="METRES",
        help="of the farthest blocks that are looked for (default: %(default)s)",
    )
    parser.add_argument(
        "--max-width",
        default=PyramidLimits.max_width,
        type=int,
        metavar="PIXELS",
        help="widest copy of the image that is looked at: small and far blocks want a wide one "
        "(default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Print one line of JSON: the image and its blocks in the camera's optical frame.

    Raises:
        SimrealError: unreadable image or calibration, sizes that differ, a model that cannot be
            used, a file that cannot be written.
    """
    # What is cheap to check first: the network takes longest to load.
    camera = load_camera(args.camera, rectified=args.rectified)
    rgb = read_image(args.image)
    check_size(rgb, camera, f"image {args.image}", f"calibration {args.camera}")
    plane = _plane(args)
    depth = None if args.depth is None else read_depth(args.depth)
    if depth is not None:
        check_depth(depth, camera)
    if args.draw is not None:
        check_drawable(args.draw)
    search = PyramidLimits(args.max_distance, args.max_width)
    edge = _block_edge(args)
    estimate = load_estimator(args.model, search)
    estimates = estimate(rgb, camera, edge, plane, depth, args.plane_from_blocks)
    blocks = [block for block in estimates if block.score >= args.min_score]
    if args.draw is not None:
        write_image(args.draw, draw_blocks(rgb, camera, blocks))
    print(json.dumps({"image": str(args.image), "blocks": [_as_json(block) for block in blocks]}))
    return 0


def load_estimator(model: str, search: PyramidLimits | None = None) -> Estimate:
    """The function that finds blocks with a model.

    Raises:
        ModelError: the model cannot be used.
    """
    # Imported here so that mistakes in the arguments are reported without loading onnxruntime.
    from simreal_perception.pose_estimation.estimator import BlockEstimator

    estimator = BlockEstimator.load(model, search=search)
    return estimator.estimate  # type: ignore[no-any-return,unused-ignore]


def _plane(args: argparse.Namespace) -> SupportPlane | None:
    if args.plane is None:
        if args.plane_sigma is not None:
            raise ConfigurationError(
                "--plane-sigma belongs to --plane; leave it out, or give --plane NX NY NZ D"
            )
        return None
    sigma = DEFAULT_PLANE_SIGMA_M if args.plane_sigma is None else args.plane_sigma
    return SupportPlane(args.plane[:3], args.plane[3], sigma)


def _block_edge(args: argparse.Namespace) -> float:
    """The edge that the estimator is told, metres.

    Raises:
        ConfigurationError: a shape that the model does not find.
    """
    if args.shape is not None:
        return shape_of_model(args.model, args.shape).edge_m
    shape = shape_of_model(args.model, None)
    if not shape.is_cube:
        raise ConfigurationError(
            f"--edge is of cubes, and model {args.model} finds a {shape.words}: give --shape FILE with "
            "the measures of yours"
        )
    return float(args.edge)


def _as_json(block: BlockEstimate) -> dict[str, Any]:
    shape = {} if block.shape.is_cube else {"extents": [round(x, 6) for x in block.extents]}
    return {
        **shape,
        "position": [round(float(x), 6) for x in block.pose.position],
        "orientation": [round(float(x), 6) for x in block.pose.orientation],
        "edge": block.edge,
        "score": round(float(block.score), 4),
    }


def _edge(text: str) -> float:
    try:
        edge = float(text)
    except ValueError:
        edge = float("nan")
    if not SMALLEST_EDGE_M <= edge <= LARGEST_EDGE_M:
        raise ConfigurationError(
            f"--edge: got '{text}', wanted the edge of the blocks in metres from {SMALLEST_EDGE_M:g} "
            f"to {LARGEST_EDGE_M:g}; write for example --edge 0.05 for 50 mm"
        )
    return edge
