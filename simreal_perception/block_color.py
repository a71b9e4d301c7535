"""What people would call the colour of a block, from the picture of its faces."""

from __future__ import annotations

from collections import Counter

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.block_estimate import COLORS
from simreal_common.camera import Camera
from simreal_common.geometry import Pose

Array = NDArray[np.float64]

# Upper ends of the hues, degrees, in the order of the rainbow; beyond the last it is red again.
HUES = ((16.0, "red"), (40.0, "orange"), (68.0, "yellow"), (165.0, "green"), (195.0, "cyan"),
        (258.0, "blue"), (295.0, "purple"), (345.0, "pink"), (360.0, "red"))  # fmt: skip
BLACK_VALUE, WHITE_VALUE = 0.18, 0.72
GREY_SATURATION = 0.22
BROWN_VALUE = 0.5  # darker orange is called brown
# Samples on each face: a grid over its middle part, away from edges and from what is behind.
GRID, INNER_SHARE = 5, 0.7
# A colour is named when at least this share of the samples has it.
CLEAR_SHARE = 0.5


def block_color(image: NDArray[np.uint8], camera: Camera, pose: Pose, edge: float) -> str:
    """One of COLORS; empty for a block of several colours, or one that is not in the picture.

    Args:
        image: RGB, shape (H, W, 3).
        pose: of the block in the optical frame.
        edge: metres.
    """
    points = _face_points(pose, edge)
    if not len(points):
        return ""
    pixels = np.rint(camera.project(points))
    height, width = image.shape[:2]
    inside = (pixels >= 0).all(axis=1) & (pixels < [width, height]).all(axis=1)
    if inside.sum() < len(points) / 2:
        return ""
    columns, rows = pixels[inside].astype(np.int64).T
    names = Counter(color_names(image[rows, columns]))
    name, count = names.most_common(1)[0]
    return name if count >= CLEAR_SHARE * int(inside.sum()) else ""


def color_names(rgb: NDArray[np.uint8]) -> list[str]:
    """The name of each colour; RGB, shape (n, 3)."""
    unit = np.ascontiguousarray(rgb, dtype=np.float32)[None] / np.float32(255.0)
    hue, saturation, value = np.moveaxis(cv2.cvtColor(unit, cv2.COLOR_RGB2HSV)[0], 1, 0)
    ends, hues = zip(*HUES, strict=True)
    named = np.array(hues, dtype=object)[np.searchsorted(ends, hue)]
    named[(named == "orange") & (value < BROWN_VALUE)] = "brown"
    pale = saturation < GREY_SATURATION
    named[pale] = np.where(value[pale] > WHITE_VALUE, "white", "grey")
    named[value < BLACK_VALUE] = "black"
    names: list[str] = named.tolist()
    assert set(names) <= set(COLORS)
    return names


def _face_points(pose: Pose, edge: float) -> Array:
    """Points on the faces that are turned to the camera, optical frame, shape (n, 3)."""
    steps = np.linspace(-INNER_SHARE / 2, INNER_SHARE / 2, GRID) * edge
    first, second = (grid.ravel() for grid in np.meshgrid(steps, steps))
    found = []
    rotation = pose.rotation
    for axis in range(3):
        normal = rotation[:, axis]
        # The face on this side of the centre, if it can be seen at all.
        side = -np.sign(normal @ pose.position)
        middle = pose.position + side * normal * edge / 2
        slope = -side * float(normal @ middle) / float(np.linalg.norm(middle))
        if slope < 0.15:
            continue
        local = np.zeros((len(first), 3))
        local[:, axis] = side * edge / 2
        local[:, (axis + 1) % 3], local[:, (axis + 2) % 3] = first, second
        found.append(local @ rotation.T + pose.position)
    return np.concatenate(found) if found else np.zeros((0, 3))
