"""The encodings of sensor_msgs/Image: what lies where in the bytes, and how it becomes RGB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ImageError
from simreal_common.untrusted_text import shortened

RgbImage = NDArray[np.uint8]

# Cameras of 10, 12 or 14 bits put them into 16, at the lower end or at the upper one.
BIT_DEPTHS = (10, 12, 14, 16)
LEAST_BAYER_PX = 3  # a side: of less OpenCV makes black


@dataclass(frozen=True)
class PixelFormat:
    """How pixels lie in the rows of an image.

    Args:
        channels: values a pixel.
        conversion: OpenCV's code that makes RGB of it; None where it is RGB.
        sixteen_bits: a value has two bytes, else one.
        even: width (and, of two planes, height) must be even.
        least: pixels a side.
        planes_height: rows of data for each row of the image, where colour has a plane of its own.
    """

    channels: int
    conversion: int | None
    sixteen_bits: bool = False
    even: bool = False
    least: int = 1
    planes_height: float = 1.0

    @property
    def value(self) -> str:
        """NumPy's name of a value's type, without byte order."""
        return "u2" if self.sixteen_bits else "u1"


_GREY = (1, cv2.COLOR_GRAY2RGB)
_RGB, _BGR = (3, None), (3, cv2.COLOR_BGR2RGB)
_RGBA, _BGRA = (4, cv2.COLOR_RGBA2RGB), (4, cv2.COLOR_BGRA2RGB)
# OpenCV's older names, which all its versions know, say the second row's second and third pixel.
_BAYER = {
    "rggb": cv2.COLOR_BayerBG2RGB,
    "bggr": cv2.COLOR_BayerRG2RGB,
    "gbrg": cv2.COLOR_BayerGR2RGB,
    "grbg": cv2.COLOR_BayerGB2RGB,
}
_YUYV = PixelFormat(2, cv2.COLOR_YUV2RGB_YUY2, even=True)
_UYVY = PixelFormat(2, cv2.COLOR_YUV2RGB_UYVY, even=True)

# By the names of sensor_msgs/image_encodings.hpp, and those that drivers use beside them. The
# OpenCV types say nothing of colour: their order is OpenCV's.
PIXEL_FORMATS: dict[str, PixelFormat] = {
    "rgb8": PixelFormat(*_RGB),
    "bgr8": PixelFormat(*_BGR),
    "rgba8": PixelFormat(*_RGBA),
    "bgra8": PixelFormat(*_BGRA),
    "mono8": PixelFormat(*_GREY),
    "rgb16": PixelFormat(*_RGB, sixteen_bits=True),
    "bgr16": PixelFormat(*_BGR, sixteen_bits=True),
    "rgba16": PixelFormat(*_RGBA, sixteen_bits=True),
    "bgra16": PixelFormat(*_BGRA, sixteen_bits=True),
    "mono16": PixelFormat(*_GREY, sixteen_bits=True),
    "8UC1": PixelFormat(*_GREY),
    "8UC3": PixelFormat(*_BGR),
    "8UC4": PixelFormat(*_BGRA),
    "16UC1": PixelFormat(*_GREY, sixteen_bits=True),
    "16UC3": PixelFormat(*_BGR, sixteen_bits=True),
    "16UC4": PixelFormat(*_BGRA, sixteen_bits=True),
    **{
        f"bayer_{pattern}{bits}": PixelFormat(1, code, bits == 16, least=LEAST_BAYER_PX)
        for bits in (8, 16)
        for pattern, code in _BAYER.items()
    },
    "yuv422": _UYVY,
    "uyvy": _UYVY,
    "yuv422_yuy2": _YUYV,
    "yuyv": _YUYV,
    "nv12": PixelFormat(1, cv2.COLOR_YUV2RGB_NV12, even=True, planes_height=1.5),
    "nv21": PixelFormat(1, cv2.COLOR_YUV2RGB_NV21, even=True, planes_height=1.5),
}


def pixel_format(encoding: str) -> PixelFormat:
    """The format of an encoding.

    Raises:
        ImageError: not known; the known ones are listed.
    """
    if encoding not in PIXEL_FORMATS:
        raise ImageError(
            f"image encoding '{shortened(encoding, 40)}' is not known: wanted one of "
            f"{', '.join(PIXEL_FORMATS)}"
        )
    return PIXEL_FORMATS[encoding]


def to_rgb(values: NDArray[Any], form: PixelFormat, bit_depth: int = 0) -> RgbImage:
    """The values of an image as RGB, uint8, shape (height, width, 3).

    Args:
        values: uint8 or uint16, shape (rows, width, channels), where of two planes the second
            follows the first.
        form: what they are.
        bit_depth: how many of 16 bits are used, counted from the lowest; 0: the fewest of 10, 12, 14
            and 16 that hold the brightest value. What is 8 bits wide has 8.

    Raises:
        ImageError: a size that the encoding cannot have.
    """
    rows, width, _ = values.shape
    if form.even and (width % 2 or rows % (2 * form.planes_height)):
        raise ImageError(
            f"image {width} pixels wide, with {rows} rows of data: this encoding wanted an even size"
        )
    if min(rows, width) < form.least:
        raise ImageError(
            f"image of {width}x{rows} pixels behind a colour filter: wanted {form.least} or more a "
            "side"
        )
    eight = values if values.dtype == np.uint8 else to_eight_bits(values, bit_depth)
    if form.conversion is None:
        return eight
    whole = np.ascontiguousarray(eight)
    return np.asarray(cv2.cvtColor(whole, form.conversion), dtype=np.uint8)


def to_eight_bits(values: NDArray[Any], bit_depth: int = 0) -> RgbImage:
    """Values of 16 bits, of which `bit_depth` are used, as 8 bits, same shape; see `to_rgb`."""
    brightest = int(values.max(initial=0))
    depth = bit_depth or next(bits for bits in BIT_DEPTHS if brightest < 1 << bits)
    # Where the depth was said and is wrong, what is brighter is white.
    return np.minimum(values >> max(depth - 8, 0), 255).astype(np.uint8)
