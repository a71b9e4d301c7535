"""Holds the labels of crops against one another by projection, and against what the crops show."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from simreal_common.shapes.shape import CUBE, Shape
from simreal_perception.dataset_export.block_outline import common_shift, fill_hull
from simreal_perception.labelled_batches.edge_labels import edge_fields
from simreal_perception.labelled_batches.keypoints import center_and_edge
from simreal_perception.labelled_batches.pose_data import CropBatch
from simreal_perception.pose_estimation.crop_camera import CROP_SIZE, MIDDLE_PX, project_into_crops
from simreal_perception.training.sanity_checks.causes import LIKELY, Cause, Finding
from simreal_perception.training.sanity_checks.silhouettes import Masks, Silhouettes, redness

Array = NDArray[np.float64]

HALF = CROP_SIZE / 2
TOLERANCE_PX = 0.3  # crop pixels between a corner and its projection; rounding makes 0.001
TOLERANCE = 0.02  # of a block's edge, likewise
STEADY = 0.2  # standard deviation of a shift, as a share of it, up to which it is one shift
LEAST_SHARE = 0.02  # of labels that may be odd; one wrong label in a small batch is more
LARGEST_SHIFT_PX = 0.6
NEAR = 0.03  # intersection over union: hulls are silhouettes but for what pixels round off


def contradictions(batches: list[CropBatch], shape: Shape = CUBE) -> Iterator[Finding]:
    """Where pose, corners and edge field of the same crops do not agree."""
    before: CropBatch | None = None
    corners, rotations, fields = [], [], []
    told = {"corners": [], "rotations": []}  # type: ignore[var-annotated]
    for batch in batches:
        known = np.flatnonzero(batch.target == 1)
        if not len(known):
            continue
        corners.append(_of_corners(batch, known, before))
        rotations.append(_of_rotations(batch, known, shape))
        fields.append(_of_fields(batch, known, shape))
        before = batch
    for kind, each in (("corners", corners), ("rotations", rotations)):
        told[kind] = [finding for findings in each for finding in findings]
        yield from told[kind]
    # A field is made from corners and rotation: it is told where these say nothing.
    if not told["corners"] and not told["rotations"]:
        yield from (finding for findings in fields for finding in findings)


def silhouettes(batches: list[CropBatch], shape: Shape = CUBE) -> Silhouettes:
    """Of crops of plain blocks, one to a crop: what is red, and the hulls of labelled blocks."""
    images, labels, swapped, turned, number, place = [], [], [], [], [], []
    for k, batch in enumerate(batches):
        known = np.flatnonzero(batch.target == 1)
        if shape.is_box:
            pixels = batch.corners[known].astype(np.float64) * HALF + MIDDLE_PX
        else:
            turned_as_told = _vertices(batch, known, batch.rotation[known], shape)
            pixels = _projected(turned_as_told, batch.focal[known])
        images.append(redness(batch.images[known]))
        labels.append(_hulls(pixels))
        swapped.append(_hulls(pixels[..., ::-1]))
        turned.append(_hulls(_projected(_turned_back(batch, known, shape), batch.focal[known])))
        number.append(np.full(len(known), k))
        place.append(known)
    return Silhouettes(
        np.concatenate(images),
        np.concatenate(labels),
        np.concatenate(number),
        np.concatenate(place),
        {Cause.SWAPPED_AXES: np.concatenate(swapped), Cause.TRANSPOSED: np.concatenate(turned)},
        1.0,
        LARGEST_SHIFT_PX,
        NEAR,
    )


def _of_corners(
    batch: CropBatch, known: NDArray[np.int64], before: CropBatch | None
) -> Iterator[Finding]:
    """Labelled corners against the projection of the points that they are the images of."""
    true = (_projected(batch.points[known], batch.focal[known]) - MIDDLE_PX) / HALF
    said = batch.corners[known].astype(np.float64)
    away = (said - true) * HALF
    odd = np.abs(away).max(axis=(1, 2)) > TOLERANCE_PX
    if odd.mean() <= LEAST_SHARE:
        return
    share = f"corners of {odd.mean():.0%} of the crops are not where their pose projects to"
    mean = np.abs(away[odd].mean(axis=(0, 1))).max()
    shift = common_shift(away[odd], max(STEADY * mean, TOLERANCE_PX))
    if shift is not None:
        yield Finding(
            Cause.SHIFTED, f"{share}: they lie {shift[0]:+.1f}, {shift[1]:+.1f} px aside (x, y)"
        )
        return
    close = TOLERANCE_PX / HALF
    fits = {
        Cause.SWAPPED_AXES: np.abs(said[..., ::-1] - true).max(axis=(1, 2)) < close,
        Cause.SHUFFLED: (np.abs(said[:, None] - true[None]).max(axis=(2, 3)) < close).any(axis=1),
    }
    how = {
        Cause.SWAPPED_AXES: "with x and y in each other's place they are",
        Cause.SHUFFLED: "they are those of other crops of the batch",
        Cause.STALE: "they are those of the batch before",
    }
    if before is not None and len(before.corners):
        fits[Cause.STALE] = (
            np.abs(said[:, None] - _all_projected(before)[None]).max(axis=(2, 3)) < close
        ).any(axis=1)
    cause = max(fits, key=lambda cause: float(fits[cause][odd].mean()))
    if fits[cause][odd].mean() > 0.5:
        yield Finding(cause, f"{share}; {how[cause]}")
    else:
        off = float(np.abs(away[odd]).mean())
        yield Finding(Cause.CONTRADICTION, f"{share}, but {off:.1f} px away", LIKELY)


def _of_rotations(batch: CropBatch, known: NDArray[np.int64], shape: Shape) -> Iterator[Finding]:
    """Labelled rotations against the one that the labelled points show."""
    points = batch.points[known].astype(np.float64)
    center, edge = center_and_edge(points, shape)
    unit = (points - center[:, None]) / edge[:, None, None]
    # The coordinates of a box's corners are orthogonal: sum of c c^T is 8 times their squares.
    shown = np.einsum("nki,kj->nij", unit, shape.keypoints) / (8.0 * shape.half_extents**2)
    said = batch.rotation[known].astype(np.float64)

    def wrong(matrices: Array) -> Masks:
        return np.asarray(np.abs(matrices - shown).max(axis=(1, 2)) > TOLERANCE)

    odd = wrong(said)
    if odd.mean() <= LEAST_SHARE:
        return
    share = f"rotations of {odd.mean():.0%} of the blocks do not turn a block to its corners"
    if not wrong(said.transpose(0, 2, 1))[odd].mean() > 0.5:
        yield Finding(Cause.TRANSPOSED, f"{share}; transposed they do")
        return
    others = (np.abs(said[:, None] - shown[None]).max(axis=(2, 3)) < TOLERANCE).any(axis=1)
    if others[odd].mean() > 0.5:
        yield Finding(Cause.SHUFFLED, f"{share}; they turn it to those of other crops")
    else:
        yield Finding(Cause.CONTRADICTION, share, LIKELY)


def _of_fields(batch: CropBatch, known: NDArray[np.int64], shape: Shape) -> Iterator[Finding]:
    """Edge fields against those of the labelled poses."""
    points, rotation = batch.points[known], batch.rotation[known]
    _, distance = edge_fields(points, rotation, batch.focal[known], shape=shape)
    odd = np.abs(distance - batch.edge_distance[known]).max(axis=(1, 2)) > TOLERANCE_PX
    if odd.mean() > LEAST_SHARE:
        yield Finding(
            Cause.CONTRADICTION,
            f"edge fields of {odd.mean():.0%} of the crops are not those of their poses",
            LIKELY,
        )


def _projected(points: NDArray[np.floating], focal: NDArray[np.floating]) -> Array:
    """Points (N, 8, 3) of crop cameras' frames, in crop pixels (N, 8, 2)."""
    return np.asarray(project_into_crops(points, focal), np.float64)


