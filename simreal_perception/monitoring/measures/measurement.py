"""What is measured of every image: statistics, and small copies that all checks share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ImageError

Grey = NDArray[np.float32]

WORKED_PX = 320  # longest side of the copy: noise of single pixels is averaged away in it
COARSE = 4  # its copy is so many times smaller: edges have the same height there, blurred or not
DARK, BRIGHT = 12, 250  # of 255: a pixel that is darker, or brighter, in every colour tells nothing
# Of all gradients, those that count as edges: a single block's outline is as much of an image.
EDGE_SHARE = 0.003
LEAST_EDGE = 6.0  # levels a pixel of the coarse copy: lower ones say nothing of sharpness
STRIPS, STRIP_ROWS = 6, 8  # rows in which noise is measured
# Immerkaer's operator (1996): blind to planes and to most edges; its norm is 6.
NOISE_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
NOISE_NORM = 6.0
TO_SIGMA = 1.4826  # of a normal distribution by its median absolute deviation
LEAST_PX = 64  # a smaller image has no copy worth looking at


@dataclass(frozen=True)
class Statistic:
    """A quantity that is measured: its title with its unit."""

    title: str


# Those by which an image is compared with training and with the images before it.
STATISTICS: Mapping[str, Statistic] = {
    "brightness": Statistic("brightness, 0 to 255"),
    "contrast": Statistic("contrast: standard deviation of grey values"),
    "saturation": Statistic("colour saturation, 0 to 255"),
    "warmth": Statistic("warmth: red less blue, levels"),
    "tint": Statistic("tint: green less red and blue, levels"),
    "sharpness": Statistic("sharpness: height of fine edges to that of coarse ones"),
    "noise": Statistic("noise: sigma of single pixels, levels"),
}


@dataclass(frozen=True, eq=False)
class Measurement:
    """An image as the checks see it.

    Attributes:
        statistics: by the names of `STATISTICS`.
        dark, bright: shares of pixels that are all but black, and that are saturated, in every colour.
        clipped: share of pixels that are saturated in a colour at least.
        edges: height of the highest gradients of the coarse copy, levels a pixel.
        grey: copy of at most `WORKED_PX` a side, float32, (rows, columns).
        coarse: copy that is `COARSE` times smaller, float32.
        scale: size of the first copy to the image's.
    """

    statistics: Mapping[str, float]
    dark: float
    bright: float
    clipped: float
    edges: float
    grey: Grey
    coarse: Grey
    scale: float


def measure(rgb: NDArray[np.uint8]) -> Measurement:
    """Measure an image, RGB uint8 (H, W, 3).

    Raises:
        ImageError: too small.
    """
    height, width = rgb.shape[:2]
    if min(height, width) < LEAST_PX:
        raise ImageError(f"image of {width}x{height}: wanted {LEAST_PX} pixels a side or more")
    scale = min(WORKED_PX / max(height, width), 1.0)
    size = (max(round(width * scale), LEAST_PX), max(round(height * scale), LEAST_PX))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA) if scale < 1 else rgb
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    colors = cv2.resize(small, (size[0] // COARSE, size[1] // COARSE), interpolation=cv2.INTER_AREA)
    coarse = cv2.cvtColor(colors, cv2.COLOR_RGB2GRAY)
    red, green, blue = cv2.mean(colors)[:3]
    fine_edges, coarse_edges = _edge_heights(grey), _edge_heights(coarse)
    step = max(max(height, width) // (WORKED_PX // 3), 1)
    raw = np.ascontiguousarray(rgb[::step, ::step])
    pixels = raw.reshape(-1, 3)
    brightest_color = cv2.reduce(pixels, 1, cv2.REDUCE_MAX)
    darkest_color = cv2.reduce(pixels, 1, cv2.REDUCE_MIN)
    return Measurement(
        statistics={
            "brightness": float(coarse.mean()),
            "contrast": float(coarse.std()),
            "saturation": float(cv2.mean(cv2.cvtColor(colors, cv2.COLOR_RGB2HSV))[1]),
            "warmth": red - blue,
            "tint": green - (red + blue) / 2,
            "sharpness": _sharpness(fine_edges, coarse_edges),
            "noise": _noise(rgb),
        },
        dark=float(np.count_nonzero(brightest_color < DARK)) / len(pixels),
        bright=float(np.count_nonzero(darkest_color >= BRIGHT)) / len(pixels),
        clipped=float(np.count_nonzero(brightest_color >= BRIGHT)) / len(pixels),
        edges=max(coarse_edges),
        grey=grey.astype(np.float32),
        coarse=coarse.astype(np.float32),
        scale=size[0] / width,
    )


def _edge_heights(grey: NDArray[np.uint8]) -> list[float]:
    """Heights of the edges to the right and down: what `EDGE_SHARE` of the pixels exceed, levels."""
    return [_exceeded(cv2.convertScaleAbs(one, alpha=0.125)) for one in cv2.spatialGradient(grey)]


def _sharpness(fine: Sequence[float], coarse: Sequence[float]) -> float:
    """The lower of both directions that have edges: smeared images are blurred in one alone."""
    told = [f / c for f, c in zip(fine, coarse, strict=True) if c >= LEAST_EDGE]
    return min(told, default=max(fine) / max(*coarse, 1.0))


def _exceeded(heights: NDArray[np.uint8]) -> float:
    """The height that a share of `EDGE_SHARE` of the pixels exceeds."""
    counts = cv2.calcHist([heights], [0], None, [256], [0, 256]).ravel()
    above = counts[::-1].cumsum()
    share = above / max(above[-1], 1.0)
    level = 255 - int(np.searchsorted(share, EDGE_SHARE))
    # Between two levels by what lies above them: a whole level is much of a low edge.
    upper = float(share[254 - level]) if level < 255 else 0.0
    lower = float(share[255 - level])
    part = (lower - EDGE_SHARE) / max(lower - upper, 1e-9)
    return level + float(np.clip(part, 0.0, 1.0))


def _noise(rgb: NDArray[np.uint8]) -> float:
    """Sigma of single pixels, levels, in strips of rows of the green channel."""
    height = rgb.shape[0]
    starts = np.linspace(0, height - STRIP_ROWS, STRIPS).astype(int)
    deviations = []
    for start in starts:
        strip = np.ascontiguousarray(rgb[start : start + STRIP_ROWS, :, 1])
        told = (strip > DARK) & (strip < BRIGHT)
        filtered = np.abs(cv2.filter2D(strip, cv2.CV_32F, NOISE_KERNEL))[1:-1][told[1:-1]]
        if filtered.size > LEAST_PX:
            deviations.append(float(np.partition(filtered, filtered.size // 2)[filtered.size // 2]))
    # The quietest third: texture is no noise.
    deviations.sort()
    quiet = deviations[: max(len(deviations) // 3, 1)]
    return TO_SIGMA * float(np.mean(quiet)) / NOISE_NORM if quiet else 0.0
