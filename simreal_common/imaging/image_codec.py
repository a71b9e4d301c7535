"""The content of JPEG and PNG files as pixels."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ImageError

MOST_PIXELS = 100_000_000
PNG_HEAD, JPEG_HEAD = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
# The segments of a JPEG file that begin with its size: SOF0 to SOF15, three other kinds between them.
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def image_size(content: bytes) -> tuple[int, int] | None:
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
    """The image in a file's bytes, BGR unless `flags` say otherwise; None where there is none.

    OpenCV's own words about a broken file are kept off the terminal.

    Raises:
        ImageError: `what` promises more pixels than a camera has.
    """
    size = image_size(content)
    if size is not None and size[0] * size[1] > MOST_PIXELS:
        raise ImageError(
            f"{what} has {size[0]}x{size[1]} pixels, more than {MOST_PIXELS} in all; wanted a "
            "camera's image"
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
