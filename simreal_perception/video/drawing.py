"""Estimated blocks drawn into an image: wireframe, axes, score and distance."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.shapes.lines import shown_lines
from simreal_perception.video.image_io import RgbImage

Array = NDArray[np.float64]
Color = tuple[int, int, int]

# Of a cube: corner i of `cube_corners` differs from corner i ^ (1 << axis) in that axis alone.
EDGES = [(i, i | 1 << axis) for axis in range(3) for i in range(8) if not i >> axis & 1]

# Red, green and blue for x, y and z, as RViz has them; a bright line that stands out on a table.
AXIS_COLORS: tuple[Color, Color, Color] = ((235, 64, 52), (76, 187, 23), (52, 120, 246))
LINE_COLOR: Color = (0, 229, 255)
OUTLINE_COLOR: Color = (20, 20, 20)
TEXT_COLOR: Color = (255, 255, 255)

NEAREST_M = 1e-3  # what is nearer than this, or behind the camera, has no image
SAMPLES = 12  # points on a line, so that lens distortion bends it as it bends the real edge
SUBPIXEL_BITS = 4  # OpenCV draws in 1/16 of a pixel
FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw_blocks(rgb: RgbImage, camera: Camera, estimates: Sequence[BlockEstimate]) -> RgbImage:
    """A copy of the image with every estimate drawn in.

    Args:
        rgb: uint8, shape (height, width, 3), as the camera took it (distorted).
        camera: calibration of that image.
        estimates: blocks in the camera's optical frame.

    Returns:
        RGB, uint8, same shape.
    """
    canvas: RgbImage = np.array(rgb, dtype=np.uint8, order="C")
    scale = max(0.6, min(rgb.shape[0], rgb.shape[1]) / 480.0)
    far_to_near = sorted(estimates, key=lambda e: -float(e.pose.position[2]))
    for estimate in far_to_near:
        _draw_wireframe(canvas, camera, estimate, scale)
    for estimate in far_to_near:
        _draw_label(canvas, camera, estimate, scale)
    return canvas


def draw_caption(rgb: RgbImage, text: str) -> RgbImage:
    """A copy of the image with a strip below that carries a line of text.

    The strip's height follows the image's and is even, as video codecs want it.
    """
    height, width = rgb.shape[:2]
    strip = 2 * max(11, round(height / 36))
    canvas = np.full((height + strip, width, 3), 24, dtype=np.uint8)
    canvas[:height] = rgb
    size = strip / 44.0
    while text and cv2.getTextSize(text, FONT, size, 1)[0][0] > width - strip:
        text = text[:-2].rstrip() + "~" if len(text) > 2 else ""
    origin = (strip // 2, height + round(strip * 0.68))
    cv2.putText(canvas, text, origin, FONT, size, TEXT_COLOR, 1, cv2.LINE_AA)
    return canvas


def _draw_wireframe(
    canvas: RgbImage, camera: Camera, estimate: BlockEstimate, scale: float
) -> None:
    pose = estimate.pose
    (arms,), (faces,) = shown_lines(
        estimate.shape, pose.rotation[None], pose.position[None], estimate.edge
    )
    lines = arms + pose.position
    width = max(1, round(1.6 * scale))
    hidden, shown = lines[faces == 0], lines[faces > 0]
    overlay = canvas.copy()
    for start, end in hidden:
        _line(overlay, camera, start, end, LINE_COLOR, 1)
    cv2.addWeighted(overlay, 0.45, canvas, 0.55, 0.0, dst=canvas)
    for start, end in shown:
        _line(canvas, camera, start, end, OUTLINE_COLOR, width + 2)
    for start, end in shown:
        _line(canvas, camera, start, end, LINE_COLOR, width)
    centre = estimate.pose.position
    for axis, color in enumerate(AXIS_COLORS):
        tip = centre + estimate.pose.rotation[:, axis] * estimate.edge * 0.8
        _line(canvas, camera, centre, tip, OUTLINE_COLOR, width + 2)
        _line(canvas, camera, centre, tip, color, width)


def _draw_label(canvas: RgbImage, camera: Camera, estimate: BlockEstimate, scale: float) -> None:
    corners = estimate.pose.transform_points(estimate.shape.vertices * estimate.edge)
    corners = corners[corners[:, 2] > NEAREST_M]
    if not len(corners):
        return
    pixels = camera.project(corners)
    if not np.isfinite(pixels).all():
        return
    distance = float(np.linalg.norm(estimate.pose.position))
    text = f"{100 * estimate.score:.0f}%  {distance:.3f} m"
    size = 0.42 * scale
    (width, height), _ = cv2.getTextSize(text, FONT, size, 1)
    left = float(pixels[:, 0].mean()) - width / 2
    top = float(pixels[:, 1].min()) - 0.6 * height
    margin = max(2, round(3 * scale))
    x = int(np.clip(left, margin, max(margin, canvas.shape[1] - width - margin)))
    y = int(np.clip(top, height + margin, canvas.shape[0] - 2 * margin))
    # A darkened plate rather than outlined letters: OpenCV 5 spaces letters by their thickness.
    plate = canvas[y - height - margin : y + 2 * margin, x - margin : x + width + margin]
    plate[:] = plate // 3
    cv2.putText(canvas, text, (x, y), FONT, size, TEXT_COLOR, 1, cv2.LINE_AA)


def _line(
    canvas: RgbImage, camera: Camera, start: Array, end: Array, color: Color, width: int
) -> None:
    """A straight line in space, metres in the optical frame; cut off at the camera."""
    steps = np.linspace(0.0, 1.0, SAMPLES)[:, None]
    points = start + steps * (end - start)
    points = points[points[:, 2] > NEAREST_M]
    if len(points) < 2:
        return
    pixels = camera.project(points)
    # Far outside the image OpenCV's fixed-point coordinates overflow.
    limit = 4.0 * max(canvas.shape[:2])
    if not (np.abs(pixels) < limit).all():
        return
    fixed = np.rint(pixels * (1 << SUBPIXEL_BITS)).astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(canvas, [fixed], False, color, width, cv2.LINE_AA, SUBPIXEL_BITS)
