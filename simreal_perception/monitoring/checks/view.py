"""Has the camera been moved? The background of its images is compared with what it was."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_perception.monitoring.checks.background_tiles import BackgroundTiles, prepared
from simreal_perception.monitoring.checks.check import Check, WatchedImage
from simreal_perception.monitoring.measures.check_result import CheckResult
from simreal_perception.monitoring.measures.measurement import Grey, Measurement
from simreal_perception.monitoring.measures.monitor_config import MonitorConfig
from simreal_perception.monitoring.measures.reference import Reference

LEARNED, MOVES = "the background is learned", "not watched: the camera moves"
PREPARED = 2.0  # the copy of `prepared` is so many times smaller than that of the measurement
STILL_PX = 0.2  # a resting camera's tile wanders by less: noise, vibration; pixels of the copy
MOVED_PX = 0.4  # of the copy, 1.6 pixels of an image of 640: 1 mm to 2 mm on a table at 0.5 m
STILL_SHARE = 0.85  # of the looks at a tile while it is learned
# Of the tiles that were found lately, how many must be found shifted (along their edges nobody sees
# it), or be lost at once: an arm hides fewer, and blocks are taken one by one.
MOVED_SHARE, LEAST_MOVED, LOST_SHARE = 0.4, 3, 0.75
LATELY_S = 4.0
RELEARN_S = 20.0  # what was lost for so long is another thing now
LEAST_TILES, LEAST_LOOKS = 4, 5
# A camera rests whose cells (of the coarse copy) mostly keep their grey value, whatever its gain.
CELL_PX, SAME_LEVELS, SAME_SHARE = 8, 6.0, 0.6


class ViewCheck(Check):
    """Learns which parts of the image rest, and tells when most of them move together.

    Where the camera moves while they are learned, they are learned again.

    Attributes:
        rests: whether the camera was found to be at rest; stays so once learned.
        watched: parts of the image that rest and have edges.
    """

    name = "view"
    remedy = (
        "put the camera back or calibrate it anew (simreal calibrate hand-eye), then restart this "
        "node"
    )

    def __init__(self, reference: Reference | None, config: MonitorConfig) -> None:
        self._learn_s, self._moving_camera = config.learn_s, config.moving_camera
        self._tiles: BackgroundTiles | None = None
        self._began = self._last_good = 0.0
        self._shape: tuple[int, ...] = ()
        self._cells: NDArray[np.float32] = np.zeros((0, 0), np.float32)
        self._looks, self._same = 0, 0
        # Of each tile: whether it is watched, how often it was still, when it was found last.
        self._watched = np.zeros(0, dtype=bool)
        self._still = np.zeros(0, dtype=np.int64)
        self._found_at = np.zeros(0)
        self.rests = False

    @property
    def watched(self) -> int:
        return int(self._watched.sum()) if self.rests else 0

    def look(self, image: WatchedImage) -> CheckResult:
        """Judge an image; nothing is told of it while the background is learned."""
        measured, time = image.measured, image.time
        if time is None:
            return CheckResult(None, "a picture by itself")
        if self._moving_camera:
            return CheckResult(None, MOVES)
        grey = prepared(measured.grey)
        if self._tiles is None or grey.shape != self._shape:
            return self._begin(measured, grey, time, LEARNED)
        if time < max(self._began, self._last_good):  # a bag that loops
            self._last_good = time
            self._found_at = np.minimum(self._found_at, time)
            if not self.rests:
                return self._begin(measured, grey, time, LEARNED)
        shifts = self._tiles.shifts(grey)
        if self.rests:
            return self._judge(measured, grey, shifts, time)
        self._looks += 1
        self._same += _same_share(self._cells, _cells(measured)) >= SAME_SHARE
        self._still += np.hypot(*shifts.T) < STILL_PX  # NaN is not
        if time - self._began < self._learn_s or self._looks < LEAST_LOOKS:
            return CheckResult(None, LEARNED)
        if self._same < STILL_SHARE * self._looks:
            return self._begin(measured, grey, time, MOVES)
        self.rests, self._last_good = True, time
        self._watched = self._tiles.told & (self._still >= STILL_SHARE * self._looks)
        self._found_at = np.full(len(shifts), time)
        return self._judge(measured, grey, shifts, time)

    def _begin(self, measured: Measurement, grey: Grey, time: float, words: str) -> CheckResult:
        self._tiles = BackgroundTiles(grey)
        self._began = self._last_good = time
        self._shape, self.rests = grey.shape, False
        self._looks, self._same, self._cells = 0, 0, _cells(measured)
        self._still = np.zeros(len(self._tiles.told), dtype=np.int64)
        return CheckResult(None, words)

    def _judge(
        self, measured: Measurement, grey: Grey, shifts: NDArray[np.float64], time: float
    ) -> CheckResult:
        # Until the view is good again it is compared with what was found before it went bad.
        lately = self._watched & (self._found_at >= self._last_good - LATELY_S)
        count = int(lately.sum())
        length = np.hypot(*shifts.T)
        if count < LEAST_TILES:
            self._settle(grey, length, time)
            return CheckResult(
                None,
                f"not watched: {count} parts of the image rest and have edges, wanted {LEAST_TILES}",
            )
        moved = lately & (length > MOVED_PX)
        found = lately & np.isfinite(length)
        lost, shifted = count - int(found.sum()), int(moved.sum())
        to_px = PREPARED / measured.scale
        values = {
            "parts watched": float(count),
            "parts that moved": float(shifted),
            "parts not found": float(lost),
            "shift (px)": to_px * float(np.median(length[found])) if found.any() else 0.0,
        }
        if shifted >= max(MOVED_SHARE * count, LEAST_MOVED):
            x, y = to_px * np.median(shifts[moved], axis=0)
            return CheckResult(
                True,
                f"the camera has moved: {shifted} of {count} parts of the background are shifted, by "
                f"about {x:.0f} pixels to the right and {y:.0f} down",
                values,
            )
        if lost + shifted >= LOST_SHARE * count:
            return CheckResult(
                True,
                f"the camera has moved or been turned: {lost + shifted} of {count} parts of the "
                "background are not where they were",
                values,
            )
        self._settle(grey, length, time)
        return CheckResult(False, "the background rests", values)

    def _settle(self, grey: Grey, length: NDArray[np.float64], time: float) -> None:
        """The view is good: note what is found, and learn anew what has long been another thing."""
        assert self._tiles is not None
        self._last_good = time
        self._found_at[length <= MOVED_PX] = time
        old = np.flatnonzero(self._watched & (time - self._found_at > RELEARN_S))
        if old.size:
            self._tiles.learn(grey, old)
            self._found_at[old] = time
            self._watched &= self._tiles.told


def _cells(measured: Measurement) -> NDArray[np.float32]:
    """Mean grey value of each cell."""
    coarse = measured.coarse
    size = (max(coarse.shape[1] // CELL_PX, 1), max(coarse.shape[0] // CELL_PX, 1))
    return np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _same_share(before: NDArray[np.float32], now: NDArray[np.float32]) -> float:
    """Share of the cells whose grey value is as before, but for the gain of all."""
    if before.shape != now.shape:
        return 0.0
    gain = float(np.median(now / np.maximum(before, 1.0)))
    return float((np.abs(now - gain * before) < SAME_LEVELS).mean())
