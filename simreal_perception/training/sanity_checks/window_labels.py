"""Holds the label maps of the detector's windows against one another and what the windows show."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from simreal_common.shapes.shape import CUBE, Shape
from simreal_perception.labelled_batches.detector_data import WINDOW, WindowBatch
from simreal_perception.networks.detector_network import STRIDE
from simreal_perception.training.sanity_checks.causes import LIKELY, Cause, Finding
from simreal_perception.training.sanity_checks.silhouettes import Masks, Silhouettes, redness

CELLS = WINDOW // STRIDE
LEAST_SHARE = 0.02
# Where a window shows a block against the middle of its sphere: perspective moves it by a pixel.
LARGEST_SHIFT_PX = 1.2
NEAR = 0.1  # intersection over union: a disc is no block


def contradictions(batches: list[WindowBatch]) -> Iterator[Finding]:
    """Where centres, heat and values of the same windows do not agree."""
    aside, odd_heat, swapped, windows = 0, 0, 0, 0
    for batch in batches:
        for n in np.flatnonzero(batch.center.any(axis=(1, 2))):
            windows += 1
            rows, columns = np.nonzero(batch.center[n])
            x, y = batch.values[n, :2, rows, columns].T
            aside += bool(((x < 0) | (x > 1) | (y < 0) | (y > 1)).any())
            if _off(batch.heat[n], columns + x, rows + y):
                odd_heat += 1
                swapped += not _off(batch.heat[n].T, columns + x, rows + y) or not _off(
                    batch.heat[n], columns + y, rows + x
                )
    if not windows:
        return
    if aside > LEAST_SHARE * windows:
        yield Finding(
            Cause.CONTRADICTION,
            f"in {aside / windows:.0%} of the windows a centre lies outside of its cell",
            LIKELY,
        )
    if odd_heat > LEAST_SHARE * windows:
        share = f"in {odd_heat / windows:.0%} of the windows the heat is not about the centres"
        if swapped > odd_heat / 2:
            yield Finding(Cause.SWAPPED_AXES, f"{share}; with x and y changed it is")
        else:
            yield Finding(Cause.CONTRADICTION, share, LIKELY)


def silhouettes(batches: list[WindowBatch], shape: Shape = CUBE) -> Silhouettes:
    """Of windows of plain blocks, one to a window: what is red, and the circles of the labels."""
    images, labels, swapped, number, place = [], [], [], [], []
    disc = _disc_share(shape)
    for k, batch in enumerate(batches):
        single = np.flatnonzero(batch.center.sum(axis=(1, 2)) == 1)
        for n in single:
            (row,), (column,) = np.nonzero(batch.center[n])
            x, y, radius = batch.values[n, :, row, column].astype(float).tolist()
            labels.append(_disc(column + x, row + y, disc * np.exp(radius) / STRIDE))
            swapped.append(_disc(row + y, column + x, disc * np.exp(radius) / STRIDE))
        # A cell is red where its middle is.
        images.append(redness(batch.images[single, STRIDE // 2 :: STRIDE, STRIDE // 2 :: STRIDE]))
        number.append(np.full(len(single), k))
        place.append(single)
    none = np.zeros((0, CELLS, CELLS), bool)
    return Silhouettes(
        np.concatenate(images),
        np.stack(labels) if labels else none,
        np.concatenate(number),
        np.concatenate(place),
        {Cause.SWAPPED_AXES: np.stack(swapped) if swapped else none},
        float(STRIDE),
        LARGEST_SHIFT_PX,
        NEAR,
    )


def _disc_share(shape: Shape) -> float:
    """Radius of the disc that is as large as the mean silhouette, of the bounding sphere's.

    A convex body's is a quarter of its surface (Cauchy): of a cube the share is 0.8.
    """
    corners = shape.vertices[shape.triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    surface = np.linalg.norm(normals, axis=1).sum() / 2
    return float(np.sqrt(surface / (4 * np.pi)) / np.linalg.norm(shape.vertices, axis=1).max())


def _off(heat: NDArray[np.float32], x: NDArray[np.float32], y: NDArray[np.float32]) -> bool:
    """Whether the heat beside some centre, cells, falls off in another direction than from there."""
    for one_x, one_y in zip(x.tolist(), y.tolist(), strict=True):
        row, column = int(one_y), int(one_x)
        if not (0 < row < CELLS - 1 and 0 < column < CELLS - 1):
            continue
        left, right = heat[row, column - 1], heat[row, column + 1]
        above, below = heat[row - 1, column], heat[row + 1, column]
        for lower, upper, part in ((left, right, one_x - column), (above, below, one_y - row)):
            tells = abs(part - 0.5) > 0.15 and abs(upper - lower) > 0.02
            if tells and (upper > lower) != (part > 0.5):
                return True
    return False


def _disc(x: float, y: float, radius: float) -> Masks:
    """A circle, cells, as a mask."""
    axis = np.arange(CELLS) + 0.5
    return np.asarray((axis[None] - x) ** 2 + (axis[:, None] - y) ** 2 < radius**2)
