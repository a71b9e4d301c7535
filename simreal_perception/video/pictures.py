"""Picture files and whether they fit a calibration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError, ImageError, MessageError
from simreal_common.output_files import write_whole
from simreal_common.untrusted_text import read_bytes

Picture = NDArray[np.uint8]

MOST_BYTES, MOST_PIXELS = 200_000_000, 100_000_000
PNG_HEAD, JPEG_HEAD = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
# The segments of a JPEG file that begin with its size: SOF0 to SOF15, three other kinds between them.
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def read_picture(path: str | Path) -> Picture:
    """A picture file as RGB, uint8, shape (height, width, 3); 16-bit and grey ones are converted.

    Raises:
        ImageError: no such file, or not a picture.
    """
    content = _content(path, "image", "wanted a PNG or JPEG file")
    bgr = decode(content, f"image {path}")
    if bgr is None:
        raise ImageError(
            f"cannot read image {path}: its {len(content)} bytes are not a picture; wanted a PNG "
            "or JPEG file"
        )
    return np.ascontiguousarray(bgr[..., ::-1])


def read_depth(path: str | Path) -> NDArray[np.float32]:
    """A depth image, PNG of one channel of 16 bits in millimetres (16UC1), as metres, float32.

    Where there is no value it is 0.

    Raises:
        ImageError: no such file, or another kind of picture.
    """
    wanted = "wanted a PNG file of one channel with 16 bits, millimetres"
    content = _content(path, "depth image", wanted)
    decoded = decode(content, f"depth image {path}", cv2.IMREAD_UNCHANGED)
    if decoded is None:
        raise ImageError(f"cannot read depth image {path}: not a picture; {wanted}")
    if decoded.dtype != np.uint16 or decoded.ndim != 2:
        channels = 1 if decoded.ndim == 2 else decoded.shape[2]
        raise ImageError(
            f"depth image {path} has {channels} channels of {8 * decoded.itemsize} bits: {wanted}; "
            "save it as the camera gives it (16UC1)"
        )
    return np.asarray(decoded * np.float32(1e-3), dtype=np.float32)


def write_picture(path: str | Path, rgb: Picture) -> None:
    """Write RGB, uint8, as a picture file; its name's ending says which kind.

    Raises:
        ImageError: it cannot be written there.
    """
    path = Path(path)
    check_drawable(path)
    _, content = cv2.imencode(path.suffix, np.ascontiguousarray(rgb[..., ::-1]))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content.tobytes())
    except OSError as error:
        raise ImageError(
            f"cannot write {path}: {error.strerror}; give a place that can be written"
        ) from error


def jpeg(rgb: Picture) -> bytes:
    """RGB, uint8, shape (height, width, 3), as the content of a JPEG file."""
    _, content = cv2.imencode(".jpg", np.ascontiguousarray(rgb[..., ::-1]))
    return content.tobytes()


def check_size(rgb: Picture, camera: Camera, image_name: str, camera_name: str) -> None:
    """Raise a CalibrationError unless picture and calibration have the same size."""
    height, width = rgb.shape[:2]
    if (width, height) != (camera.width, camera.height):
        raise CalibrationError(
            f"{image_name} is {width}x{height}, {camera_name} is for {camera.width}x"
            f"{camera.height}: wanted the same size; give the picture as the camera took it (not "
            "resized or cut), or calibrate at this size"
        )


def check_drawable(path: str | Path) -> None:
    """Raise an ImageError unless the name's ending is one that `write_picture` knows."""
    if Path(path).suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise ImageError(f"cannot write {path}: wanted a name that ends in .png or .jpg")


def _content(path: str | Path, what: str, wanted: str) -> bytes:
    """The bytes of a picture file."""
    try:
        return read_bytes(Path(path), MOST_BYTES)
    except MessageError as error:
        raise ImageError(f"{what} {error}; {wanted}") from error


def picture_size(content: bytes) -> tuple[int, int] | None:
    """Width and height that the head of a PNG or JPEG file promises; None where it is neither."""
    if content.startswith(PNG_HEAD) and len(content) >= 24:
        return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    at = 2 if content.startswith(JPEG_HEAD) else len(content)
    while at + 9 <= len(content) and content[at] == 0xFF:
        kind = content[at + 1]
        if kind in JPEG_FRAMES:
            return (
                int.from_bytes(content[at + 7 : at + 9], "big"),
                int.from_bytes(content[at + 5 : at + 7], "big"),
            )
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return None


def decode(
    content: bytes, what: str, flags: int = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
) -> NDArray[Any] | None:
    """The picture in a file's bytes, BGR unless `flags` say otherwise; None where there is none.

    OpenCV's own words about a broken file are kept off the terminal.

    Raises:
        ImageError: `what` promises more pixels than a camera has.
    """
    size = picture_size(content)
    if size is not None and size[0] * size[1] > MOST_PIXELS:
        raise ImageError(
            f"{what} has {size[0]}x{size[1]} pixels, more than {MOST_PIXELS} in all; wanted a "
            "camera's picture"
        )
    if not content:
        return None
    logging = cv2.utils.logging
    level = logging.getLogLevel()
    logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    try:
        # The calibration is of the pixels as stored: a camera's rotation flag must not turn them.
        decoded = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), flags)
    except cv2.error:
        return None
    finally:
        logging.setLogLevel(level)
    return None if decoded is None else np.asarray(decoded)
