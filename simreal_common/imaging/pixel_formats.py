"""The encodings of sensor_msgs/Image: what lies where in the bytes, and how it becomes RGB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ImageError
from simreal_common.untrusted_text import shortened

Picture = NDArray[np.uint8]

# Cameras of 10, 12 or 14 bits put them into 16, at the lower end or at the upper one.
BIT_DEPTHS = (10, 12, 14, 16)
LEAST_BAYER_PX = 3  # a side: of less OpenCV makes black


@dataclass(frozen=True)
class PixelFormat:
    """How pixels lie in the rows of an image.

    Args:
        channels: values a pixel.
        rgb: which of them are red, green and blue; None where it takes more than picking.
        conversion: OpenCV's code for that, of one plane.
        sixteen_bits: a value has two bytes, else one.
        even: width (and, of two planes, height) must be even.
        planes_height: rows of data for each row of the image, where colour has a plane of its own.
    """

    channels: int
    rgb: tuple[int, int, int] | None = None
    conversion: int | None = None
    sixteen_bits: bool = False
    even: bool = False
    planes_height: float = 1.0

    @property
    def value(self) -> str:
        """NumPy's name of a value's type, without byte order."""
        return "u2" if self.sixteen_bits else "u1"


def _plain(channels: int, rgb: tuple[int, int, int], *, sixteen_bits: bool = False) -> PixelFormat:
    return PixelFormat(channels, rgb, sixteen_bits=sixteen_bits)


# OpenCV's older names, which all its versions know, say the second row's second and third pixel.
_BAYER = {
    "rggb": cv2.COLOR_BayerBG2RGB,
    "bggr": cv2.COLOR_BayerRG2RGB,
    "gbrg": cv2.COLOR_BayerGR2RGB,
    "grbg": cv2.COLOR_BayerGB2RGB,
}
_YUYV = PixelFormat(2, conversion=cv2.COLOR_YUV2RGB_YUY2, even=True)
_UYVY = PixelFormat(2, conversion=cv2.COLOR_YUV2RGB_UYVY, even=True)
_RED_FIRST, _BLUE_FIRST, _GREY = (0, 1, 2), (2, 1, 0), (0, 0, 0)

# By the names of sensor_msgs/image_encodings.hpp, and those that drivers use beside them. The
# OpenCV types say nothing of colour: their order is OpenCV's.
PIXEL_FORMATS: dict[str, PixelFormat] = {
    "rgb8": _plain(3, _RED_FIRST),
    "bgr8": _plain(3, _BLUE_FIRST),
    "rgba8": _plain(4, _RED_FIRST),
    "bgra8": _plain(4, _BLUE_FIRST),
    "mono8": _plain(1, _GREY),
    "rgb16": _plain(3, _RED_FIRST, sixteen_bits=True),
    "bgr16": _plain(3, _BLUE_FIRST, sixteen_bits=True),
    "rgba16": _plain(4, _RED_FIRST, sixteen_bits=True),
    "bgra16": _plain(4, _BLUE_FIRST, sixteen_bits=True),
    "mono16": _plain(1, _GREY, sixteen_bits=True),
    "8UC1": _plain(1, _GREY),
    "8UC3": _plain(3, _BLUE_FIRST),
    "8UC4": _plain(4, _BLUE_FIRST),
    "16UC1": _plain(1, _GREY, sixteen_bits=True),
    "16UC3": _plain(3, _BLUE_FIRST, sixteen_bits=True),
    "16UC4": _plain(4, _BLUE_FIRST, sixteen_bits=True),
    **{
        f"bayer_{pattern}{bits}": PixelFormat(1, conversion=code, sixteen_bits=bits == 16)
        for bits in (8, 16)
        for pattern, code in _BAYER.items()
    },
    "yuv422": _UYVY,
    "uyvy": _UYVY,
    "yuv422_yuy2": _YUYV,
    "yuyv": _YUYV,
    "nv12": PixelFormat(1, conversion=cv2.COLOR_YUV2RGB_NV12, even=True, planes_height=1.5),
    "nv21": PixelFormat(1, conversion=cv2.COLOR_YUV2RGB_NV21, even=True, planes_height=1.5),
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


def to_rgb(values: NDArray[Any], form: PixelFormat, bit_depth: int = 0) -> Picture:
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
    if form.conversion is not None and not form.even and min(rows, width) < LEAST_BAYER_PX:
        raise ImageError(
            f"image of {width}x{rows} pixels behind a colour filter: wanted {LEAST_BAYER_PX} or "
            "more a side"
        )
    eight = values if values.dtype == np.uint8 else to_eight_bits(values, bit_depth)
    if form.rgb is not None:
        whole = form.rgb == _RED_FIRST and form.channels == 3
        return eight if whole else np.ascontiguousarray(eight[..., form.rgb])
    assert form.conversion is not None
    plane = np.ascontiguousarray(eight if form.channels > 1 else eight[..., 0])
    return np.asarray(cv2.cvtColor(plane, form.conversion), dtype=np.uint8)


def to_eight_bits(values: NDArray[Any], bit_depth: int = 0) -> Picture:
    """Values of 16 bits, of which `bit_depth` are used, as 8 bits, same shape; see `to_rgb`."""
    brightest = int(values.max(initial=0))
    depth = bit_depth or next(bits for bits in BIT_DEPTHS if brightest < 1 << bits)
    # Where the depth was said and is wrong, what is brighter is white.
    return np.minimum(values >> max(depth - 8, 0), 255).astype(np.uint8)
