"""Image messages and images: every encoding, padding and byte order gives the same image."""

from __future__ import annotations

import array
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("sensor_msgs", reason="no ROS messages: install ROS 2 or embedded_ros2")

from builtin_interfaces.msg import Time
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from simreal_common.errors import ImageError
from simreal_common.imaging.pixel_formats import PIXEL_FORMATS
from simreal_common.imaging.ros_images import (
    compressed_to_rgb,
    depth_to_image,
    image_to_depth,
    image_to_rgb,
    rgb_to_image,
)

HEADER = Header(stamp=Time(sec=12, nanosec=345_000_000), frame_id="camera_optical_frame")
COLOR = {"r": 0, "g": 1, "b": 2}
GREY = ("mono8", "mono16", "8UC1", "16UC1")
# Conversions of colour round, and colour filters and shared colours are filled in from neighbours.
SMOOTH_TOLERANCE = 12


def image(height: int = 6, width: int = 8) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def smooth_image() -> np.ndarray:
    """Slow ramps of three colours that no two encodings confuse."""
    y, x = np.mgrid[0:48, 0:64].astype(np.float64)
    red, green, blue = 60 + 2 * x, 100 + 1.5 * y, 180 - 0.7 * x - 0.5 * y
    return np.stack([red, green, blue], axis=-1).round().astype(np.uint8)


def mosaic(rgb: np.ndarray, pattern: str) -> np.ndarray:
    values = np.zeros(rgb.shape[:2], dtype=np.uint8)
    for place, letter in enumerate(pattern):
        row, column = divmod(place, 2)
        values[row::2, column::2] = rgb[row::2, column::2, COLOR[letter]]
    return values


