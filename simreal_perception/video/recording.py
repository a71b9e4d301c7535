"""Joins images with the estimates made of them, for the film of a run; no ROS here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.errors import ConfigurationError, ImageError
from simreal_perception.video.drawing import draw_blocks, draw_caption
from simreal_perception.video.film import Film
from simreal_perception.video.image_io import RgbImage, write_image

# An estimate is drawn into images taken at most this long after its own: a block that is carried
# has moved on after that.
ESTIMATE_AGE_NS = 300_000_000
WAITING = 10  # images that wait for their estimates; with more, perception is not keeping up
NANOSECONDS = 1e9


@dataclass(frozen=True, eq=False)
class _Shot:
    rgb: RgbImage
    camera: Camera | None
    stamp_ns: int
    caption: str


class Recording:
    """Writes demo.mp4 and detections.png into a folder.

    An image waits until the estimates of the same stamp come, then goes into the film with them
    drawn in. detections.png is the first image that shows the most blocks, up to the goal.

    A disk that is full costs the film or the image, not the run: it is told, once for each.

    Args:
        folder: must be there.
        speed: how much faster than life the film plays.
        tell: is called with what went wrong while it is written.

    Raises:
        ConfigurationError, MissingDependencyError: as `Film`.
    """

    def __init__(self, folder: Path, speed: float, tell: Callable[[str], object]) -> None:
        self.film_path = folder / "demo.mp4"
        self.image_path = folder / "detections.png"
        self._film: Film | None = Film(self.film_path, speed)
        self._tell = tell
        try:
            self.image_path.unlink(missing_ok=True)  # an earlier run's
        except OSError as error:
            raise ConfigurationError(
                f"cannot write {self.image_path}: {error.strerror}; give another folder"
            ) from error
        self._image_lost = False
        self._shots: deque[_Shot] = deque()
        self._estimates: tuple[BlockEstimate, ...] = ()
        self._estimates_ns: int | None = None
        self._most_blocks = 0
        self.images = 0
        self.goal: int | None = None

    def add_image(
        self, rgb: RgbImage, camera: Camera | None, stamp_ns: int, status: str = ""
    ) -> None:
        """An image, uint8 (height, width, 3), its calibration if known, and a line of text."""
        caption = f"{stamp_ns / NANOSECONDS:6.1f} s   {status}"
        self._shots.append(_Shot(rgb, camera, stamp_ns, caption))
        while len(self._shots) > WAITING:
            self._write(self._shots.popleft())

    def add_estimates(self, estimates: Sequence[BlockEstimate], stamp_ns: int) -> None:
        """What was estimated in the image of this stamp; writes the images up to it."""
        while self._shots and self._shots[0].stamp_ns < stamp_ns:
            self._write(self._shots.popleft())
        self._estimates, self._estimates_ns = tuple(estimates), stamp_ns
        while self._shots and self._shots[0].stamp_ns <= stamp_ns:
            self._write(self._shots.popleft())

    def close(self) -> None:
        """Write what still waits and finish the film."""
        while self._shots:
            self._write(self._shots.popleft())
        self._end_film()

    def _write(self, shot: _Shot) -> None:
        estimates: tuple[BlockEstimate, ...] = ()
        if (
            self._estimates_ns is not None
            and 0 <= shot.stamp_ns - self._estimates_ns <= ESTIMATE_AGE_NS
        ):
            estimates = self._estimates
        rgb = shot.rgb
        if estimates and shot.camera is not None:
            rgb = draw_blocks(rgb, shot.camera, estimates)
            count = len(estimates) if self.goal is None else min(len(estimates), self.goal)
            if count > self._most_blocks and shot.stamp_ns == self._estimates_ns:
                self._most_blocks = count
                self._write_image(rgb)
        if self._film is None:
            return
        try:
            if self._film.add(draw_caption(rgb, shot.caption), shot.stamp_ns / NANOSECONDS):
                self.images += 1
        except ConfigurationError as error:
            self._tell(str(error))
            self._end_film()

    def _end_film(self) -> None:
        film, self._film = self._film, None
        if film is None:
            return
        try:
            film.close()
        except ConfigurationError as error:
            self._tell(str(error))

    def _write_image(self, rgb: RgbImage) -> None:
        try:
            write_image(self.image_path, rgb)
        except ImageError as error:
            if not self._image_lost:
                self._tell(str(error))
            self._image_lost = True
