"""Outlines of cubes: hulls filled, and points that all lie aside alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simreal_common.camera import Camera
from simreal_common.geometry import Pose
from simreal_perception.dataset_export.block_outline import (
    common_shift,
    fill_hull,
    fill_outline,
    outline,
    project_corners,
)

CAMERA = Camera.pinhole(120, 90, 1.0)
POSE = Pose(np.array([0.02, -0.01, 0.3]), np.array([0.3, 0.2, 0.1, np.sqrt(0.86)])).matrix


def test_the_hull_of_the_corners_is_the_outline_of_a_pinhole_camera() -> None:
    polygon = outline(CAMERA, POSE, 0.05)
    assert polygon is not None
    whole = fill_outline(polygon, 120, 90)
    hull = fill_hull(project_corners(CAMERA, POSE, 0.05), 120, 90)
    assert whole.sum() > 200
    assert (hull != whole).sum() <= 4


@given(st.floats(-50, 50), st.floats(-50, 50), st.integers(0, 7), st.floats(1.2, 9.0))
def test_a_shift_is_common_only_if_no_point_differs(
    x: float, y: float, odd: int, off: float
) -> None:
    away = np.tile([x, y], (8, 1))
    assert common_shift(away, 0.5) == pytest.approx([x, y])
    assert common_shift(away.reshape(2, 4, 2), 0.5) == pytest.approx([x, y])
    away[odd, 0] += off
    assert common_shift(away, 0.5) is None
