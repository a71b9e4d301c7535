"""PointCloud2 messages -> points."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2, PointField

from simreal_common.errors import MessageError
from simreal_common.untrusted_text import shortened

AXES = ("x", "y", "z")
KINDS = {PointField.FLOAT32: "f4", PointField.FLOAT64: "f8"}
MOST_POINTS = 2_000_000


def cloud_to_points(message: PointCloud2) -> NDArray[np.float64]:
    """The points of a cloud that are finite, metres, in the frame of its header, shape (n, 3).

    Raises:
        MessageError: no fields x, y, z of floating point numbers, or sizes that do not fit the data.
    """
    fields = {field.name: field for field in message.fields}
    found = [fields.get(axis) for axis in AXES]
    order = ">" if message.is_bigendian else "<"
    kinds = [KINDS.get(int(field.datatype)) if field is not None else None for field in found]
    if None in kinds:
        names = shortened(", ".join(fields) or "none")
        raise MessageError(
            f"a point cloud with the fields {names}: wanted x, y and z, of 32 or 64 bits floating point"
        )
    offsets = [int(field.offset) for field in found if field is not None]
    width, height = int(message.width), int(message.height)
    step, row = int(message.point_step), int(message.row_step)
    data = np.frombuffer(message.data, dtype=np.uint8)
    ends = [at + np.dtype(kind).itemsize for at, kind in zip(offsets, kinds, strict=True)]
    fits = step >= max(ends) and row >= width * step and data.size >= height * row
    if not fits or width * height > MOST_POINTS:
        raise MessageError(
            f"a point cloud of {width}x{height} points, {step} bytes a point, {row} a row, {data.size} "
            f"in all: wanted steps that fit fields and data, and at most {MOST_POINTS} points"
        )
    if not width * height:  # steps that nothing is measured by may be any
        return np.zeros((0, 3))
    kind: Any = np.dtype(
        {
            "names": list(AXES),
            "formats": [f"{order}{one}" for one in kinds],
            "offsets": offsets,
            "itemsize": step,
        }
    )
    rows = data[: height * row].reshape(height, row)[:, : width * step]
    cells = np.ascontiguousarray(rows).reshape(-1).view(kind)
    points = np.stack([cells[axis].astype(np.float64) for axis in AXES], axis=-1)
    return np.asarray(points[np.isfinite(points).all(axis=1)])
