"""Compiled blurs of the planes that `sensor_kernels.py` works on: weighted sums of shifted planes.

`frame` is (height, width, reach): a plane is one float32 array of (height + 2 reach) rows of
(width + 2 reach) numbers. `taps` is room for shifts (int64) and weights (float32), (2 reach + 1)^2
of each and a GROUP more.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from simreal_sim.rendering.compilation import EXACT

BLOCK = 2048  # pixels that a blur finishes at a time: what fits the nearest cache
GROUP = 4  # shifts that are added in one loop
CUTOFF = 2.5  # sigmas at which a Gaussian ends

ZERO, ONE = np.float32(0.0), np.float32(1.0)
OPTIONS = {"cache": True, "fastmath": EXACT, "error_model": "numpy", "nogil": True}


@njit(**OPTIONS)
def continue_border(plane, frame, radius, mirror):  # type: ignore[no-untyped-def]
    """Fill `radius` pixels around the image: mirrored about its border pixels, or these again."""
    height, width, reach = frame
    stride = width + 2 * reach
    for y in range(reach, reach + height):
        left = y * stride + reach
        right = left + width - 1
        for k in range(1, radius + 1):
            inward = min(k, width - 1) if mirror else 0
            plane[left - k] = plane[left + inward]
            plane[right + k] = plane[right - inward]
    top, bottom = reach * stride, (reach + height - 1) * stride
    for k in range(1, radius + 1):
        inward = min(k, height - 1) * stride if mirror else 0
        above, upper = top - k * stride, top + inward
        below, lower = bottom + k * stride, bottom - inward
        plane[above : above + stride] = plane[upper : upper + stride]
        plane[below : below + stride] = plane[lower : lower + stride]


@njit(**OPTIONS)
def _sum_shifted(source, target, first, last, taps, count):  # type: ignore[no-untyped-def]
    """target[i] = sum of weights[k] * source[i + shifts[k]]; `count` is a multiple of GROUP."""
    shifts, weights = taps
    for start in range(first, last, BLOCK):
        size = min(BLOCK, last - start)
        t = target[start : start + size]
        for k in range(0, count, GROUP):
            s0, s1 = start + shifts[k], start + shifts[k + 1]
            s2, s3 = start + shifts[k + 2], start + shifts[k + 3]
            a, b = source[s0 : s0 + size], source[s1 : s1 + size]
            c, d = source[s2 : s2 + size], source[s3 : s3 + size]
            u, v, w, z = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
            if k == 0:
                for i in range(size):
                    t[i] = u * a[i] + v * b[i] + w * c[i] + z * d[i]
            else:
                for i in range(size):
                    t[i] += u * a[i] + v * b[i] + w * c[i] + z * d[i]


@njit(**OPTIONS)
def gaussian_blur(source, between, target, sigma, frame, taps):  # type: ignore[no-untyped-def]
    """A Gaussian, rows and then columns; `target` may be the source; sigma 0 does nothing."""
    if sigma <= ZERO:
        return
    height, width, reach = frame
    shifts, weights = taps
    radius = math.ceil(np.float32(CUTOFF) * sigma)
    length = 2 * radius + 1
    count = (length + GROUP - 1) // GROUP * GROUP
    total = ZERO
    for k in range(count):
        distance = np.float32(k - radius)
        inside = k < length
        weights[k] = math.exp(np.float32(-0.5) * distance * distance / (sigma * sigma)) * inside
        shifts[k] = (k - radius) * inside
        total += weights[k]
    for k in range(count):
        weights[k] /= total
    stride = width + 2 * reach
    size = (height + 2 * reach) * stride
    continue_border(source, frame, radius, False)
    _sum_shifted(source, between, radius, size - radius, taps, count)
    for k in range(count):
        shifts[k] *= stride
    first = reach * stride + reach
    _sum_shifted(between, target, first, size - first, taps, count)


@njit(**OPTIONS)
def motion_blur(plane, between, right, down, frame, taps):  # type: ignore[no-untyped-def]
    """Motion blur, in place: the mean along a line that goes so far, about its middle."""
    if right == ZERO and down == ZERO:
        return
    height, width, reach = frame
    shifts, weights = taps
    stride = width + 2 * reach
    radius = math.ceil(np.float32(0.5) * max(abs(right), abs(down)))
    side = 2 * radius + 2  # the last row and column only ever get a weight of zero
    spread = np.zeros((side, side), dtype=np.float32)
    steps = 2 * math.ceil(math.sqrt(right * right + down * down)) + 1
    for step in range(steps):
        along = (np.float32(step) + np.float32(0.5)) / np.float32(steps) - np.float32(0.5)
        x, y = along * right + np.float32(radius), along * down + np.float32(radius)
        i, j = int(x), int(y)
        u, v = x - np.float32(i), y - np.float32(j)
        spread[j, i] += (ONE - u) * (ONE - v)
        spread[j, i + 1] += u * (ONE - v)
        spread[j + 1, i] += (ONE - u) * v
        spread[j + 1, i + 1] += u * v
    count = 0
    for j in range(side - 1):
        for i in range(side - 1):
            if spread[j, i] > ZERO:
                shifts[count] = (j - radius) * stride + i - radius
                weights[count] = spread[j, i] / np.float32(steps)
                count += 1
    while count % GROUP != 0:
        shifts[count] = 0
        weights[count] = ZERO
        count += 1
    first = reach * stride + reach
    last = (height + 2 * reach) * stride - first
    continue_border(plane, frame, radius, False)
    _sum_shifted(plane, between, first, last, taps, count)
    plane[first:last] = between[first:last]
