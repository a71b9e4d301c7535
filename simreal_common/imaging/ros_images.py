"""Image messages <-> arrays: raw ones in every encoding, compressed ones, depth."""

from __future__ import annotations

import array
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from simreal_common.errors import ImageError
from simreal_common.imaging.image_codec import decode
from simreal_common.imaging.pixel_formats import (
    PIXEL_FORMATS,
    RgbImage,
    pixel_format,
    to_eight_bits,
    to_rgb,
)
from simreal_common.untrusted_text import shortened

DEPTH_VALUES = {"16UC1": "u2", "mono16": "u2", "32FC1": "f4"}
MILLIMETRE = np.float32(1e-3)
FARTHEST = 65535.5  # in 16 bits


def image_to_rgb(message: Image, bit_depth: int = 0) -> RgbImage:
    """Image message -> RGB image, uint8, shape (height, width, 3), not writeable if shared.

    Rows may be padded (`step`); bit depths above 8 may be in either byte order.

    Args:
        bit_depth: of an encoding with 16 bits, how many are used; see `pixel_formats.to_rgb`.

    Raises:
        ImageError: unknown encoding, or sizes that do not fit the data.
    """
    form = pixel_format(message.encoding)
    values = _values(message, form.value, form.channels, form.planes_height, "image")
    return to_rgb(values, form, bit_depth)


def image_to_depth(message: Image) -> NDArray[np.float32]:
    """Depth image message (16UC1 millimetres, 32FC1 metres) -> metres, float32, shape (H, W).

    Where there is no value it is 0 or not finite (REP 118).

    Raises:
        ImageError: another encoding, or sizes that do not fit the data.
    """
    if message.encoding not in DEPTH_VALUES:
        raise ImageError(
            f"depth image with encoding '{shortened(message.encoding, 40)}': wanted 16UC1 "
            "(millimetres) or 32FC1 (metres); set the camera driver to one of them"
        )
    values = _values(message, DEPTH_VALUES[message.encoding], 1, 1.0, "depth image")[..., 0]
    metres = values.astype(np.float32)
    return metres if values.dtype.kind == "f" else metres * MILLIMETRE


def depth_to_image(depth: NDArray[np.floating[Any]], header: Header) -> Image:
    """Depth, metres, 0 or not finite where there is none, shape (H, W) -> Image message, 16UC1."""
    millimetres = np.nan_to_num(depth, nan=0.0, posinf=0.0, neginf=0.0) / MILLIMETRE
    told = np.where(millimetres < FARTHEST, np.rint(millimetres), 0).astype("<u2")
    return _message(told, "16UC1", header)


def compressed_to_rgb(message: CompressedImage, bit_depth: int = 0) -> RgbImage:
    """CompressedImage message (JPEG, PNG) -> RGB image, uint8, shape (height, width, 3).

    `format` is read as image_transport writes it: "ENCODING; jpeg compressed STORED". An image of
    one channel is grey, or behind a colour filter if either of the two says so.

    Args:
        bit_depth: see `image_to_rgb`.

    Raises:
        ImageError: no such image.
    """
    flags = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    content = np.asarray(message.data, dtype=np.uint8).tobytes()
    decoded = decode(content, "a compressed image", flags)
    if decoded is None or decoded.dtype not in (np.uint8, np.uint16):
        raise ImageError(
            f"a compressed image of format '{shortened(message.format)}' with {len(content)} bytes "
            "cannot be decoded: wanted JPEG or PNG"
        )
    encoding, _, stored = message.format.partition(";")
    if decoded.ndim == 3:
        eight = decoded if decoded.dtype == np.uint8 else to_eight_bits(decoded, bit_depth)
        # Red first is what the publisher did not turn round for the codec, which wants blue first.
        red_first = "compressed rgb" in stored
        return np.ascontiguousarray(eight if red_first else eight[..., ::-1])
    names = [*stored.split(), encoding.strip()]
    mosaic = next((name for name in names if name.startswith("bayer_")), "mono8")
    form = PIXEL_FORMATS.get(mosaic, PIXEL_FORMATS["mono8"])
    return to_rgb(decoded[..., None], form, bit_depth)


def rgb_to_image(rgb: RgbImage, header: Header) -> Image:
    """RGB image, uint8, shape (height, width, 3) -> Image message, rgb8."""
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
        raise ImageError(f"image {rgb.dtype} {rgb.shape}: wanted uint8 (height, width, 3)")
    return _message(rgb, "rgb8", header)


def _message(pixels: NDArray[Any], encoding: str, header: Header) -> Image:
    """Pixels, little endian, shape (height, width) or (height, width, channels), as a message."""
    height, width = pixels.shape[:2]
    # rclpy checks a list or bytes item by item; an array.array it takes as it is.
    data = array.array("B")
    data.frombytes(np.ascontiguousarray(pixels).tobytes())
    return Image(
        header=header,
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=0,
        step=len(data) // height if height else 0,
        data=data,
    )


def _values(
    message: Image, value: str, channels: int, planes_height: float, what: str
) -> NDArray[Any]:
    """A message's numbers in this machine's byte order, shape (rows, width, channels)."""
    kind = np.dtype((">" if message.is_bigendian else "<") + value)
    height, width, step = int(message.height), int(message.width), int(message.step)
    rows, row = int(height * planes_height), width * channels * kind.itemsize
    data = np.frombuffer(message.data, dtype=np.uint8)
    # The last row may come without its padding.
    least = (rows - 1) * step + row
    if height < 1 or width < 1 or step < row or data.size < least:
        raise ImageError(
            f"{what} of {width}x{height} {message.encoding}, step {step}, {data.size} bytes: wanted "
            f"a step of at least {row} and at least {max(least, 0)} bytes; the camera driver fills "
            "the message wrongly"
        )
    if kind.itemsize == 1:  # a view: most cameras' images need not be copied
        return np.lib.stride_tricks.as_strided(
            data, (rows, width, channels), (step, channels, 1), writeable=False
        )
    padded = np.lib.stride_tricks.as_strided(data, (rows, row), (step, 1), writeable=False)
    values = np.ascontiguousarray(padded).view(kind).reshape(rows, width, channels)
    return values.astype(kind.newbyteorder("="), copy=False)
