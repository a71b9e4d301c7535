"""Holds labels against images by their silhouettes: does each label fit its own image best?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_perception.training.sanity_checks.causes import LIKELY, Cause, Finding

Masks = NDArray[np.bool_]

# A block without texture is red, what is about it is gray: red above the other two, of 255.
LEAST_REDNESS = 30
LEAST_PIXELS = 40  # of a silhouette that says where it is
FITTING = (
    0.75  # least share of labels that fit their images as well as any; the rest are look-alikes
)
BETTER = 0.04  # intersection over union by which another reading has to fit better to be believed
# Least share of the misfits that one reading has to explain.
EXPLAINED = 0.5


@dataclass(frozen=True, eq=False)
class Silhouettes:
    """Of N images, in the order in which they were learned from, what they show and are said to.

    Attributes:
        images: (N, h, w), where the image shows a block.
        labels: (N, h, w), where its label says that it does.
        batch: (N,), number of the batch.
        place: (N,), which of its batch.
        readings: (N, h, w) each, what labels would say if they were made wrong in a known way.
        pixels: image pixels a cell of a mask.
        largest_shift_px: how far labels may lie aside on average, image pixels.
        near: intersection over union: what is so near to the best fit is as good.
    """

    images: Masks
    labels: Masks
    batch: NDArray[np.int64]
    place: NDArray[np.int64]
    readings: Mapping[Cause, Masks]
    pixels: float
    largest_shift_px: float
    near: float


def redness(images: NDArray[np.uint8]) -> Masks:
    """Where plain images, (N, h, w, 3), show a block, (N, h, w)."""
    red, others = images[..., 0].astype(int), images[..., 1:].max(axis=-1)
    return np.asarray(red - others > LEAST_REDNESS)


def fit_findings(shapes: Silhouettes) -> Iterator[Finding]:
    """How labels that do not fit their images would fit, if any."""
    seen = np.flatnonzero(
        (shapes.images.sum(axis=(1, 2)) >= LEAST_PIXELS)
        & (shapes.labels.sum(axis=(1, 2)) >= LEAST_PIXELS)
    )
    if len(seen) < 8:
        return
    images, labels = shapes.images[seen], shapes.labels[seen]
    fit = _overlaps(images, labels)
    own = np.diag(fit)
    best = fit.max(axis=1)
    misfits = np.flatnonzero(own < best - shapes.near)
    if len(misfits) <= (1.0 - FITTING) * len(seen):
        yield from _shifted(images, labels, shapes)
        return
    batch, place = shapes.batch[seen], shapes.place[seen]
    explained = {
        cause: float((_own_overlap(images, masks[seen]) > own + BETTER)[misfits].mean())
        for cause, masks in shapes.readings.items()
    }
    later = (batch[None] == batch[:, None] + 1) & (place[None] == place[:, None])
    has_later = misfits[later[misfits].any(axis=1)]
    of_next = (fit * later).max(axis=1) >= best - shapes.near
    explained[Cause.STALE] = float(of_next[has_later].mean()) if len(has_later) else 0.0
    same = (batch[None] == batch[:, None]) & ~np.eye(len(seen), dtype=bool)
    explained[Cause.SHUFFLED] = float(
        ((fit * same).max(axis=1) >= best - shapes.near)[misfits].mean()
    )
    # A label of the same batch fits an image by chance now and then: it is asked last.
    cause = max(
        explained, key=lambda cause: (explained[cause] >= EXPLAINED, cause is not Cause.SHUFFLED,
                                      explained[cause])
    )  # fmt: skip
    how = {
        Cause.STALE: "the label in the same place of the next batch fits",
        Cause.SHUFFLED: "another label of the same batch fits better",
        Cause.SWAPPED_AXES: "it fits once x and y change places",
        Cause.TRANSPOSED: "it fits once the rotation is transposed",
    }
    told = f"{len(misfits) / len(seen):.0%} of the labels do not fit their own image"
    if explained[cause] >= EXPLAINED:
        yield Finding(cause, f"{told}; in {explained[cause]:.0%} of these {how[cause]}")
    else:
        yield Finding(Cause.SHUFFLED, f"{told}, nor does any reading of them", LIKELY)


def _shifted(images: Masks, labels: Masks, shapes: Silhouettes) -> Iterator[Finding]:
    whole = _inside(images) & _inside(labels)
    if whole.sum() < 8:
        return
    away = (_centers(labels[whole]) - _centers(images[whole])) * shapes.pixels
    x, y = np.median(away, axis=0).tolist()
    if max(abs(x), abs(y)) > shapes.largest_shift_px:
        yield Finding(
            Cause.SHIFTED, f"labels lie {x:+.1f}, {y:+.1f} px from what their images show (x, y)"
        )


def _overlaps(first: Masks, second: Masks) -> NDArray[np.float64]:
    """Intersection over union of each of N masks with each of M, (N, M)."""
    a, b = (masks.reshape(len(masks), -1).astype(np.float32) for masks in (first, second))
    common = a @ b.T
    return np.asarray(common / np.maximum(a.sum(1)[:, None] + b.sum(1)[None] - common, 1.0), float)


def _own_overlap(first: Masks, second: Masks) -> NDArray[np.float64]:
    common = (first & second).sum(axis=(1, 2))
    return np.asarray(common / np.maximum((first | second).sum(axis=(1, 2)), 1), float)


def _inside(masks: Masks) -> Masks:
    """Which masks touch no border, (N,)."""
    rim = masks[:, [0, -1]].any(axis=(1, 2)) | masks[:, :, [0, -1]].any(axis=(1, 2))
    return np.asarray(~rim)


def _centers(masks: Masks) -> NDArray[np.float64]:
    """Centroids x, y, cells, (N, 2)."""
    rows, columns = np.mgrid[: masks.shape[1], : masks.shape[2]]
    count = masks.sum(axis=(1, 2))
    return np.stack(
        [(masks * columns).sum(axis=(1, 2)) / count, (masks * rows).sum(axis=(1, 2)) / count], -1
    )
