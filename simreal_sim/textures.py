"""A pool of procedural textures: plain, gradients, checkers, noise, wood, letters, pictures, frames.

A texture is a picture of values 0 to 1 that a renderer maps onto two colours a surface, so that a
pool of some thousand pictures gives as many surfaces as there are colours.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

TEXTURE_SIZE = 64  # pixels a side; a crop of a block shows a face at 20 to 60 pixels

Picture = NDArray[np.float32]
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789?!&%#+"


def texture_pool(count: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw `count` textures, uint8, shape (count, 64, 64, 3). Texture 0 is plain white.

    The kinds take turns, so that every pool has all of them in equal parts.
    """
    pool = np.empty((count, TEXTURE_SIZE, TEXTURE_SIZE, 3), dtype=np.uint8)
    for index in range(count):
        picture = KINDS[index % len(KINDS)](rng)
        if picture.ndim == 2:
            picture = np.repeat(picture[:, :, None], 3, axis=2)
        pool[index] = np.clip(picture * 255.0, 0, 255).astype(np.uint8)
    pool[0] = 255
    return pool


def _grid() -> tuple[Picture, Picture]:
    axis = (np.arange(TEXTURE_SIZE, dtype=np.float32) + 0.5) / TEXTURE_SIZE
    x, y = np.meshgrid(axis, axis)
    return x.astype(np.float32), y.astype(np.float32)


def _plain(rng: np.random.Generator) -> Picture:
    return np.full((TEXTURE_SIZE, TEXTURE_SIZE), rng.uniform(), dtype=np.float32)


def _gradient(rng: np.random.Generator) -> Picture:
    x, y = _grid()
    angle = rng.uniform(0, 2 * np.pi)
    ramp = (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle) + 0.5
    return np.clip(ramp, 0, 1).astype(np.float32)


def _checker(rng: np.random.Generator) -> Picture:
    x, y = _grid()
    nx, ny = rng.integers(1, 9, size=2)
    return ((np.floor(x * nx) + np.floor(y * ny)) % 2).astype(np.float32)


def _stripes(rng: np.random.Generator) -> Picture:
    x, y = _grid()
    angle, frequency = rng.uniform(0, np.pi), rng.uniform(2, 12)
    wave = np.sin(2 * np.pi * frequency * (x * np.cos(angle) + y * np.sin(angle)))
    sharp = rng.uniform(1, 8)
    return np.clip(0.5 + 0.5 * sharp * wave, 0, 1).astype(np.float32)


def _noise(rng: np.random.Generator) -> Picture:
    total = np.zeros((TEXTURE_SIZE, TEXTURE_SIZE), dtype=np.float32)
    roughness = rng.uniform(0.3, 0.9)
    for octave in range(6):
        cells = 2 ** (octave + 1)
        coarse = rng.uniform(size=(cells, cells)).astype(np.float32)
        total += roughness**octave * cv2.resize(
            coarse, (TEXTURE_SIZE, TEXTURE_SIZE), interpolation=cv2.INTER_CUBIC
        )
    total -= total.min()
    return (total / max(float(total.max()), 1e-6)).astype(np.float32)


def _speckle(rng: np.random.Generator) -> Picture:
    return (_noise(rng) * 0.3 + rng.uniform(size=(TEXTURE_SIZE, TEXTURE_SIZE)) * 0.7).astype(
        np.float32
    )


def _wood(rng: np.random.Generator) -> Picture:
    x, _ = _grid()
    rings = x * rng.uniform(3, 12) + _noise(rng) * rng.uniform(0.3, 1.5)
    return (0.5 + 0.35 * np.sin(2 * np.pi * rings) + 0.15 * _noise(rng)).astype(np.float32)


def _letter(rng: np.random.Generator) -> Picture:
    # OpenCV writes text, and smooths edges, on 8-bit pictures only.
    canvas = np.full((TEXTURE_SIZE, TEXTURE_SIZE), rng.integers(150, 256), dtype=np.uint8)
    for _ in range(rng.integers(1, 4)):
        text = LETTERS[int(rng.integers(len(LETTERS)))]
        scale, thickness = rng.uniform(0.8, 2.4), int(rng.integers(1, 7))
        font = int(rng.integers(0, 8))
        (width, height), _ = cv2.getTextSize(text, font, scale, thickness)
        origin = (
            int(rng.integers(-4, max(TEXTURE_SIZE - width, 1))),
            int(rng.integers(min(height, TEXTURE_SIZE - 1), TEXTURE_SIZE + 8)),
        )
        ink = int(rng.integers(0, 100))
        cv2.putText(canvas, text, origin, font, scale, ink, thickness, cv2.LINE_AA)
    return canvas.astype(np.float32) / 255.0


def _drawing(rng: np.random.Generator) -> Picture:
    canvas = np.empty((TEXTURE_SIZE, TEXTURE_SIZE, 3), dtype=np.uint8)
    canvas[:] = rng.integers(0, 256, size=3)
    for _ in range(rng.integers(3, 14)):
        color = rng.integers(0, 256, size=3).tolist()
        a, b = rng.integers(0, TEXTURE_SIZE, size=(2, 2)).tolist()
        kind = int(rng.integers(4))
        if kind == 0:
            cv2.circle(canvas, a, int(rng.integers(3, 24)), color, -1, cv2.LINE_AA)
        elif kind == 1:
            cv2.rectangle(canvas, a, b, color, -1)
        elif kind == 2:
            corners = rng.integers(0, TEXTURE_SIZE, size=(3, 2)).astype(np.int32)
            cv2.fillPoly(canvas, [corners], color, cv2.LINE_AA)
        else:
            cv2.line(canvas, a, b, color, int(rng.integers(1, 7)), cv2.LINE_AA)
    return canvas.astype(np.float32) / 255.0


def _photograph(rng: np.random.Generator) -> Picture:
    """Coloured fractal noise with a few shapes: the statistics of a photograph, no content."""
    canvas = np.stack([_noise(rng) for _ in range(3)], axis=2)
    mixing = rng.uniform(0, 1) * np.eye(3) + rng.uniform(0, 1) * np.ones((3, 3)) / 3
    return np.clip(canvas @ mixing, 0, 1).astype(np.float32)


def _frame(rng: np.random.Generator) -> Picture:
    """A face with a border of another colour, plain or filled with something else."""
    inner = [_plain, _gradient, _drawing, _letter, _noise][int(rng.integers(5))](rng)
    width = int(rng.integers(2, 12))
    border = rng.uniform(0, 1)
    for edge in (np.s_[:width], np.s_[-width:], np.s_[:, :width], np.s_[:, -width:]):
        inner[edge] = border
    return inner


def _spots(rng: np.random.Generator) -> Picture:
    x, y = _grid()
    n = rng.uniform(2, 7)
    wave = np.sin(2 * np.pi * n * x) * np.sin(2 * np.pi * n * y)
    return np.clip(0.5 + rng.uniform(1, 6) * (wave - rng.uniform(-0.5, 0.5)), 0, 1).astype(
        np.float32
    )


KINDS: tuple[Callable[[np.random.Generator], Picture], ...] = (
    _plain, _gradient, _checker, _stripes, _noise, _speckle, _wood,
    _letter, _drawing, _photograph, _frame, _spots,
)  # fmt: skip
