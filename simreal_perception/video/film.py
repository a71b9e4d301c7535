"""A film of pictures with time stamps: H.264 in MP4, as browsers play it."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError, ImageError, MissingDependencyError

TICKS = 90_000  # ticks a second of the film's clock, the usual number for video
FRAME_RATE = 30  # nominal: every picture carries its own time
LAST_PICTURE_S = 1.0  # the last picture stays this long
# One thread and a quick preset: filming must not take the processor from what is filmed.
ENCODER_OPTIONS = {"crf": "23", "preset": "veryfast", "threads": "1"}
KEY_FRAME_EVERY = 50


def times_file(film: Path) -> Path:
    """Where the times of a film's pictures stand: JSON, `times` in seconds, one a picture."""
    return film.with_suffix(".times.json")


class Film:
    """Writes pictures to an .mp4 file; readable once `close` was called.

    Beside it lies an index, when each picture was taken: see `film_frames`.

    Args:
        path: file to write; its folder must be there.
        speed: how much faster than life it plays.

    Raises:
        ConfigurationError: the file cannot be written.
        MissingDependencyError: PyAV is not installed.
    """

    def __init__(self, path: Path, speed: float = 1.0) -> None:
        try:
            import av
        except ImportError as error:
            raise MissingDependencyError(
                "filming needs PyAV, which is not installed: pip install 'simreal[film]'"
            ) from error
        self._av = av
        self._path = path
        self._speed = speed
        self._start_s: float | None = None
        self._last_tick = -1
        self._times: list[float] = []
        self._shape: tuple[int, int] | None = None
        self._last_picture: NDArray[np.uint8] | None = None
        self._stream: Any = None
        # A film cut off in the middle cannot be played: it gets its name when it is finished.
        self._draft = path.with_name(f".{path.name}.part")
        try:
            self._draft.open("wb").close()  # PyAV opens it only when the first picture comes
            self._container: Any = self._av.open(str(self._draft), "w", format="mp4")
        except OSError as error:
            raise ConfigurationError(
                f"cannot write the film {path}: {error.strerror}; give a folder that can be written"
            ) from error

    def add(self, rgb: NDArray[np.uint8], time_s: float) -> bool:
        """Append a picture, uint8, shape (height, width, 3), taken at `time_s`.

        Returns:
            False if it was left out because its time does not lie after the last one's.

        Raises:
            ImageError: another size than the first picture's.
        """
        if self._shape is None:
            self._begin(rgb.shape[0], rgb.shape[1])
            self._start_s = time_s
        if rgb.shape[:2] != self._shape or self._shape is None or self._start_s is None:
            raise ImageError(f"picture of shape {rgb.shape}: wanted {self._shape} as the film has")
        tick = round((time_s - self._start_s) / self._speed * TICKS)
        if tick <= self._last_tick:
            return False
        self._encode(rgb, tick)
        self._times.append(time_s)
        return True

    def close(self) -> None:
        """Finish the file; further calls do nothing."""
        if self._container is None:
            return
        if self._stream is not None:
            if self._last_picture is not None:
                self._encode(self._last_picture, self._last_tick + round(LAST_PICTURE_S * TICKS))
            self._container.mux(self._stream.encode())
        self._container.close()
        self._container = None
        if self._stream is None:  # no picture came: no film
            self._draft.unlink(missing_ok=True)
        else:
            self._draft.replace(self._path)
            content = json.dumps({"times": [round(time, 3) for time in self._times]})
            times_file(self._path).write_text(content + "\n", encoding="utf-8")

    def _begin(self, height: int, width: int) -> None:
        self._shape = (height, width)
        self._stream = self._container.add_stream("h264", rate=FRAME_RATE, options=ENCODER_OPTIONS)
        # 4:2:0 wants even sizes; an odd last row or column is left out.
        self._stream.width, self._stream.height = width // 2 * 2, height // 2 * 2
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = Fraction(1, TICKS)
        self._stream.codec_context.gop_size = KEY_FRAME_EVERY
        self._stream.codec_context.max_b_frames = 0

    def _encode(self, rgb: NDArray[np.uint8], tick: int) -> None:
        even = np.ascontiguousarray(rgb[: rgb.shape[0] // 2 * 2, : rgb.shape[1] // 2 * 2])
        frame = self._av.VideoFrame.from_ndarray(even, format="rgb24")
        frame.pts, frame.time_base = tick, Fraction(1, TICKS)
        self._container.mux(self._stream.encode(frame))
        self._last_tick, self._last_picture = tick, even
