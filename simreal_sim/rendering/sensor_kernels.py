"""Compiled arithmetic of `sensor_effects.py`: from linear intensities to 8 bits, image by image.

An image lies in planes, one float32 array a channel, with its borders continued by `reach` pixels
on all sides; `frame` is (height, width, reach). So every blur is a weighted sum of shifted planes,
and every step a plain loop over one long array that the compiler turns into vector instructions.
That needs few arrays a loop (it has to prove that they do not overlap) and slices instead of
shifted indices.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

from simreal_sim.rendering.sensor_blurs import (
    GROUP,
    ONE,
    OPTIONS,
    ZERO,
    continue_border,
    gaussian_blur,
    motion_blur,
)

# Colour filters before a sensor's pixels. Bayer filters are named by the first two rows' colours;
# from the first one on, bit 0 is the column and bit 1 the row of the first red pixel.
FULL_COLOR, MONOCHROME, BAYER_RGGB, BAYER_GRBG, BAYER_GBRG, BAYER_BGGR = range(6)

# Columns of a row of parameters.
EXPOSURE, BALANCE, VIGNETTING, MOTION, LENS_BLUR, FILTER = 0, 1, 4, 5, 7, 8
SHOT_VARIANCE, READ_VARIANCE, SATURATION, SHARPENING, MASK_BLUR, RESAMPLE_BLUR = range(9, 15)
REACH, TONE = 15, 16
TONE_TERMS = 7
COLUMNS = TONE + TONE_TERMS

POOL_SIZE = 1 << 16  # normal numbers, a power of two
NOISE_RUN = 256  # pixels that take their noise from one place of the pool

_PLANES = 6  # red, green, blue, and three for what lies between steps
_SPARE, _BLURRED, _BETWEEN = 3, 4, 5

# Luma of linear-light or gamma-coded colour, ITU-R BT.601.
LUMA = (np.float32(0.299), np.float32(0.587), np.float32(0.114))


def plane_length(height: int, width: int, reach: int) -> int:
    """Numbers in a plane; not a power of two, so that planes do not share the same cache lines."""
    return (height + 2 * reach) * (width + 2 * reach) + 80


@njit(parallel=True, **OPTIONS)
def expose_all(images, parameters, seeds, pool, length, workers, out):  # type: ignore[no-untyped-def]
    """Images `out` (N, H, W, 3) uint8 of linear intensities `images`, likewise."""
    for worker in prange(workers):
        work = np.zeros((_PLANES, length), dtype=np.float32)
        for n in range(worker, images.shape[0], workers):
            _expose(images[n], parameters[n], seeds[n], pool, work, out[n])


@njit(**OPTIONS)
def _expose(image, p, seed, pool, work, out):  # type: ignore[no-untyped-def]
    frame = (image.shape[0], image.shape[1], int(p[REACH]))
    color_filter = int(p[FILTER])
    # Room for what a blur adds up: shifts and weights.
    most = (2 * frame[2] + 1) ** 2 + GROUP
    taps = (np.zeros(most, dtype=np.int64), np.zeros(most, dtype=np.float32))
    _collect(image, p, work, frame)
    channels = 3
    if color_filter == MONOCHROME:
        channels = 1
        third = ONE / np.float32(3.0)
        _mix(work[0], work[1], work[2], third, third, third, work[_SPARE])
        work[0] = work[_SPARE]
    for c in range(channels):
        motion_blur(work[c], work[_BETWEEN], p[MOTION], p[MOTION + 1], frame, taps)
        gaussian_blur(work[c], work[_BETWEEN], work[c], p[LENS_BLUR], frame, taps)
    if color_filter >= BAYER_RGGB:
        sites = np.zeros((2, frame[1]), dtype=np.float32)  # 1 at even columns; at odd ones
        sites[0, 0::2] = ONE
        sites[1, 1::2] = ONE
        _mosaic(work, frame, color_filter - BAYER_RGGB, sites)
        seed = _record(work[_SPARE], p, pool, seed)
        _demosaic(work, frame, color_filter - BAYER_RGGB, sites)
    else:
        for c in range(channels):
            seed = _record(work[c], p, pool, seed)
    for c in range(channels):
        _apply_tone(work[c], p[TONE : TONE + TONE_TERMS])
    _finish(work, p, channels, frame, taps)
    for c in range(channels):
        gaussian_blur(work[c], work[_BETWEEN], work[c], p[RESAMPLE_BLUR], frame, taps)
    last = channels - 1
    _quantize(work[0], work[min(1, last)], work[last], frame, out)


# ---- Values ------------------------------------------------------------------------------------


@njit(inline="always", **OPTIONS)
def clip(value):  # type: ignore[no-untyped-def]
    """Moved into 0 to 1."""
    return min(max(value, ZERO), ONE)


@njit(inline="always", **OPTIONS)
def recorded(light, normal, shot_variance, read_variance):  # type: ignore[no-untyped-def]
    """What a pixel reads at this light, with a standard normal number's noise; full at 1."""
    return clip(light + normal * math.sqrt(shot_variance * max(light, ZERO) + read_variance))


