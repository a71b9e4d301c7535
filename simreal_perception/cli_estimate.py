"""`simreal estimate`: the blocks in one picture, as one line of JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera, load_camera
from simreal_common.errors import CalibrationError, ConfigurationError, ImageError
from simreal_perception.drawing import draw_blocks

DEFAULT_MODEL = "block_pose"
SMALLEST_EDGE_M, LARGEST_EDGE_M = 0.005, 1.0

Picture = NDArray[np.uint8]
Estimate = Callable[[Picture, Camera, float], Sequence[BlockEstimate]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", metavar="IMAGE", help="picture as the camera took it (PNG, JPEG)")
    parser.add_argument(
        "--camera",
        required=True,
        metavar="CAMERA.yaml",
        help="calibration of that camera: a ROS camera_info YAML file",
    )
    parser.add_argument(
        "--edge", required=True, type=_edge, metavar="METRES", help="edge of the blocks, metres"
    )
    parser.add_argument(
        "--model",
        default=DEFAULT_MODEL,
        metavar="NAME|PATH",
        help="an installed model or an .onnx file with its card beside it (default: %(default)s)",
    )
    parser.add_argument("--draw", metavar="OUT.png", help="also draw what was found into a copy")


def run(args: argparse.Namespace) -> int:
    """Print one line of JSON: the image and its blocks in the camera's optical frame.

    Raises:
        SimrealError: unreadable picture or calibration, sizes that differ, a model that cannot be
            used, a file that cannot be written.
    """
    # What is cheap to check first: the network takes longest to load.
    camera = load_camera(args.camera)
    rgb = read_picture(args.image)
    check_size(rgb, camera, f"image {args.image}", f"calibration {args.camera}")
    if args.draw is not None:
        _check_drawable(Path(args.draw))
    blocks = _load_estimator(args.model)(rgb, camera, args.edge)
    if args.draw is not None:
        write_picture(args.draw, draw_blocks(rgb, camera, blocks))
    print(json.dumps({"image": str(args.image), "blocks": [_as_json(block) for block in blocks]}))
    return 0


def read_picture(path: str | Path) -> Picture:
    """A picture file as RGB, uint8, shape (height, width, 3); 16-bit and grey ones are converted.

    Raises:
        ImageError: no such file, or not a picture.
    """
    path = Path(path)
    try:
        content = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    except OSError as error:
        raise ImageError(
            f"cannot read image {path}: {error.strerror}; wanted a PNG or JPEG file"
        ) from error
    # The calibration is of the pixels as stored: a camera's rotation flag must not turn them.
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        bgr = cv2.imdecode(content, flags) if content.size else None
    except cv2.error:
        bgr = None
    if bgr is None:
        raise ImageError(
            f"cannot read image {path}: its {content.size} bytes are not a picture; wanted a PNG "
            "or JPEG file"
        )
    return np.ascontiguousarray(bgr[..., ::-1], dtype=np.uint8)


def write_picture(path: str | Path, rgb: Picture) -> None:
    """Write RGB, uint8, as a picture file; its name's ending says which kind.

    Raises:
        ImageError: it cannot be written there.
    """
    path = Path(path)
    _check_drawable(path)
    _, content = cv2.imencode(path.suffix, np.ascontiguousarray(rgb[..., ::-1]))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.tobytes())
    except OSError as error:
        raise ImageError(
            f"cannot write {path}: {error.strerror}; give a place that can be written"
        ) from error


def check_size(rgb: Picture, camera: Camera, image_name: str, camera_name: str) -> None:
    """Raise a CalibrationError unless picture and calibration have the same size."""
    height, width = rgb.shape[:2]
    if (width, height) != (camera.width, camera.height):
        raise CalibrationError(
            f"{image_name} is {width}x{height}, {camera_name} is for {camera.width}x"
            f"{camera.height}: wanted the same size; give the picture as the camera took it (not "
            "resized or cut), or calibrate at this size"
        )


def _load_estimator(model: str) -> Estimate:
    # Imported here so that mistakes in the arguments are reported without loading onnxruntime.
    from simreal_perception.estimator import BlockEstimator

    estimator = BlockEstimator.load(model)
    return estimator.estimate  # type: ignore[no-any-return,unused-ignore]


def _as_json(block: BlockEstimate) -> dict[str, Any]:
    return {
        "position": [round(float(x), 6) for x in block.pose.position],
        "orientation": [round(float(x), 6) for x in block.pose.orientation],
        "edge": block.edge,
        "score": round(float(block.score), 4),
    }


def _check_drawable(path: Path) -> None:
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise ImageError(f"cannot write {path}: wanted a name that ends in .png or .jpg")


def _edge(text: str) -> float:
    try:
        edge = float(text)
    except ValueError:
        edge = float("nan")
    if not SMALLEST_EDGE_M <= edge <= LARGEST_EDGE_M:
        raise ConfigurationError(
            f"--edge: got {text}, wanted the edge of the blocks in metres from {SMALLEST_EDGE_M:g} "
            f"to {LARGEST_EDGE_M:g}; write for example --edge 0.05 for 50 mm"
        )
    return edge
