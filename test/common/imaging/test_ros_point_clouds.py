"""Point clouds as drivers send them: packed, padded, either byte order, and spoilt."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("rclpy", reason="needs ROS 2 or the embedded runtime")

from sensor_msgs.msg import PointCloud2, PointField

from simreal_common.errors import MessageError
from simreal_common.imaging.ros_point_clouds import cloud_to_points

TYPES = {"f4": PointField.FLOAT32, "f8": PointField.FLOAT64}


def cloud(
    points: np.ndarray, value: str = "f4", big: bool = False, before: int = 0, pad: int = 0
) -> PointCloud2:
    """A cloud of points of shape (rows, columns, 3), with room before each and after each row."""
    rows, columns, _ = points.shape
    size = np.dtype(value).itemsize
    step = before + 3 * size
    data = np.zeros((rows, columns * step + pad), dtype=np.uint8)
    packed = points.astype((">" if big else "<") + value).view(np.uint8)
    cells = data[:, : columns * step].reshape(rows, columns, step)
    cells[..., before:] = packed.reshape(rows, columns, 3 * size)
    fields = [
        PointField(name=name, offset=before + size * number, datatype=TYPES[value], count=1)
        for number, name in enumerate("xyz")
    ]
    return PointCloud2(
        height=rows, width=columns, fields=fields, is_bigendian=big, point_step=step,
        row_step=columns * step + pad, data=data.tobytes(),
    )  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(
    rows=st.integers(1, 4), columns=st.integers(0, 5), value=st.sampled_from(["f4", "f8"]),
    big=st.booleans(), before=st.integers(0, 9), pad=st.integers(0, 9), seed=st.integers(0, 99),
)  # fmt: skip
def test_every_layout_gives_the_points(
    rows: int, columns: int, value: str, big: bool, before: int, pad: int, seed: int
) -> None:
    points = np.random.default_rng(seed).normal(size=(rows, columns, 3))
    points[np.random.default_rng(seed).random((rows, columns)) < 0.3] = np.nan
    wanted = points.reshape(-1, 3)
    wanted = wanted[np.isfinite(wanted).all(axis=1)]
    found = cloud_to_points(cloud(points, value, big, before, pad))
    np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize(
    "change",
    [
        {"fields": []},
        {"data": b"123"},
        {"point_step": 4},
        {"row_step": 3},
        {"height": 10},
        {"width": 4_000_000_000},
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(change: dict[str, object]) -> None:
    message = cloud(np.zeros((2, 3, 3)))
    for name, value in change.items():
        setattr(message, name, value)
    with pytest.raises(MessageError, match="wanted") as error:
        cloud_to_points(message)
    assert "\n" not in str(error.value)


HUGE = 2**32 - 1


@pytest.mark.parametrize("size", [{"width": 0}, {"height": 0, "width": 1, "row_step": HUGE}])
def test_an_empty_cloud_has_no_points_whatever_its_steps(size: dict[str, int]) -> None:
    message = cloud(np.zeros((2, 3, 3)))
    for name, value in {"point_step": HUGE, **size}.items():
        setattr(message, name, value)
    assert cloud_to_points(message).shape == (0, 3)


def test_integers_are_no_metres() -> None:
    message = cloud(np.zeros((1, 1, 3)))
    message.fields[0].datatype = PointField.INT32
    with pytest.raises(MessageError, match="floating point"):
        cloud_to_points(message)
