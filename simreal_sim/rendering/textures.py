"""A pool of procedural textures: plain, patterns, materials, print, and pictures with frames.

A texture is a picture of values 0 to 1 that a renderer maps onto two colours a surface, so that a
pool of some thousand pictures gives as many surfaces as there are colours.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_sim.rendering.prints import FACES, PRINTS
from simreal_sim.rendering.texture_size import TEXTURE_SIZE, UNIT

Picture = NDArray[np.float32]
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789?!&%#+"


def texture_pool(count: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw `count` textures, uint8, shape (count, 128, 128, 3). Texture 0 is plain white.

    The kinds take turns, so that every pool has all of them in equal parts.
    """
    pool = np.empty((count, TEXTURE_SIZE, TEXTURE_SIZE, 3), dtype=np.uint8)
    for index in range(count):
        picture = PATTERNS[index % len(PATTERNS)](rng)
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
    for octave in range(7):
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
        scale, thickness = UNIT * rng.uniform(0.8, 2.4), UNIT * int(rng.integers(1, 7))
        font = int(rng.integers(0, 8))
        (width, height), _ = cv2.getTextSize(text, font, scale, thickness)
        origin = (
            int(rng.integers(-4 * UNIT, max(TEXTURE_SIZE - width, 1))),
            int(rng.integers(min(height, TEXTURE_SIZE - 1), TEXTURE_SIZE + 8 * UNIT)),
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
            cv2.circle(canvas, a, UNIT * int(rng.integers(3, 24)), color, -1, cv2.LINE_AA)
        elif kind == 1:
            cv2.rectangle(canvas, a, b, color, -1)
        elif kind == 2:
            corners = rng.integers(0, TEXTURE_SIZE, size=(3, 2)).astype(np.int32)
            cv2.fillPoly(canvas, [corners], color, cv2.LINE_AA)
        else:
            cv2.line(canvas, a, b, color, UNIT * int(rng.integers(1, 7)), cv2.LINE_AA)
    return canvas.astype(np.float32) / 255.0


def _photograph(rng: np.random.Generator) -> Picture:
    """Coloured fractal noise with a few shapes: the statistics of a photograph, no content."""
    canvas = np.stack([_noise(rng) for _ in range(3)], axis=2)
    mixing = rng.uniform(0, 1) * np.eye(3) + rng.uniform(0, 1) * np.ones((3, 3)) / 3
    return np.clip(canvas @ mixing, 0, 1).astype(np.float32)


def _frame(rng: np.random.Generator) -> Picture:
    """A face with a border of another colour, plain or filled with something else."""
    inner = [_plain, _gradient, _drawing, _letter, _noise][int(rng.integers(5))](rng)
    width = UNIT * int(rng.integers(2, 12))
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


def _brick(rng: np.random.Generator) -> Picture:
    x, y = _grid()
    rows = int(rng.integers(2, 9))
    columns = max(rows // 2, 1)
    row = np.floor(y * rows)
    column = x * columns + 0.5 * (row % 2)
    joint = rng.uniform(0.04, 0.15)
    inside = ((y * rows) % 1.0 > joint) & (column % 1.0 > joint * columns / rows)
    tone = rng.uniform(0.5, 1.0, size=(rows, columns + 1))
    stones = tone[row.astype(int), np.floor(column).astype(int) % columns]
    return np.where(inside, stones, 0.1 + 0.2 * _noise(rng)).astype(np.float32)


def _cloth(rng: np.random.Generator) -> Picture:
    x, y = _grid()
    n = int(rng.integers(6, 25))
    weave = np.where(
        (np.floor(x * n) + np.floor(y * n)) % 2 == 0,
        np.sin(np.pi * ((x * n) % 1.0)),
        0.8 * np.sin(np.pi * ((y * n) % 1.0)),
    )
    return (0.3 + 0.5 * weave + 0.2 * _noise(rng)).astype(np.float32)


def _print(rng: np.random.Generator) -> Picture:
    """Lines of text."""
    canvas = np.full((TEXTURE_SIZE, TEXTURE_SIZE), 245, dtype=np.uint8)
    pitch, scale = UNIT * int(rng.integers(7, 18)), UNIT * rng.uniform(0.2, 0.5)
    for y in range(pitch, TEXTURE_SIZE, pitch):
        letters = rng.integers(len(LETTERS), size=int(rng.integers(3, 14)))
        text = "".join(LETTERS[i] for i in letters)
        cv2.putText(canvas, text, (UNIT * int(rng.integers(1, 6)), y), 0, scale, 20, 1, cv2.LINE_AA)
    return canvas.astype(np.float32) / 255.0


def _barcode(rng: np.random.Generator) -> Picture:
    widths = UNIT * rng.integers(1, 5, size=TEXTURE_SIZE)
    bars = np.repeat(rng.integers(0, 2, size=TEXTURE_SIZE), widths)
    picture = np.ones((TEXTURE_SIZE, TEXTURE_SIZE), dtype=np.float32)
    top, bottom = UNIT * int(rng.integers(2, 24)), UNIT * int(rng.integers(40, 62))
    quiet = 4 * UNIT
    picture[top:bottom, quiet:-quiet] = bars[: TEXTURE_SIZE - 2 * quiet]
    return picture


def _matrix_code(rng: np.random.Generator) -> Picture:
    """Black and white cells inside a border, as on printed markers."""
    cells = int(rng.integers(4, 20))
    code = rng.integers(0, 2, size=(cells, cells)).astype(np.float32)
    border = float(rng.integers(0, 2))
    code = np.pad(np.pad(code, 1, constant_values=border), 1, constant_values=1.0 - border)
    if rng.uniform() < 0.4:
        for row, column in ((2, 2), (2, -5), (-5, 2)):
            code[row : row + 3 or None, column : column + 3 or None] = 0.0
    return np.asarray(
        cv2.resize(code, (TEXTURE_SIZE, TEXTURE_SIZE), interpolation=cv2.INTER_NEAREST)
    )


def _scratches(rng: np.random.Generator) -> Picture:
    canvas = (200 + 40 * _noise(rng)).astype(np.uint8)
    for _ in range(rng.integers(3, 30)):
        a = rng.integers(0, TEXTURE_SIZE, size=2)
        b = (a + rng.normal(0, 14 * UNIT, size=2)).astype(int)
        cv2.line(canvas, a.tolist(), b.tolist(), int(rng.integers(0, 256)), 1, cv2.LINE_AA)
    return canvas.astype(np.float32) / 255.0


def _pips(rng: np.random.Generator) -> Picture:
    """A face of a die."""
    tone = int(rng.integers(0, 2)) * 235
    canvas = np.full((TEXTURE_SIZE, TEXTURE_SIZE), 245 - tone, dtype=np.uint8)
    near, middle, far = 16 * UNIT, 32 * UNIT, 48 * UNIT
    layouts = (
        ((middle, middle),),
        ((near, near), (far, far)),
        ((near, near), (middle, middle), (far, far)),
        ((near, near), (near, far), (far, near), (far, far)),
        ((near, near), (near, far), (far, near), (far, far), (middle, middle)),
        ((near, near), (near, far), (far, near), (far, far), (near, middle), (far, middle)),
    )
    radius = UNIT * int(rng.integers(4, 9))
    for place in layouts[int(rng.integers(6))]:
        cv2.circle(canvas, place, radius, 10 + tone, -1, cv2.LINE_AA)
    return canvas.astype(np.float32) / 255.0


def _leaves(rng: np.random.Generator) -> Picture:
    """Shapes that hide one another, their sizes by a power law: the edges of a photograph.

    The dead leaves model (Lee, Mumford, Huang 2001), lit by a soft gradient.
    """
    canvas = np.empty((TEXTURE_SIZE, TEXTURE_SIZE, 3), dtype=np.uint8)
    canvas[:] = rng.integers(30, 226, size=3)
    palette = np.clip(rng.normal(rng.uniform(70, 190, size=3), 55, size=(8, 3)), 0, 255)
    number = int(rng.integers(25, 90))
    sizes = UNIT * np.clip(3.0 / rng.uniform(0.05, 1.0, size=number), 1.5, 34)[::-1]
    places = rng.integers(-4 * UNIT, TEXTURE_SIZE + 4 * UNIT, size=(number, 2))
    picks = rng.integers(8, size=number)
    shades = rng.uniform(0.6, 1.25, size=number)
    turns = rng.uniform(0, 360, size=number)
    for place, size, pick, shade, turn in zip(places, sizes, picks, shades, turns, strict=True):
        color = np.clip(palette[pick] * shade, 0, 255).tolist()
        axes = (int(size), max(int(size * (0.35 + 0.65 * (turn % 1.0))), 1))
        if pick % 3:
            cv2.ellipse(canvas, place.tolist(), axes, turn, 0, 360, color, -1, cv2.LINE_AA)
        else:
            box = cv2.boxPoints((place.tolist(), (2.0 * axes[0], 2.0 * axes[1]), float(turn)))
            cv2.fillPoly(canvas, [box.astype(np.int32)], color, cv2.LINE_AA)
    light = 0.6 + 0.8 * _gradient(rng)[:, :, None] if rng.uniform() < 0.6 else 1.0
    return np.clip(canvas.astype(np.float32) / 255.0 * light, 0, 1).astype(np.float32)


def _grey_leaves(rng: np.random.Generator) -> Picture:
    grey = _leaves(rng).mean(axis=2)
    low, high = grey.min(), max(grey.max(), grey.min() + 1e-3)
    return ((grey - low) / (high - low)).astype(np.float32)


def _framed(
    kind: Callable[[np.random.Generator], Picture],
    tones: tuple[int, int],
    rng: np.random.Generator,
) -> Picture:
    """A picture pasted on a face of another tone (range of 0 to 255), a little askew."""
    inner = (kind(rng) * 255).astype(np.uint8)
    border = (
        rng.integers(*tones, size=3) if rng.uniform() < 0.3 else np.full(3, rng.integers(*tones))
    )
    share = rng.uniform(0.62, 0.96) * np.array([[1.0], [rng.uniform(0.85, 1.0)]])
    middle = np.full(2, (TEXTURE_SIZE - 1) / 2)
    turn = cv2.getRotationMatrix2D((0, 0), rng.normal(0, 1.5), 1.0)[:, :2] * share
    shift = middle - turn @ middle + UNIT * rng.normal(0, 0.8, size=2)
    framed = cv2.warpAffine(
        inner,
        np.column_stack([turn, shift]),
        (TEXTURE_SIZE, TEXTURE_SIZE),
        flags=cv2.INTER_LINEAR,
        borderValue=border.tolist() if inner.ndim == 3 else int(border[0]),
    )
    return framed.astype(np.float32) / 255.0


def _framed_picture(rng: np.random.Generator) -> Picture:
    return _framed((_leaves, _photograph, _drawing)[int(rng.integers(3))], (0, 256), rng)


def _grey_picture(rng: np.random.Generator) -> Picture:
    return (_grey_leaves, _grey_leaves, _noise)[int(rng.integers(3))](rng)


def _light_frame(rng: np.random.Generator) -> Picture:
    return _framed(_grey_picture, (185, 256), rng)


def _middle_frame(rng: np.random.Generator) -> Picture:
    return _framed(_grey_picture, (90, 165), rng)


def _dark_frame(rng: np.random.Generator) -> Picture:
    return _framed(_grey_picture, (0, 70), rng)


PATTERNS: tuple[Callable[[np.random.Generator], Picture], ...] = (
    _plain, _gradient, _checker, _stripes, _noise, _speckle, _wood,
    _letter, _drawing, _photograph, _frame, _spots,
    _brick, _cloth, _print, _barcode, _matrix_code, _scratches, _pips,
    _leaves, _grey_leaves, _framed_picture, _light_frame, _middle_frame, _dark_frame,
    *PRINTS, *FACES,
)  # fmt: skip

# What is pasted or painted on the faces of blocks as a whole, most of all photographs.
PICTURES = tuple(
    PATTERNS.index(kind)
    for kind in (
        _framed_picture, _framed_picture, _light_frame, _middle_frame, _dark_frame,
        _leaves, _grey_leaves, _photograph, _drawing, _letter, _frame, _matrix_code, _pips,
    )
)  # fmt: skip

# What lies on a table, or covers it, printed: on boards, mats, cards and papers.
PRINTED = tuple(
    PATTERNS.index(kind) for kind in (*PRINTS, _checker, _print, _matrix_code, _barcode, _drawing)
)
# Surfaces of furniture and floors.
MATERIALS = tuple(
    PATTERNS.index(kind)
    for kind in (_plain, _gradient, _noise, _speckle, _wood, _cloth, _scratches)
)
# Grain of wood, plain or painted thinly.
GRAINS = (PATTERNS.index(_wood), PATTERNS.index(_noise))
# What makers put on the faces of blocks: squares that are coloured, printed, drilled.
BLOCK_FACES = tuple(PATTERNS.index(kind) for kind in (*FACES, _matrix_code, _letter, _pips, _frame))


def pick_textures(
    size: tuple[int, ...],
    texture_count: int,
    rng: np.random.Generator,
    kind: NDArray[np.integer] | None = None,
) -> NDArray[np.int32]:
    """Indices, int32, shape `size`, into a pool of `texture_count` textures.

    Args:
        kind: of each, an index into `PATTERNS`, shape `size`; any if left out. A pool too small to
            hold a kind gives any other.
    """
    anything = rng.integers(0, texture_count, size=size)
    if kind is None:
        return anything.astype(np.int32)
    index = kind + len(PATTERNS) * (anything // len(PATTERNS))
    index = np.where(index < texture_count, index, kind)
    return np.where(index < texture_count, index, anything).astype(np.int32)
