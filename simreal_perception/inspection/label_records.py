"""Labels as they stand in a file, read without believing them: what is checked must be read first.

`simreal_perception.evaluation.labelled_photographs` refuses what no block can have; here it is kept,
so that it can be said of all pictures at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError
from simreal_common.untrusted_text import shortened
from simreal_perception.evaluation.evaluation_data import shaped_numbers

Array = NDArray[np.float64]

NEEDED = ("size", "K", "blocks")
NEEDED_OF_A_BLOCK = ("edge", "pose_in_camera")


@dataclass(frozen=True, eq=False)
class BlockRecord:
    """What a label says of one block.

    Args:
        name: for people.
        number: its value in the mask; None where the label names none.
        edge: metres, as it should be.
        pose: block -> optical frame, (4, 4), whatever it is.
        visible: share of its outline that is seen; None where nobody says.
        corners: pixels, (8, 2), NaN where one has none; None where the label has none.
        center: pixels, (2,), or None.
        box: left, top, right, bottom of the visible pixels, or None.
    """

    name: str
    number: int | None
    edge: float
    pose: Array
    visible: float | None
    corners: Array | None
    center: Array | None
    box: Array | None


@dataclass(frozen=True, eq=False)
class LabelRecord:
    """What a label says of one picture.

    Args:
        name: of the picture, for people.
        width, height: pixels.
        matrix, distortion: of the camera, (3, 3) and (N,).
        blocks: all of them.
        plane: normal and a point of the table, optical frame, each (3,); None where nobody knows.
        corners_order: signs of the corners, (8, 3); None where the label does not say.
        pixels_sha256: of the image, or None.
    """

    name: str
    width: int
    height: int
    matrix: Array
    distortion: Array
    blocks: tuple[BlockRecord, ...]
    plane: tuple[Array, Array] | None
    corners_order: Array | None
    pixels_sha256: str | None


def parse_record(values: Any, name: str) -> LabelRecord:
    """The record in a label's values.

    Raises:
        ConfigurationError: what is needed to understand it is missing, or of another kind.
    """
    _need(values, NEEDED, "the label")
    width, height = shaped_numbers(values["size"], (2,), "size").astype(int).tolist()
    plane = None
    if values.get("table_plane_cam"):
        _need(values["table_plane_cam"], ("normal", "point_m"), "table_plane_cam")
        parts = values["table_plane_cam"]
        plane = (
            shaped_numbers(parts["normal"], (3,), "normal of table_plane_cam"),
            shaped_numbers(parts["point_m"], (3,), "point_m of table_plane_cam"),
        )
    blocks = values["blocks"]
    if not isinstance(blocks, list):
        raise ConfigurationError(f"blocks is {shortened(str(blocks))}: wanted a list")
    return LabelRecord(
        name,
        width,
        height,
        shaped_numbers(values["K"], (3, 3), "K"),
        shaped_numbers(values.get("dist") or [], (-1,), "dist"),
        tuple(_block(entry, index) for index, entry in enumerate(blocks, start=1)),
        plane,
        _optional(values, "corners_order", (8, 3)),
        values.get("pixels_sha256"),
    )


def _block(entry: Any, index: int) -> BlockRecord:
    _need(entry, NEEDED_OF_A_BLOCK, f"block {index}")
    name = str(entry.get("name", f"block {index}"))
    corners = entry.get("corners_px")
    if isinstance(corners, list):
        corners = [[np.nan, np.nan] if corner is None else corner for corner in corners]
    if corners is not None:
        corners = shaped_numbers(corners, (8, 2), f"{name}: corners_px", finite=False)
    number = entry.get("number")
    visible = _optional(entry, "visible", ())
    return BlockRecord(
        name,
        None if number is None else int(shaped_numbers(number, (), f"{name}: number")),
        float(shaped_numbers(entry["edge"], (), f"{name}: edge")),
        shaped_numbers(entry["pose_in_camera"], (4, 4), f"{name}: pose_in_camera"),
        None if visible is None else float(visible),
        None
        if corners is None
        else shaped_numbers(corners, (8, 2), f"{name}: corners_px", finite=False),
        _optional(entry, "center_px", (2,)),
        _optional(entry, "box_px", (4,)),
    )


def _need(entry: Any, keys: tuple[str, ...], where: str) -> None:
    if not isinstance(entry, Mapping):
        raise ConfigurationError(f"{where} is no table: wanted {', '.join(keys)}")
    missing = [key for key in keys if key not in entry]
    if missing:
        raise ConfigurationError(f"{where} lacks {', '.join(missing)}")


def _optional(entry: Mapping[str, Any], key: str, shape: tuple[int, ...]) -> Array | None:
    return None if entry.get(key) is None else shaped_numbers(entry[key], shape, key)