@njit(inline="always", **OPTIONS)
def tone(light, a, b, c, d, e, f, g):  # type: ignore[no-untyped-def]
    """The tone curve: a polynomial of the fourth root, lowest power first."""
    root = math.sqrt(math.sqrt(light))
    return a + root * (b + root * (c + root * (d + root * (e + root * (f + root * g)))))


@njit(inline="always", **OPTIONS)
def next_random(state):  # type: ignore[no-untyped-def]
    """(next state, 64 random bits): splitmix64, Steele, Lea and Flood 2014."""
    state = state + np.uint64(0x9E3779B97F4A7C15)
    z = state
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state, z ^ (z >> np.uint64(31))


# ---- Light -------------------------------------------------------------------------------------


@njit(**OPTIONS)
def _collect(image, p, work, frame):  # type: ignore[no-untyped-def]
    """Into planes, at the exposure, white balance and vignetting of `p`."""
    height, width, reach = frame
    half = np.float32(0.5)
    values = image.reshape(-1)
    total = ZERO
    for i in range(values.size):
        total += values[i]
    gain = p[EXPOSURE] / max(total / np.float32(values.size), np.float32(1e-3))
    red_gain, green_gain, blue_gain = p[BALANCE], p[BALANCE + 1], p[BALANCE + 2]
    loss = p[VIGNETTING] * np.float32(4.0) / np.float32(height * height + width * width)
    light = np.empty(width, dtype=np.float32)
    stride = width + 2 * reach
    for y in range(height):
        down = np.float32(y) + half - half * np.float32(height)
        for x in range(width):
            right = np.float32(x) + half - half * np.float32(width)
            light[x] = gain * (ONE - loss * (right * right + down * down))
        first = (y + reach) * stride + reach
        line = values[3 * width * y : 3 * width * (y + 1)]
        red = work[0, first : first + width]
        green = work[1, first : first + width]
        blue = work[2, first : first + width]
        for x in range(width):
            red[x] = line[3 * x] * (light[x] * red_gain)
            green[x] = line[3 * x + 1] * (light[x] * green_gain)
            blue[x] = line[3 * x + 2] * (light[x] * blue_gain)


@njit(**OPTIONS)
def _mix(a, b, c, u, v, w, target):  # type: ignore[no-untyped-def]
    for i in range(target.size):
        target[i] = u * a[i] + v * b[i] + w * c[i]


# ---- The sensor's pixels -----------------------------------------------------------------------


@njit(**OPTIONS)
def _record(plane, p, pool, state):  # type: ignore[no-untyped-def]
    """Noise and saturation; returns the next state of the random numbers."""
    shot, read = p[SHOT_VARIANCE], p[READ_VARIANCE]
    for start in range(0, plane.size, NOISE_RUN):
        size = min(NOISE_RUN, plane.size - start)
        state, bits = next_random(state)
        place = np.int64(bits & np.uint64(POOL_SIZE - 1))
        normal = pool[place : place + size]
        values = plane[start : start + size]
        for i in range(size):
            values[i] = recorded(values[i], normal[i], shot, read)
    return state


