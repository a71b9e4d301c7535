"""Where webcam_node takes images: a camera of the system, a video file, a folder of images."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from simreal_common.errors import ConfigurationError, ImageError
from simreal_common.resources import named_path
from simreal_perception.video.image_folder import IMAGE_ENDINGS, image_files
from simreal_perception.video.image_io import RgbImage, read_image

MOST_IMAGES = 100_000
WANTED = "a video in MP4, MKV or AVI, a folder of images, or the number of a camera"
CLOSE_S = 2.0  # a camera's driver may hang; nobody waits longer for it


class EndOfImages(Exception):
    """Raised by a source that was not to be repeated: it has given all its images."""


class FrameSource(Protocol):
    """Gives images one by one."""

    def read(self) -> RgbImage | None:
        """The next image, RGB, uint8, shape (height, width, 3); None: there is none now.

        Raises:
            EndOfImages: there will be none any more.
            ImageError: this one cannot be read; the next one may.
        """

    def close(self) -> None:
        """Let the device go."""


class ImageFolder:
    """The images of a folder by their names; from the first again after the last.

    Args:
        folder: with PNG or JPEG files.
        repeat: else there is none after the last.

    Raises:
        ConfigurationError: it holds no image; `read` raises it once all have been tried in vain.
    """

    def __init__(self, folder: Path, repeat: bool = True) -> None:
        files = image_files(folder)
        if not files:
            raise ConfigurationError(
                f"parameter 'device': no image in folder {folder}; wanted files that end in "
                f"{', '.join(IMAGE_ENDINGS)}"
            )
        self._folder, self._files, self._repeat = folder, files[:MOST_IMAGES], repeat
        self._next, self._any_good = 0, False

    def read(self) -> RgbImage | None:
        """The next image; see `FrameSource`."""
        if self._next == len(self._files):
            if not self._any_good:
                raise ConfigurationError(
                    f"parameter 'device': no image could be read from folder {self._folder}, none "
                    f"of its {len(self._files)} files is one; wanted PNG or JPEG files"
                )
            if not self._repeat:
                raise EndOfImages(f"all {len(self._files)} images have been shown")
            self._next = 0
        self._next += 1
        rgb = read_image(self._files[self._next - 1])
        self._any_good = True
        return rgb

    def close(self) -> None:
        """Nothing to let go."""


class VideoFile:
    """The images of a video file, one by one; from the first again after the last.

    Args:
        file: of any kind that OpenCV's FFmpeg reads.
        repeat: else there is none after the last.

    Raises:
        ConfigurationError: it is no video, or one without any image.
    """

    def __init__(self, file: Path, repeat: bool = True) -> None:
        self._file, self._repeat = file, repeat
        if file.suffix.lower() in IMAGE_ENDINGS:
            try:  # OpenCV opens whatever has such a name
                read_image(file)
            except ImageError as error:
                raise ConfigurationError(
                    f"parameter 'device': no image could be read from it: {error}; or give {WANTED}"
                ) from error
        self._first: RgbImage | None
        self._capture, self._first = self._open()

    def _open(self) -> tuple[Any, RgbImage]:
        """The file from its beginning, and its first image."""
        capture = cv2.VideoCapture(str(self._file))
        if not capture.isOpened():
            raise ConfigurationError(
                f"parameter 'device': {self._file} is no video that OpenCV can read; wanted {WANTED}"
            )
        good, bgr = capture.read()
        if not good:
            capture.release()
            raise ConfigurationError(
                f"parameter 'device': no image could be read from {self._file}, it is empty or "
                f"damaged; wanted {WANTED}"
            )
        return capture, _rgb(bgr)

    def read(self) -> RgbImage | None:
        """The next image; see `FrameSource`."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        good, bgr = self._capture.read()
        if good:
            return _rgb(bgr)
        if not self._repeat:
            raise EndOfImages(f"{self._file} is at its end")
        self._capture.release()
        self._capture, first = self._open()
        return first

    def close(self) -> None:
        """Close the file."""
        self._capture.release()


class LiveCamera:
    """A camera of the system: the newest image, read beside the caller, who never waits.

    A camera that is unplugged is opened again until it is there.

    Args:
        device: its number, or its path (/dev/video0).
        size: width and height that are asked for, pixels; 0: as the driver likes.
        say: takes words, when the camera goes and comes.
        wait_s: between two attempts to open it.

    Raises:
        ConfigurationError: it cannot be opened at first.
    """

    def __init__(
        self,
        device: int | str,
        size: tuple[int, int],
        say: Callable[[str], None],
        wait_s: float = 2.0,
    ) -> None:
        self._device, self._size, self._say, self._wait_s = device, size, say, wait_s
        self._newest: RgbImage | None = None
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._capture = self._open()
        if self._capture is None:
            raise ConfigurationError(
                f"parameter 'device': no camera {device}: wanted the number of one that is there "
                "(ls /dev/video*), that no other program uses and that you may read (group video); "
                "or a video file, or a folder of images"
            )
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()

    def _open(self) -> Any | None:
        capture = cv2.VideoCapture(self._device)
        if not capture.isOpened():
            return None
        width, height = self._size
        if width and height:
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        return capture

    def _run(self) -> None:
        while not self._ended.is_set():
            good, bgr = self._capture.read() if self._capture is not None else (False, None)
            if good:
                rgb = _rgb(bgr)
                with self._lock:
                    self._newest = rgb
                continue
            if self._capture is not None:
                self._say(f"camera {self._device} gives no images any more; it is tried again")
                self._capture.release()
            self._ended.wait(self._wait_s)
            self._capture = self._open()
            if self._capture is not None:
                self._say(f"camera {self._device} is there again")
        if self._capture is not None:
            self._capture.release()

    def read(self) -> RgbImage | None:
        """The newest image that was not given yet; see `FrameSource`."""
        with self._lock:
            newest, self._newest = self._newest, None
        return newest

    def close(self) -> None:
        """Let the camera go."""
        self._ended.set()
        self._thread.join(CLOSE_S)


def open_source(
    device: str, *, size: tuple[int, int], repeat: bool, say: Callable[[str], None]
) -> FrameSource:
    """Open what a device names.

    Args:
        device: number or path of a camera, path of a video file or of a folder of images.
        size: that a camera is asked for, pixels; 0: as it likes.
        repeat: files begin again at their end.
        say: takes words, when a camera goes and comes.

    Raises:
        ConfigurationError: nothing that gives images.
    """
    path = named_path("device", device)
    if device.isdecimal():
        return LiveCamera(int(device), size, say)
    if path.is_dir():
        return ImageFolder(path, repeat)
    if path.is_file():
        return VideoFile(path, repeat)
    if path.exists():  # a device file
        return LiveCamera(str(path), size, say)
    raise ConfigurationError(
        f"parameter 'device': got '{device}', which is not there; wanted the number of a camera "
        "(0), its path (/dev/video0), a video file or a folder of images"
    )


def _rgb(bgr: Any) -> RgbImage:
    return np.ascontiguousarray(bgr[..., ::-1])
