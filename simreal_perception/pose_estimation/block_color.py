"""What people would call the colour of a block, from the image of its faces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.block_estimate import COLORS
from simreal_common.camera import Camera
from simreal_common.geometry import Pose
from simreal_common.shapes.shape import CUBE, Shape

Array = NDArray[np.float64]

# Upper ends of the hues, degrees, in the order of the rainbow; beyond the last it is red again.
HUES = ((16.0, "red"), (40.0, "orange"), (68.0, "yellow"), (165.0, "green"), (195.0, "cyan"),
        (258.0, "blue"), (295.0, "purple"), (345.0, "pink"), (360.0, "red"))  # fmt: skip
BLACK_VALUE, WHITE_VALUE = 0.18, 0.72
GREY_SATURATION = 0.22
BROWN_VALUE = 0.5  # darker orange is called brown
# Samples on each face: a grid over its middle part, away from edges and from what is behind.
GRID, INNER_SHARE = 5, 0.7
LEAST_SLOPE = 0.15  # cosine between a face's normal and the way to the camera
# A colour is named when at least this share of the samples has it.
CLEAR_SHARE = 0.5


def block_colors(
    image: NDArray[np.uint8],
    camera: Camera,
    poses: Sequence[Pose],
    block_edge: float,
    shape: Shape = CUBE,
) -> list[str]:
    """One of COLORS for each block; empty for one of several colours, or not in the image.

    Args:
        image: RGB, shape (H, W, 3).
        poses: of the blocks in the optical frame.
        block_edge: metres.
        shape: of the blocks.
    """
    if not poses:
        return []
    if shape.is_box:
        points, shown = _face_points(poses, block_edge, shape)
    else:
        points, shown = _surface_points(poses, block_edge, shape)
    pixels = np.rint(camera.project(points))
    height, width = image.shape[:2]
    inside = shown & (pixels >= 0).all(axis=-1) & (pixels < [width, height]).all(axis=-1)
    columns, rows = np.where(inside[..., None], pixels, 0).reshape(-1, 2).astype(np.int64).T
    names = np.array(color_names(image[rows, columns])).reshape(inside.shape)
    found = []
    for block in range(len(poses)):
        seen = int(inside[block].sum())
        if not seen or seen < shown[block].sum() / 2:
            found.append("")
            continue
        name, count = Counter(names[block, inside[block]].tolist()).most_common(1)[0]
        found.append(name if count >= CLEAR_SHARE * seen else "")
    return found


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


def _face_points(
    poses: Sequence[Pose], block_edge: float, shape: Shape
) -> tuple[Array, NDArray[np.bool_]]:
    """Points on a face of each axis, optical frame, (N, 3 * GRID^2, 3), and which can be seen."""
    rotation = np.stack([pose.rotation for pose in poses])
    position = np.stack([pose.position for pose in poses])
    steps = np.linspace(-INNER_SHARE / 2, INNER_SHARE / 2, GRID) * block_edge
    first, second = (grid.ravel()[:, None] for grid in np.meshgrid(steps, steps))
    axes = rotation.transpose(0, 2, 1)  # (N, 3, 3): axes of the block
    # Of the two faces of each axis the one on this side of the centre.
    side = -np.sign(np.einsum("nak,nk->na", axes, position))
    outward = side[..., None] * axes
    extents = 2 * shape.half_extents
    middle = position[:, None] + outward * (block_edge / 2 * extents)[:, None]
    slope = -np.einsum("nak,nak->na", outward, middle) / np.linalg.norm(middle, axis=-1)
    points = np.concatenate(
        [
            middle[:, axis, None]
            + first * extents[(axis + 1) % 3] * axes[:, None, (axis + 1) % 3]
            + second * extents[(axis + 2) % 3] * axes[:, None, (axis + 2) % 3]
            for axis in range(3)
        ],
        axis=1,
    )
    return points, np.repeat(slope >= LEAST_SLOPE, GRID * GRID, axis=1)


def _surface_points(
    poses: Sequence[Pose], block_edge: float, shape: Shape
) -> tuple[Array, NDArray[np.bool_]]:
    """Points within the triangles of a surface, optical frame, (N, P, 3), and which can be seen."""
    corners = shape.vertices[shape.triangles] * block_edge  # (T, 3, 3)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    # The middle of each and places between that and its corners.
    within = np.vstack([np.full((1, 3), 1 / 3), np.eye(3) * 0.4 + 0.2])
    points = np.einsum("pk,tki->tpi", within, corners).reshape(-1, 3)
    normals = np.repeat(normals, len(within), axis=0)
    placed = np.stack([pose.transform_points(points) for pose in poses])
    turned = np.stack([normals @ pose.rotation.T for pose in poses])
    slope = -np.einsum("npi,npi->np", turned, placed) / np.linalg.norm(placed, axis=-1)
    return placed, slope >= LEAST_SLOPE
