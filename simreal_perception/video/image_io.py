"""Reads and writes image files, and checks them against a calibration."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError, ImageError, MessageError
from simreal_common.imaging.image_codec import decode
from simreal_common.imaging.pixel_formats import to_eight_bits
from simreal_common.output_files import write_whole
from simreal_common.untrusted_text import read_bytes

RgbImage = NDArray[np.uint8]

MOST_BYTES = 200_000_000


def read_image(path: str | Path) -> RgbImage:
    """An image file as RGB, uint8, shape (height, width, 3); grey ones are converted.

    Of 16 bits those are taken that are used, as `pixel_formats.to_eight_bits` recognises them.

    Raises:
        ImageError: no such file, or not an image.
    """
    content = _content(path, "image", "wanted a PNG or JPEG file")
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    bgr = decode(content, f"image {path}", flags)
    if bgr is None or bgr.dtype not in (np.uint8, np.uint16):
        raise ImageError(
            f"cannot read image {path}: its {len(content)} bytes are not an image; wanted a PNG "
            "or JPEG file"
        )
    eight = bgr if bgr.dtype == np.uint8 else to_eight_bits(bgr)
    return np.ascontiguousarray(eight[..., ::-1])


def read_depth(path: str | Path) -> NDArray[np.float32]:
    """A depth image, PNG of one channel of 16 bits in millimetres (16UC1), as metres, float32.

    Where there is no value it is 0.

    Raises:
        ImageError: no such file, or another kind of image.
    """
    wanted = "wanted a PNG file of one channel with 16 bits, millimetres"
    content = _content(path, "depth image", wanted)
    decoded = decode(content, f"depth image {path}", cv2.IMREAD_UNCHANGED)
    if decoded is None:
        raise ImageError(f"cannot read depth image {path}: not an image; {wanted}")
    if decoded.dtype != np.uint16 or decoded.ndim != 2:
        channels = 1 if decoded.ndim == 2 else decoded.shape[2]
        raise ImageError(
            f"depth image {path} has {channels} channels of {8 * decoded.itemsize} bits: {wanted}; "
            "save it as the camera gives it (16UC1)"
        )
    return np.asarray(decoded * np.float32(1e-3), dtype=np.float32)


def write_image(path: str | Path, rgb: RgbImage) -> None:
    """Write RGB, uint8, as an image file; its name's ending says which kind.

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


def jpeg(rgb: RgbImage) -> bytes:
    """RGB, uint8, shape (height, width, 3), as the content of a JPEG file."""
    _, content = cv2.imencode(".jpg", np.ascontiguousarray(rgb[..., ::-1]))
    return content.tobytes()


def check_size(rgb: RgbImage, camera: Camera, image_name: str, camera_name: str) -> None:
    """Raise a CalibrationError unless image and calibration have the same size."""
    height, width = rgb.shape[:2]
    if (width, height) != (camera.width, camera.height):
        raise CalibrationError(
            f"{image_name} is {width}x{height}, {camera_name} is for {camera.width}x"
            f"{camera.height}: wanted the same size; give the image as the camera took it (not "
            "resized or cut), or calibrate at this size"
        )


def check_drawable(path: str | Path) -> None:
    """Raise an ImageError unless the name's ending is one that `write_image` knows."""
    if Path(path).suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise ImageError(f"cannot write {path}: wanted a name that ends in .png or .jpg")


def _content(path: str | Path, what: str, wanted: str) -> bytes:
    """The bytes of an image file."""
    try:
        return read_bytes(Path(path), MOST_BYTES)
    except MessageError as error:
        raise ImageError(f"{what} {error}; {wanted}") from error