def _all_projected(batch: CropBatch) -> Array:
    return (_projected(batch.points, batch.focal) - MIDDLE_PX) / HALF


def _turned_back(batch: CropBatch, known: NDArray[np.int64], shape: Shape) -> Array:
    """The vertices as they are if the rotations are those of the transposed matrices."""
    return _vertices(batch, known, batch.rotation[known].transpose(0, 2, 1), shape)


def _vertices(
    batch: CropBatch, known: NDArray[np.int64], rotation: NDArray[np.floating], shape: Shape
) -> Array:
    """Vertices of the labelled blocks, turned so, in the frame of the crop's camera, (N, V, 3)."""
    center, edge = center_and_edge(batch.points[known].astype(np.float64), shape)
    arms = shape.vertices[None] * edge[:, None, None]
    return np.asarray(np.einsum("nij,nkj->nki", rotation, arms) + center[:, None])


def _hulls(pixels: Array) -> Masks:
    """Filled convex hulls of (N, V, 2), pixels, as masks (N, CROP_SIZE, CROP_SIZE)."""
    hulls = [fill_hull(corners, CROP_SIZE, CROP_SIZE) for corners in pixels]
    return np.stack(hulls) if hulls else np.zeros((0, CROP_SIZE, CROP_SIZE), bool)