def luma_chroma(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Y, Cb and Cr of BT.601 as video has them: 16 to 235, and 16 to 240."""
    red, green, blue = np.moveaxis(rgb.astype(np.float64), -1, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    y = 16 + luma * 219 / 255
    cb = 128 + (blue - luma) / 1.772 * 224 / 255
    cr = 128 + (red - luma) / 1.402 * 224 / 255
    return tuple(part.round().astype(np.uint8) for part in (y, cb, cr))  # type: ignore[return-value]


def pixels(rgb: np.ndarray, encoding: str) -> np.ndarray:
    """The rows of an encoding, before padding, uint8 or uint16, shape (rows, width, channels)."""
    height, width, _ = rgb.shape
    alpha = np.full((height, width, 1), 99, dtype=np.uint8)
    wide = rgb.astype(np.uint16) * 257  # 255 becomes 65535
    bgr, wide_alpha = rgb[..., ::-1], alpha.astype(np.uint16) * 257
    y, cb, cr = luma_chroma(rgb)
    if encoding.startswith("bayer_"):
        values = mosaic(rgb, encoding[6:10])[..., None]
        return values if encoding.endswith("8") else values.astype(np.uint16) * 257
    if encoding in ("yuv422", "uyvy", "yuv422_yuy2", "yuyv"):
        chroma = np.where(np.arange(width) % 2 == 0, cb, np.roll(cr, 1, axis=1))
        order = (y, chroma) if encoding in ("yuv422_yuy2", "yuyv") else (chroma, y)
        return np.stack(order, axis=-1)
    if encoding in ("nv12", "nv21"):
        pair = (cb, cr) if encoding == "nv12" else (cr, cb)
        plane = np.stack([part[::2, ::2] for part in pair], axis=-1).reshape(height // 2, width)
        return np.concatenate([y, plane])[..., None]
    return {
        "rgb8": rgb,
        "bgr8": bgr,
        "rgba8": np.concatenate([rgb, alpha], axis=2),
        "bgra8": np.concatenate([bgr, alpha], axis=2),
        "mono8": rgb[..., :1],
        "rgb16": wide,
        "bgr16": wide[..., ::-1],
        "rgba16": np.concatenate([wide, wide_alpha], axis=2),
        "bgra16": np.concatenate([wide[..., ::-1], wide_alpha], axis=2),
        "mono16": wide[..., :1],
        "8UC1": rgb[..., :1],
        "8UC3": bgr,
        "8UC4": np.concatenate([bgr, alpha], axis=2),
        "16UC1": wide[..., :1],
        "16UC3": wide[..., ::-1],
        "16UC4": np.concatenate([wide[..., ::-1], wide_alpha], axis=2),
    }[encoding]


def message_of(
    values: np.ndarray,
    height: int,
    encoding: str,
    padding: int = 0,
    *,
    big_endian: bool = False,
    last_row_padded: bool = True,
) -> Any:
    ordered = values.astype(values.dtype.newbyteorder(">" if big_endian else "<"))
    rows = np.frombuffer(ordered.tobytes(), np.uint8).reshape(len(values), -1)
    step = rows.shape[1] + padding
    padded = np.full((len(values), step), 255, dtype=np.uint8)
    padded[:, : rows.shape[1]] = rows
    data = padded.tobytes()
    if padding and not last_row_padded:
        data = data[:-padding]
    return Image(
        header=HEADER,
        height=height,
        width=values.shape[1],
        encoding=encoding,
        is_bigendian=int(big_endian),
        step=step,
        data=array.array("B", data),
    )


def encode(rgb: np.ndarray, encoding: str, padding: int = 0, **how: bool) -> Any:
    return message_of(pixels(rgb, encoding), len(rgb), encoding, padding, **how)


def is_exact(encoding: str) -> bool:
    """Each pixel holds its own three colours, or one grey."""
    return not encoding.startswith(("bayer", "yu", "uy", "nv"))


@pytest.mark.parametrize("padding", [0, 3])
@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("encoding", PIXEL_FORMATS)
def test_every_encoding_gives_the_same_image(encoding: str, padding: int, big_endian: bool) -> None:
    rgb = image() if is_exact(encoding) else smooth_image()
    message = encode(rgb, encoding, padding, big_endian=big_endian)
    expected = np.repeat(rgb[..., :1], 3, axis=2) if encoding in GREY else rgb
    got = image_to_rgb(message)
    assert (got.shape, got.dtype) == (rgb.shape, np.uint8)
    off = np.abs(got.astype(int) - expected).max()
    assert off <= (0 if is_exact(encoding) else SMOOTH_TOLERANCE)


@pytest.mark.parametrize("encoding", PIXEL_FORMATS)
def test_the_last_row_may_come_without_its_padding(encoding: str) -> None:
    rgb = smooth_image()
    short = encode(rgb, encoding, 5, last_row_padded=False)
    np.testing.assert_array_equal(image_to_rgb(short), image_to_rgb(encode(rgb, encoding)))


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("encoding", ["mono16", "rgb16", "bayer_grbg16"])
def test_bit_depths_below_the_containers_are_recognised(encoding: str, bits: int) -> None:
    rgb = smooth_image()
    rgb[:4, :4] = 255  # something bright
    values = pixels(rgb, encoding) >> (16 - bits)
    got = image_to_rgb(message_of(values, len(rgb), encoding, big_endian=True))
    np.testing.assert_array_equal(got, image_to_rgb(encode(rgb, encoding)))


def test_bit_depths_at_the_upper_end_of_the_container() -> None:
    rgb = image()
    rgb[0, 0] = 255
    values = (pixels(rgb, "mono16") >> 6) << 6
    got = image_to_rgb(message_of(values, len(rgb), "mono16"))
    np.testing.assert_array_equal(got[..., 0], rgb[..., 0])


def test_a_bit_depth_that_is_said_holds_for_dark_images_too() -> None:
    dark = image() // 8
    message = message_of(pixels(dark, "mono16") >> 4, len(dark), "mono16")
    np.testing.assert_array_equal(image_to_rgb(message, 12)[..., 0], dark[..., 0])
    assert image_to_rgb(message).max() > 4 * dark[..., 0].max() - 4


@given(st.integers(0, 16), st.lists(st.integers(0, 2**16 - 1), min_size=12, max_size=12))
def test_whatever_depth_is_said_brighter_stays_brighter(bits: int, values: list[int]) -> None:
    grey = np.array(values, np.uint16).reshape(3, 4, 1)
    got = image_to_rgb(message_of(grey, 3, "mono16"), bits)[..., 0].ravel().astype(int)
    assert (np.diff(got[np.argsort(values)]) >= 0).all()


def test_unknown_encoding_lists_the_known_ones() -> None:
    message = encode(image(), "rgb8")
    message.encoding = "RGB8"
    with pytest.raises(ImageError, match="'RGB8' is not known: wanted one of rgb8, bgr8.*nv21"):
        image_to_rgb(message)


@pytest.mark.parametrize("encoding", ["rgb8", "mono16", "nv12"])
@pytest.mark.parametrize(
    "change", [{"height": 100}, {"width": 80}, {"step": 200}, {"height": 0}, {"width": 0}]
)
def test_sizes_that_do_not_fit(encoding: str, change: dict[str, int]) -> None:
    message = encode(image(), encoding)
    for name, value in change.items():
        setattr(message, name, value)
    with pytest.raises(ImageError, match=r"image of \d+x\d+ \w+, step \d+, \d+ bytes: wanted"):
        image_to_rgb(message)


@pytest.mark.parametrize("encoding", ["yuyv", "uyvy", "nv12", "nv21"])
def test_pixels_that_share_colour_come_in_pairs(encoding: str) -> None:
    values = np.zeros((6, 7, PIXEL_FORMATS[encoding].channels), np.uint8)
    with pytest.raises(ImageError, match="wanted an even size"):
        image_to_rgb(message_of(values, 4, encoding))


@pytest.mark.parametrize("encoding", PIXEL_FORMATS)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 2), (3, 5), (1, 8), (7, 2)])
def test_tiny_images_are_converted_or_refused(encoding: str, height: int, width: int) -> None:
    rows = int(height * PIXEL_FORMATS[encoding].planes_height)
    values = np.full((rows, width, PIXEL_FORMATS[encoding].channels), 128, np.uint8)
    if PIXEL_FORMATS[encoding].sixteen_bits:
        values = values.astype(np.uint16) * 257
    try:
        rgb = image_to_rgb(message_of(values, height, encoding))
    except ImageError:
        return
    assert rgb.shape == (height, width, 3)
    assert rgb.min() > 100


def test_image_round_trip() -> None:
    rgb = image(48, 64)
    message = rgb_to_image(rgb, HEADER)
    assert (message.encoding, message.step, message.header) == ("rgb8", 192, HEADER)
    np.testing.assert_array_equal(image_to_rgb(message), rgb)


@pytest.mark.parametrize("wrong", [np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8)])
def test_what_is_no_image(wrong: np.ndarray) -> None:
    with pytest.raises(ImageError, match="wanted uint8"):
        rgb_to_image(wrong, HEADER)


@pytest.mark.parametrize("big_endian", [False, True])
def test_depth_in_metres(big_endian: bool) -> None:
    metres = np.array([[0.5, 1.25], [0.0, 2.0]], np.float32)
    for values, encoding in (
        (metres, "32FC1"),
        ((1000 * metres).astype(np.uint16), "16UC1"),
    ):
        message = message_of(values[..., None], 2, encoding, 3, big_endian=big_endian)
        np.testing.assert_allclose(image_to_depth(message), metres)
    message.encoding = "rgb8"
    with pytest.raises(ImageError, match="depth image with encoding 'rgb8': wanted 16UC1"):
        image_to_depth(message)


def compressed(values: np.ndarray, ending: str, said: str) -> Any:
    _, content = cv2.imencode(ending, values)
    return CompressedImage(header=HEADER, format=said, data=array.array("B", content.tobytes()))


@pytest.mark.parametrize(
    ("said", "ending", "order"),
    [
        ("rgb8; jpeg compressed bgr8", ".jpg", -1),
        ("bgr8; png compressed bgr8", ".png", -1),
        ("jpeg", ".jpg", -1),
        ("", ".png", -1),
        ("rgb8; png compressed rgb8", ".png", 1),
    ],
)
def test_compressed_colour(said: str, ending: str, order: int) -> None:
    rgb = smooth_image()
    got = compressed_to_rgb(compressed(np.ascontiguousarray(rgb[..., ::order]), ending, said))
    assert np.abs(got.astype(int) - rgb).max() <= SMOOTH_TOLERANCE


def test_compressed_grey_of_8_and_12_bits() -> None:
    grey = image()[..., 0]
    grey[0, 0] = 255
    for values, said in (
        (grey, "mono8; png compressed "),
        ((grey.astype(np.uint16) * 257) >> 4, "mono16; png compressed "),
    ):
        got = compressed_to_rgb(compressed(values, ".png", said))
        np.testing.assert_array_equal(got, np.repeat(grey[..., None], 3, axis=2))


@pytest.mark.parametrize(
    "said", ["bayer_rggb8; png compressed ", "bayer_rggb8; png compressed bayer_rggb8"]
)
def test_compressed_colour_filter(said: str) -> None:
    rgb = smooth_image()
    got = compressed_to_rgb(compressed(mosaic(rgb, "rggb"), ".png", said))
    assert np.abs(got.astype(int) - rgb).max() <= SMOOTH_TOLERANCE


@pytest.mark.parametrize("cut", [0, 1, 40])
def test_what_is_no_compressed_image(cut: int) -> None:
    message = compressed(image(), ".png", "h264")
    message.data = message.data[:cut]
    with pytest.raises(ImageError, match=f"of format 'h264' with {cut} bytes.*wanted JPEG or PNG"):
        compressed_to_rgb(message)


def test_depth_comes_back_in_millimetres_and_what_has_none_is_nothing() -> None:
    depth = np.array([[0.5, 1.2345, 0.0], [np.nan, np.inf, 70.0]])
    message = depth_to_image(depth, Header(frame_id="lens"))
    assert (message.encoding, message.height, message.width) == ("16UC1", 2, 3)
    wanted = [[0.5, 1.234, 0.0], [0.0, 0.0, 0.0]]
    np.testing.assert_allclose(image_to_depth(message), wanted, atol=6e-4)
    assert message.header.frame_id == "lens"