@njit(**OPTIONS)
def _mosaic(work, frame, pattern, sites):  # type: ignore[no-untyped-def]
    """Keep the one colour of each pixel that a Bayer filter lets through, in the spare plane."""
    height, width, reach = frame
    stride = width + 2 * reach
    for y in range(height):
        red_row = (y & 1) == (pattern >> 1)
        colored = sites[(pattern & 1) if red_row else 1 - (pattern & 1)]
        first = (y + reach) * stride + reach
        color = work[0 if red_row else 2, first : first + width]
        green = work[1, first : first + width]
        raw = work[_SPARE, first : first + width]
        for x in range(width):
            raw[x] = green[x] + (color[x] - green[x]) * colored[x]


@njit(**OPTIONS)
def _demosaic(work, frame, pattern, sites):  # type: ignore[no-untyped-def]
    """Bilinear: what a pixel did not see is the mean of its nearest neighbours that did."""
    height, width, reach = frame
    half, quarter = np.float32(0.5), np.float32(0.25)
    stride = width + 2 * reach
    raw = work[_SPARE]
    continue_border(raw, frame, 1, True)
    for y in range(height):
        red_row = (y & 1) == (pattern >> 1)
        colored = sites[(pattern & 1) if red_row else 1 - (pattern & 1)]
        first = (y + reach) * stride + reach
        # The row, the one above and the one below, each from one pixel to the left.
        row = raw[first - 1 : first + width + 1]
        above = raw[first - 1 - stride : first + width + 1 - stride]
        below = raw[first - 1 + stride : first + width + 1 + stride]
        here, right = row[1:], row[2:]
        above_here, above_right = above[1:], above[2:]
        below_here, below_right = below[1:], below[2:]
        own = work[0 if red_row else 2, first : first + width]
        green = work[1, first : first + width]
        other = work[2 if red_row else 0, first : first + width]
        for x in range(width):
            beside = half * (row[x] + right[x])
            own[x] = beside + (here[x] - beside) * colored[x]
        for x in range(width):
            cross = quarter * (row[x] + right[x] + above_here[x] + below_here[x])
            green[x] = here[x] + (cross - here[x]) * colored[x]
        for x in range(width):
            upright = half * (above_here[x] + below_here[x])
            diagonal = quarter * (above[x] + above_right[x] + below[x] + below_right[x])
            other[x] = upright + (diagonal - upright) * colored[x]


# ---- The image -------------------------------------------------------------------------------


@njit(**OPTIONS)
def _apply_tone(plane, terms):  # type: ignore[no-untyped-def]
    a, b, c, d = terms[0], terms[1], terms[2], terms[3]
    e, f, g = terms[4], terms[5], terms[6]
    for i in range(plane.size):
        plane[i] = tone(plane[i], a, b, c, d, e, f, g)


@njit(**OPTIONS)
def _finish(work, p, channels, frame, taps):  # type: ignore[no-untyped-def]
    """Colour saturation, sharpening (of the luma, as cameras do it), and what is left cut off."""
    saturation, amount = p[SATURATION], p[SHARPENING]
    luma, blurred = work[_SPARE], work[_BLURRED]
    if channels == 3:
        _mix(work[0], work[1], work[2], LUMA[0], LUMA[1], LUMA[2], luma)
    else:
        luma[:] = work[0]
    if amount > ZERO and p[MASK_BLUR] > ZERO:
        gaussian_blur(luma, work[_BETWEEN], blurred, p[MASK_BLUR], frame, taps)
    else:
        amount = ZERO
    for c in range(channels):
        plane = work[c]
        for i in range(plane.size):
            y = luma[i]
            plane[i] = clip(y + saturation * (plane[i] - y) + amount * (y - blurred[i]))


@njit(**OPTIONS)
def _quantize(red, green, blue, frame, out):  # type: ignore[no-untyped-def]
    """Planes of 0 to 1 to 8 bits, channels together."""
    height, width, reach = frame
    stride = width + 2 * reach
    most, half = np.float32(255.0), np.float32(0.5)
    values = out.reshape(-1)
    for y in range(height):
        first = (y + reach) * stride + reach
        r, g = red[first : first + width], green[first : first + width]
        b = blue[first : first + width]
        line = values[3 * width * y : 3 * width * (y + 1)]
        for x in range(width):
            line[3 * x] = np.uint8(np.int32(r[x] * most + half))
            line[3 * x + 1] = np.uint8(np.int32(g[x] * most + half))
            line[3 * x + 2] = np.uint8(np.int32(b[x] * most + half))
