"""A film of images with time stamps: H.264 in MP4, as browsers play it."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError, MissingDependencyError
from simreal_common.output_files import Claim, uninterrupted, write_whole

TICKS = 90_000  # ticks a second of the film's clock, the usual number for video
FRAME_RATE = 30  # nominal: every image carries its own time
LAST_IMAGE_S = 1.0  # the last image stays this long
# One thread and a quick preset: filming must not take the processor from what is filmed.
ENCODER_OPTIONS = {"crf": "23", "preset": "veryfast", "threads": "1"}
KEY_FRAME_EVERY = 50
SMALLEST_PX = 16  # sides of a film's first image; the encoder takes no smaller ones


def times_file(film: Path) -> Path:
    """Where the times of a film's images stand: JSON, `times` in seconds, one an image."""
    return film.with_suffix(".times.json")


class Film:
    """Writes images to an .mp4 file; readable once `close` was called.

    Beside it lies an index, when each image was taken: see `film_frames`.

    Args:
        path: file to write; its folder must be there.
        speed: how much faster than life it plays.

    Raises:
        ConfigurationError: the file cannot be written, or another process is writing it.
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
        self._claim = Claim(path)
        self._path = path
        self._speed = speed
        self._start_s: float | None = None
        self._last_tick = -1
        self._times: list[float] = []
        self._shape: tuple[int, int] | None = None
        self._last_image: NDArray[np.uint8] | None = None
        self._stream: Any = None
        # A film cut off in the middle cannot be played: it gets its name when it is finished.
        self._draft = path.with_name(f".{path.name}.part")
        try:
            # What an earlier run left must not pass for this one's.
            for old in (path, times_file(path)):
                old.unlink(missing_ok=True)
            self._draft.open("wb").close()  # PyAV opens it only when the first image comes
            self._container: Any = self._av.open(str(self._draft), "w", format="mp4")
        except OSError as error:
            raise ConfigurationError(
                f"cannot write the film {path}: {error.strerror}; give a folder that can be written"
            ) from error

    def add(self, rgb: NDArray[np.uint8], time_s: float) -> bool:
        """Append an image, uint8, shape (height, width, 3), taken at `time_s`.

        One of another size than the first is shown as large as fits.

        Returns:
            False if it was left out: its time does not lie after the last one's, or a film cannot
            begin with an image as small.

        Raises:
            ConfigurationError: it cannot be written, the disk is full say; `close` ends the film.
        """
        if self._shape is None or self._start_s is None:
            if min(rgb.shape[:2]) < SMALLEST_PX:
                return False
            self._shape = self._begin(rgb.shape[0], rgb.shape[1])
            self._start_s = time_s
        tick = round((time_s - self._start_s) / self._speed * TICKS)
        if tick <= self._last_tick:
            return False
        image = _fitted(rgb, self._shape)
        # An image lost between encoder and file would take those after it along, to the next key frame.
        with uninterrupted():
            try:
                self._encode(image, tick, self._container)
            except (OSError, self._av.FFmpegError) as error:
                raise self._unwritable(error) from error
            self._times.append(time_s)
        return True

    def close(self) -> None:
        """Finish the file; further calls do nothing.

        Raises:
            ConfigurationError: it cannot be written; nothing is left of it.
        """
        with uninterrupted():
            self._close()

    def _close(self) -> None:
        container, self._container = self._container, None
        if container is None:
            return
        try:
            if self._stream is not None:
                if self._last_image is not None:
                    last = self._last_tick + round(LAST_IMAGE_S * TICKS)
                    self._encode(self._last_image, last, container)
                container.mux(self._stream.encode())
            container.close()
            if self._stream is not None:  # an image came
                self._draft.replace(self._path)
                content = json.dumps({"times": [round(time, 3) for time in self._times]})
                write_whole(times_file(self._path), content + "\n")
        except (OSError, self._av.FFmpegError) as error:
            raise self._unwritable(error) from error
        finally:
            self._draft.unlink(missing_ok=True)
            self._claim.close()

    def _begin(self, height: int, width: int) -> tuple[int, int]:
        # 4:2:0 wants even sizes; an odd last row or column is left out.
        height, width = height // 2 * 2, width // 2 * 2
        self._stream = self._container.add_stream("h264", rate=FRAME_RATE, options=ENCODER_OPTIONS)
        self._stream.width, self._stream.height = width, height
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = Fraction(1, TICKS)
        self._stream.codec_context.gop_size = KEY_FRAME_EVERY
        self._stream.codec_context.max_b_frames = 0
        return height, width

    def _encode(self, rgb: NDArray[np.uint8], tick: int, container: Any) -> None:
        frame = self._av.VideoFrame.from_ndarray(rgb, format="rgb24")
        frame.pts, frame.time_base = tick, Fraction(1, TICKS)
        container.mux(self._stream.encode(frame))
        self._last_tick, self._last_image = tick, rgb

    def _unwritable(self, error: Exception) -> ConfigurationError:
        why = getattr(error, "strerror", None) or str(error)
        return ConfigurationError(f"cannot write the film {self._path}: {why}; there will be none")


def _fitted(rgb: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """The image in (height, width): cut by an odd row or column, or scaled, with black beside it."""
    height, width = shape
    if (rgb.shape[0] // 2 * 2, rgb.shape[1] // 2 * 2) == shape:
        return np.ascontiguousarray(rgb[:height, :width])
    scale = min(height / rgb.shape[0], width / rgb.shape[1])
    size = (max(int(rgb.shape[1] * scale), 1), max(int(rgb.shape[0] * scale), 1))
    fitted = np.zeros((height, width, 3), np.uint8)
    fitted[: size[1], : size[0]] = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return fitted
