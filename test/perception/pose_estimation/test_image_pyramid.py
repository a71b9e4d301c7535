"""At which scales images are looked at."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from simreal_common.camera import Camera
from simreal_common.errors import ConfigurationError
from simreal_perception.pose_estimation.crop_camera import SPHERE_PER_EDGE
from simreal_perception.pose_estimation.image_pyramid import (
    LARGEST_RADIUS_PX,
    LEAST_EDGE_PX,
    NEAREST_EDGES,
    PyramidLimits,
    image_pyramid,
)

SEEN_FROM_PX = 12.0  # radius from which the detector was trained to find blocks, with some room


def camera(width: int, fov_deg: float) -> Camera:
    return Camera.pinhole(width, width * 3 // 4, math.radians(fov_deg))


@given(
    st.integers(320, 4000), st.floats(30.0, 100.0), st.floats(0.01, 0.2), st.floats(0.3, 4.0),
    st.floats(0.0, 1.0),
)  # fmt: skip
def test_every_block_is_of_a_size_that_the_detector_knows_in_some_copy(
    width: int, fov_deg: float, edge: float, max_distance: float, share: float
) -> None:
    seen = camera(width, fov_deg)
    pyramid = image_pyramid(seen, edge, PyramidLimits(max_distance, max_width=8192))
    focal = float(seen.matrix[0, 0])
    far = min(max_distance, focal * edge / LEAST_EDGE_PX)
    # No nearer than that the image shows it whole.
    near = edge * max(NEAREST_EDGES, focal * SPHERE_PER_EDGE / (0.45 * seen.height))
    assume(near <= far)
    distance = near * (far / near) ** share
    radius = focal * edge * SPHERE_PER_EDGE / distance
    sizes = [scale * radius for scale in pyramid.scales]
    assert any(SEEN_FROM_PX <= size <= LARGEST_RADIUS_PX * 1.01 for size in sizes)
    assert max(pyramid.scales) <= 1.0
    assert np.all(np.diff(pyramid.scales) < 0)


def test_small_far_blocks_want_wider_copies() -> None:
    seen = camera(1280, 65.0)
    scales = [
        image_pyramid(seen, edge, PyramidLimits()).scales[0] for edge in (0.2, 0.1, 0.05, 0.025)
    ]
    assert scales == sorted(scales)
    assert scales[0] < scales[-1]
    # A block of 20 pixels in the image is looked at with no less than two thirds of them.
    assert scales[-1] >= 2 / 3


def test_a_limit_on_the_width_is_kept_and_said() -> None:
    seen = camera(1280, 65.0)
    free, bound = (image_pyramid(seen, 0.025, PyramidLimits(max_width=w)) for w in (1280, 400))
    assert not free.cut
    assert bound.cut
    assert bound.scales[0] * 1280 <= 400


@pytest.mark.parametrize(
    "search", [{"max_distance": 0.0}, {"max_distance": math.inf}, {"max_width": 8}]
)
def test_what_makes_no_sense_is_refused(search: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match="wanted"):
        PyramidLimits(**search)  # type: ignore[arg-type]
