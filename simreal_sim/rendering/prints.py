"""Textures of what is printed on boards, mats, cards and papers, and of what blocks' faces show.

Values 0 to 1 as in `textures.py`. Prints have lines, squares and codes of a block's size and form,
which are no blocks; faces have marks within a block, which are no blocks either.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_sim.rendering.texture_size import TEXTURE_SIZE, UNIT

Picture = NDArray[np.float32]
Draw = Callable[[np.random.Generator], Picture]


def _paper(rng: np.random.Generator) -> tuple[Picture, float]:
    """An empty sheet and the tone of its ink: dark on light, or light on dark."""
    light, dark = rng.uniform(0.75, 1.0), rng.uniform(0.0, 0.45)
    if rng.uniform() < 0.3:
        light, dark = dark, light
    return np.full((TEXTURE_SIZE, TEXTURE_SIZE), light, dtype=np.float32), dark


def _line_grid(rng: np.random.Generator) -> Picture:
    """Thin lines both ways, every so many of them strong: millimetre paper, cutting mats."""
    sheet, ink = _paper(rng)
    cells = int(rng.choice([1, 2, 4, 8, 10]))
    strong, weak = UNIT * rng.uniform(0.5, 2.0), UNIT * rng.uniform(0.25, 0.8)
    faint, paper = rng.uniform(0.3, 1.0), float(sheet[0, 0])
    for cell in range(cells):
        place = round(cell * TEXTURE_SIZE / cells)
        main = cell == 0
        width = max(round(strong if main else weak), 1)
        tone = ink if main else ink * faint + paper * (1 - faint)
        sheet[place : place + width] = tone
        sheet[:, place : place + width] = tone
    return sheet


def _squares(rng: np.random.Generator) -> Picture:
    """Printed squares apart from one another, filled or drawn as outlines."""
    sheet, ink = _paper(rng)
    cells = int(rng.integers(1, 4))
    pitch = TEXTURE_SIZE / cells
    share = rng.uniform(0.45, 0.92)
    width = -1 if rng.uniform() < 0.5 else UNIT * int(rng.integers(1, 5))
    for row in range(cells):
        for column in range(cells):
            low = ((np.array([column, row]) + (1 - share) / 2) * pitch).astype(int)
            high = (low + share * pitch).astype(int)
            tone = ink if rng.uniform() < 0.8 else float(rng.uniform())
            cv2.rectangle(sheet, low.tolist(), high.tolist(), tone, width)
    return sheet


def _code(cells: int, rng: np.random.Generator) -> Picture:
    """A marker: cells x cells bits inside a black border."""
    bits = rng.integers(0, 2, size=(cells, cells)).astype(np.float32)
    return np.pad(bits, 1)


def _tags(rng: np.random.Generator) -> Picture:
    """One marker, or several in rows, with white around them."""
    rows = int(rng.integers(1, 4))
    side = TEXTURE_SIZE // rows
    sheet = np.full((TEXTURE_SIZE, TEXTURE_SIZE), rng.uniform(0.8, 1.0), dtype=np.float32)
    size = int(side * rng.uniform(0.6, 0.92))
    cells = int(rng.integers(4, 8))
    for row in range(rows):
        for column in range(rows):
            tag = cv2.resize(_code(cells, rng), (size, size), interpolation=cv2.INTER_NEAREST)
            y, x = row * side + (side - size) // 2, column * side + (side - size) // 2
            sheet[y : y + size, x : x + size] = tag * sheet[0, 0]
    return sheet


def _chessboard(rng: np.random.Generator) -> Picture:
    """A calibration board: black and white fields, markers in the white ones of some."""
    fields = int(rng.choice([2, 4, 6, 8]))
    side = TEXTURE_SIZE // fields
    low, high = rng.uniform(0.0, 0.2), rng.uniform(0.8, 1.0)
    sheet = np.full((TEXTURE_SIZE, TEXTURE_SIZE), low, dtype=np.float32)
    marked = rng.uniform() < 0.4
    for row in range(TEXTURE_SIZE // side):
        for column in range(TEXTURE_SIZE // side):
            if (row + column) % 2 == 0:
                continue
            field = np.full((side, side), high, dtype=np.float32)
            if marked and side >= 12 * UNIT:
                size = int(side * 0.7)
                tag = cv2.resize(_code(4, rng), (size, size), interpolation=cv2.INTER_NEAREST)
                start = (side - size) // 2
                field[start : start + size, start : start + size] = low + tag * (high - low)
            y, x = row * side, column * side
            sheet[y : y + side, x : x + side] = field
    return sheet


def _tiles(rng: np.random.Generator) -> Picture:
    """Tiles of slightly different tones with joints, square."""
    cells = int(rng.integers(1, 5))
    tones = np.clip(rng.uniform(0.4, 0.95) + rng.normal(0, 0.04, size=(cells, cells)), 0, 1)
    sheet = cv2.resize(
        tones.astype(np.float32), (TEXTURE_SIZE, TEXTURE_SIZE), interpolation=cv2.INTER_NEAREST
    )
    width, joint = max(round(UNIT * rng.uniform(0.5, 3.0)), 1), rng.uniform(0.1, 1.0)
    for cell in range(cells):
        place = cell * TEXTURE_SIZE // cells
        sheet[place : place + width] = joint
        sheet[:, place : place + width] = joint
    return np.asarray(sheet, dtype=np.float32)


def _planks(rng: np.random.Generator) -> Picture:
    """Boards side by side with grain along them."""
    number = int(rng.integers(2, 7))
    axis = (np.arange(TEXTURE_SIZE) + 0.5) / TEXTURE_SIZE
    sheet = np.empty((TEXTURE_SIZE, TEXTURE_SIZE), dtype=np.float32)
    for plank in range(number):
        first, last = (round(n * TEXTURE_SIZE / number) for n in (plank, plank + 1))
        across = rng.normal(0, 0.06, size=last - first)
        wave = 0.08 * np.sin(2 * np.pi * (axis * rng.integers(1, 4) + rng.uniform()))
        tone = rng.uniform(0.45, 0.85)
        sheet[first:last] = tone + across[:, None] + wave[None]
        sheet[first : first + UNIT] = tone * rng.uniform(0.3, 0.9)
    return np.clip(sheet, 0, 1)


def _ruler(rng: np.random.Generator) -> Picture:
    """Ticks along one side, numbers beside them."""
    sheet, ink = _paper(rng)
    canvas = (sheet * 255).astype(np.uint8)
    tone = int(ink * 255)
    step = UNIT * int(rng.integers(3, 9))
    for number, x in enumerate(range(0, TEXTURE_SIZE, step)):
        long = number % 5 == 0
        cv2.line(canvas, (x, 0), (x, UNIT * (22 if long else 12)), tone, 1)
        if long:
            text = str(int(rng.integers(0, 100)))
            cv2.putText(canvas, text, (x, UNIT * 40), 0, 0.35 * UNIT, tone, 1, cv2.LINE_AA)
    return canvas.astype(np.float32) / 255.0


def _keys(rng: np.random.Generator) -> Picture:
    """Square keys in rows, each with a letter."""
    body, key = rng.uniform(0.0, 0.6), rng.uniform(0.0, 1.0)
    canvas = np.full((TEXTURE_SIZE, TEXTURE_SIZE), int(body * 255), dtype=np.uint8)
    rows = int(rng.integers(2, 6))
    pitch = TEXTURE_SIZE / rows
    gap = int(pitch * rng.uniform(0.05, 0.18)) + 1
    ink = int(255 * (rng.uniform(0.6, 1.0) if key < 0.5 else rng.uniform(0.0, 0.4)))
    for row in range(rows):
        for column in range(rows):
            low = np.array([column * pitch + gap, row * pitch + gap]).astype(int)
            high = np.array([(column + 1) * pitch - gap, (row + 1) * pitch - gap]).astype(int)
            cv2.rectangle(canvas, low.tolist(), high.tolist(), int(key * 255), -1)
            letter = chr(int(rng.integers(65, 91)))
            place = (int(low[0] + 2 * UNIT), int(high[1] - 3 * UNIT))
            cv2.putText(canvas, letter, place, 0, pitch / 45, ink, UNIT, cv2.LINE_AA)
    return canvas.astype(np.float32) / 255.0


def _rings(rng: np.random.Generator) -> Picture:
    """Circles one in another, or in rows: targets, buttons, holes of a perforated plate."""
    sheet, ink = _paper(rng)
    cells = int(rng.integers(1, 7))
    pitch = TEXTURE_SIZE / cells
    width = -1 if rng.uniform() < 0.6 else UNIT * int(rng.integers(1, 3))
    radius = max(int(pitch * rng.uniform(0.12, 0.45)), 1)
    for row in range(cells):
        for column in range(cells):
            middle = (int((column + 0.5) * pitch), int((row + 0.5) * pitch))
            cv2.circle(sheet, middle, radius, ink, width, cv2.LINE_AA)
            if cells == 1:
                cv2.circle(sheet, middle, radius // 2, ink, width, cv2.LINE_AA)
    return sheet


def _facelets(rng: np.random.Generator) -> Picture:
    """A face of a puzzle cube: coloured squares with gaps, each of one of six colours."""
    number = int(rng.choice([2, 3, 3, 3, 4]))
    palette = np.array(
        [[1, 1, 1], [1, 0.85, 0.05], [0.75, 0.03, 0.05], [1, 0.4, 0.02], [0, 0.5, 0.15],
         [0, 0.15, 0.65]]
    ) * rng.uniform(0.7, 1.0, size=(6, 1))  # fmt: skip
    body = rng.uniform(0.0, 0.12) if rng.uniform() < 0.7 else rng.uniform(0.7, 1.0)
    face = np.full((TEXTURE_SIZE, TEXTURE_SIZE, 3), body, dtype=np.float32)
    pitch = TEXTURE_SIZE / number
    gap = max(pitch * rng.uniform(0.02, 0.12), 1.0)
    picks = rng.integers(6, size=(number, number))
    if rng.uniform() < 0.3:
        picks[:] = picks[0, 0]
    for row in range(number):
        for column in range(number):
            x0, y0 = int(column * pitch + gap), int(row * pitch + gap)
            x1, y1 = int((column + 1) * pitch - gap), int((row + 1) * pitch - gap)
            face[y0:y1, x0:x1] = palette[picks[row, column]]
    return face


def _hole(rng: np.random.Generator) -> Picture:
    """A face with a hole through its middle, its wall lit from one side."""
    tone = rng.uniform(0.5, 1.0)
    face = np.full((TEXTURE_SIZE, TEXTURE_SIZE), tone, dtype=np.float32)
    middle = TEXTURE_SIZE // 2
    radius = int(TEXTURE_SIZE * rng.uniform(0.08, 0.36))
    cv2.circle(face, (middle, middle), radius, tone * rng.uniform(0.1, 0.5), -1, cv2.LINE_AA)
    shift = (rng.normal(0, 0.25, size=2) * radius).astype(int)
    inner = (int(middle + shift[0]), int(middle + shift[1]))
    cv2.circle(face, inner, int(radius * 0.75), tone * rng.uniform(0.0, 0.4), -1, cv2.LINE_AA)
    return face


def _tag_face(rng: np.random.Generator) -> Picture:
    """A face with one marker on it, its margin of any width."""
    share = rng.uniform(0.5, 0.95)
    margin = rng.uniform(0.0, 1.0) if rng.uniform() < 0.3 else rng.uniform(0.8, 1.0)
    face = np.full((TEXTURE_SIZE, TEXTURE_SIZE), margin, dtype=np.float32)
    size = int(TEXTURE_SIZE * share)
    cells = int(rng.integers(4, 8))
    tag = cv2.resize(_code(cells, rng), (size, size), interpolation=cv2.INTER_NEAREST)
    start = (TEXTURE_SIZE - size) // 2
    face[start : start + size, start : start + size] = tag
    return face


def _worn(rng: np.random.Generator) -> Picture:
    """Paint that has come off in places, most of all towards the borders."""
    coarse = rng.uniform(size=(16, 16)).astype(np.float32)
    noise = cv2.resize(coarse, (TEXTURE_SIZE, TEXTURE_SIZE), interpolation=cv2.INTER_CUBIC)
    axis = np.abs(np.linspace(-1, 1, TEXTURE_SIZE))
    border = np.maximum(axis[:, None], axis[None]) ** 6
    off = noise + border * rng.uniform(0.1, 0.5) > rng.uniform(0.85, 1.15)
    bare, paint = rng.uniform(0.0, 0.6), rng.uniform(0.8, 1.0)
    return np.where(off, bare, paint).astype(np.float32)


PRINTS: tuple[Draw, ...] = (
    _line_grid, _squares, _tags, _chessboard, _tiles, _planks, _ruler, _keys, _rings,
)  # fmt: skip
FACES: tuple[Draw, ...] = (_facelets, _hole, _tag_face, _worn)
