"""Masks the parts of a resting camera's image that have changed since they were last looked at."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError
from simreal_perception.pose_estimation.detection import Region

Copy = NDArray[np.float32]  # a small RGB copy of an image, (rows, columns, 3)

DARKEST, BRIGHTEST = 8.0, 250.0  # darker or brighter pixels say nothing of the exposure
TO_SIGMA = 1.4826  # of a normal distribution by its median absolute deviation
SPARSE = 3  # every third pixel and row of the copy is enough for a median
LEAST_PIXELS = 2  # of a cell's copy that must differ: one alone is a hot pixel


# The change of a copy's pixel that counts: in noise sigmas, and in levels of 255, of any colour.
CHANGE_SIGMAS, LEAST_CHANGE = 6.0, 6.0


class ChangeMask:
    """Compares images with what was last looked at, whatever exposure, white balance and noise.

    Args:
        cell_px: side of the square cells that are told apart.
        copy_px: an image pixel of the small copy stands for so many a side; divides cell_px.

    Raises:
        ConfigurationError: sizes that do not fit.
    """

    def __init__(self, cell_px: int = 16, copy_px: int = 4) -> None:
        if not 0 < copy_px <= cell_px or cell_px % copy_px:
            raise ConfigurationError(
                f"cell_px {cell_px}, copy_px {copy_px}: wanted cells of whole pixels of the copy"
            )
        self._cell, self._copy = cell_px, copy_px
        self._seen: Copy | None = None

    def reset(self) -> None:
        """Forget what was looked at: everything counts as changed."""
        self._seen = None

    def regions(self, image: NDArray[np.uint8]) -> list[Region] | None:
        """What has changed since the last `looked`, cells that touch joined; None: everything.

        Args:
            image: RGB, uint8, (H, W, 3).
        """
        now = self._small(image)
        if self._seen is None or self._seen.shape != now.shape or not now.size:
            return None
        changed = self._changed(now)
        count, _, boxes, _ = cv2.connectedComponentsWithStats(
            changed.astype(np.uint8), None, None, 8
        )
        corners = (self._cell * boxes[1:count, :4]).tolist()
        return [Region(x, y, x + w, y + h) for x, y, w, h in corners]

    def looked(self, image: NDArray[np.uint8], regions: list[Region] | None = None) -> None:
        """Say that an image was looked at, everywhere or in some regions."""
        now = self._small(image)
        if regions is None or self._seen is None or self._seen.shape != now.shape:
            self._seen = now
            return
        gain = self._gain(now)
        step = self._copy
        for region in regions:
            rows = slice(region.y0 // step, -(-region.y1 // step))
            columns = slice(region.x0 // step, -(-region.x1 // step))
            # Kept at the exposure of the rest.
            self._seen[rows, columns] = now[rows, columns] / gain

    def _small(self, image: NDArray[np.uint8]) -> Copy:
        # Whole cells: a strip at the right or lower border that is narrower than one is left out.
        rows, columns = (side // self._cell * self._cell for side in image.shape[:2])
        if not rows or not columns:
            return np.zeros((0, 0, 3), np.float32)
        image = image[:rows, :columns]
        size = (columns // self._copy, rows // self._copy)
        return cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32)

    def _gain(self, now: Copy) -> Copy:
        """Exposure and white balance by those of the last look, (3,): most of it did not change."""
        assert self._seen is not None
        before, now = self._seen[::SPARSE, ::SPARSE], now[::SPARSE, ::SPARSE]
        told = ((before > DARKEST) & (before < BRIGHTEST) & (now < BRIGHTEST)).all(axis=-1)
        if not told.any():
            return np.ones(3, np.float32)
        gain = np.median(now[told] / before[told], axis=0)
        return np.clip(gain, 0.25, 4.0).astype(np.float32)

    def _changed(self, now: Copy) -> NDArray[np.bool_]:
        """Cells that differ, (rows, columns)."""
        assert self._seen is not None
        before = np.minimum(self._gain(now) * self._seen, 255.0)
        difference = np.abs(now - before)
        # Over-exposed stays over-exposed, whatever the gain.
        difference[(now >= BRIGHTEST) & (self._seen >= BRIGHTEST)] = 0.0
        sigma = TO_SIGMA * np.median(difference[::SPARSE, ::SPARSE], axis=(0, 1))
        limit = np.maximum(CHANGE_SIGMAS * sigma, LEAST_CHANGE)
        pixels = (difference > limit).any(axis=-1)
        per_cell = self._cell // self._copy
        rows, columns = pixels.shape[0] // per_cell, pixels.shape[1] // per_cell
        count = pixels.reshape(rows, per_cell, columns, per_cell).sum(axis=(1, 3))
        return np.asarray(count >= LEAST_PIXELS)
