"""A board on a sheet of paper in its true size, as PDF or PNG."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from simreal_common.errors import ConfigurationError
from simreal_perception.camera_calibration.board import CHARUCO, Board

# Sheets, metres, the longer side first.
PAPERS = {
    "a4": (0.297, 0.210),
    "a3": (0.420, 0.297),
    "a2": (0.594, 0.420),
    "letter": (0.2794, 0.2159),
    "tabloid": (0.4318, 0.2794),
}
MARGIN_M = 0.01  # that printers leave white, and that detectors want
RULER_M = 0.1  # to measure on the print
POINTS_A_METRE = 72 / 0.0254
DOTS_A_METRE = 600 / 0.0254  # of a PNG, about
PNG_CHUNK_AT = 33  # behind signature and header


@dataclass(frozen=True)
class Rectangle:
    """A black rectangle on the sheet: its corner, metres from the upper left, and its sides."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class BoardPage:
    """A board in the middle of a sheet.

    Args:
        board: what is printed.
        paper: one of PAPERS, lying or standing as the board does.

    Raises:
        ConfigurationError: the board does not fit.
    """

    board: Board
    paper: str = "a4"

    def __post_init__(self) -> None:
        (width, height), (across, down) = self.size_m, self.board.size_m
        if across > width - 2 * MARGIN_M or down > height - 4 * MARGIN_M:
            most = min(
                (width - 2 * MARGIN_M) / self.board.columns,
                (height - 4 * MARGIN_M) / self.board.rows,
            )
            raise ConfigurationError(
                f"a board of {1e3 * across:g}x{1e3 * down:g} mm does not fit on {self.paper}: wanted "
                f"squares of at most {int(1e3 * most) / 1e3:g} m, or larger paper "
                f"({', '.join(PAPERS)})"
            )

    @property
    def size_m(self) -> tuple[float, float]:
        """Width and height of the sheet, metres."""
        long, short = PAPERS[self.paper]
        across, down = self.board.size_m
        return (long, short) if across >= down else (short, long)

    @property
    def origin_m(self) -> tuple[float, float]:
        """Upper left corner of the squares on the sheet, metres."""
        (width, height), (across, down) = self.size_m, self.board.size_m
        return (width - across) / 2, (height - down) / 2

    def rectangles(self) -> Iterator[Rectangle]:
        """All that is black."""
        x0, y0 = self.origin_m
        board, side = self.board, self.board.square_m
        first_white = board.kind == CHARUCO and board.legacy and board.rows % 2 == 0
        for row in range(board.rows):
            for column in range(board.columns):
                if (row + column + first_white) % 2 == 0:
                    yield Rectangle(x0 + column * side, y0 + row * side, side, side)
        if board.kind == CHARUCO:
            yield from self._markers(x0, y0)
        yield from self._ruler()

    def _markers(self, x0: float, y0: float) -> Iterator[Rectangle]:
        family = self.board.aruco.getDictionary()
        bits = family.markerSize + 2  # with its black rim
        cell = self.board.marker_m / bits
        places = np.asarray(self.board.aruco.getObjPoints())[:, 0, :2]
        for number, (x, y) in zip(np.asarray(self.board.aruco.getIds()).ravel(), places):
            image = cv2.aruco.generateImageMarker(family, int(number), bits)
            for row in range(bits):
                # Neighbours in one rectangle: a seam would show as a fine line.
                for start, end in _runs(image[row] == 0):
                    yield Rectangle(
                        x0 + x + start * cell, y0 + y + row * cell, (end - start) * cell, cell
                    )

    def _ruler(self) -> Iterator[Rectangle]:
        """A line of 100 mm below the board, with a stroke at both ends."""
        width, height = self.size_m
        x, y, line = (width - RULER_M) / 2, height - 0.9 * MARGIN_M, 0.0003
        yield Rectangle(x, y, RULER_M, line)
        for end in (x, x + RULER_M - line):
            yield Rectangle(end, y - 0.002, line, 0.004)

    def png(self) -> bytes:
        """As the content of a PNG file that says how large it is; squares are whole pixels."""
        scale = round(self.board.square_m * DOTS_A_METRE) / self.board.square_m
        width, height = (round(side * scale) for side in self.size_m)
        image = np.full((height, width), 255, dtype=np.uint8)
        x0, y0 = (round(place * scale) for place in self.origin_m)
        dx, dy = x0 - self.origin_m[0] * scale, y0 - self.origin_m[1] * scale
        for one in self.rectangles():
            left, right = (round(x * scale + dx) for x in (one.x, one.x + one.width))
            top, bottom = (round(y * scale + dy) for y in (one.y, one.y + one.height))
            image[top:bottom, left:right] = 0
        _, content = cv2.imencode(".png", image)
        dots = struct.pack(">IIB", round(scale), round(scale), 1)  # a metre, each way
        body = b"pHYs" + dots
        chunk = struct.pack(">I", len(dots)) + body + struct.pack(">I", zlib.crc32(body))
        raw = content.tobytes()
        return raw[:PNG_CHUNK_AT] + chunk + raw[PNG_CHUNK_AT:]

    def pdf(self) -> bytes:
        """As the content of a PDF file (1.4), one sheet of lines and areas."""
        unit = POINTS_A_METRE
        width, height = (side * unit for side in self.size_m)
        draw = [
            f"{r.x * unit:.4f} {height - (r.y + r.height) * unit:.4f} {r.width * unit:.4f} "
            f"{r.height * unit:.4f} re"
            for r in self.rectangles()
        ]
        words = f"{self.board}; print at 100 %: the line is {1e3 * RULER_M:g} mm long"
        text = f"BT /F1 8 Tf {MARGIN_M * unit:.1f} {0.35 * MARGIN_M * unit:.1f} Td ({words}) Tj ET"
        page = "\n".join(["0 g", *draw, "f", text]).encode("ascii")
        objects = [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width:.4f} {height:.4f}] /Contents 4 0 R "
            "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> "
            ">>".encode("ascii"),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(page), page),
        ]
        content, places = b"%PDF-1.4\n", []
        for number, body in enumerate(objects, start=1):
            places.append(len(content))
            content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
        table = b"".join(b"%010d 00000 n \n" % place for place in places)
        end = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        return (
            content
            + b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
            + end % (len(objects) + 1, len(content))
        )


def _runs(black: np.ndarray) -> list[tuple[int, int]]:
    """Where a row of bits is black: from and to."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], black.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2])]
