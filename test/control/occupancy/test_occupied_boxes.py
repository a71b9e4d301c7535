"""Cells as boxes: none is left out, there are few, and they are tight where they can be."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simreal_common.settings.obstacles import Obstacle
from simreal_control.occupancy.occupied_boxes import boxes_of

CORNER, VOXEL = np.array([0.1, -0.2, 0.015]), 0.02


def held(boxes: tuple[Obstacle, ...], shape: tuple[int, ...]) -> np.ndarray:
    """The cells whose centres lie in some box."""
    cells = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    centres = CORNER + (cells + 0.5) * VOXEL
    inside = np.zeros(shape, dtype=bool)
    for box in boxes:
        inside |= box.distance(centres) == 0.0
    return inside


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    share=st.sampled_from([0.0, 0.02, 0.3, 1.0]),
    most=st.integers(1, 30),
)
def test_boxes_hold_all_cells_and_are_not_too_many(seed: int, share: float, most: int) -> None:
    rng = np.random.default_rng(seed)
    cells = rng.random((9, 8, 7)) < share
    boxes = boxes_of(cells, CORNER, VOXEL, most=most)
    assert len(boxes) <= most
    assert (held(boxes, cells.shape) | ~cells).all()
    assert bool(boxes) == bool(cells.any())


def test_boxes_that_are_few_anyway_hold_nothing_else() -> None:
    cells = np.zeros((20, 20, 10), dtype=bool)
    cells[2:6, 3:8, :4] = cells[12:14, 10:18, :7] = True
    boxes = boxes_of(cells, CORNER, VOXEL)
    assert len(boxes) == 2
    assert (held(boxes, cells.shape) == cells).all()
    np.testing.assert_allclose(boxes[0].size, [0.08, 0.10, 0.08])
    assert boxes[0].name == "what depth shows at (0.18, -0.09, 0.06) m"


def test_what_is_spared_is_joined_over_last() -> None:
    cells, spared = np.zeros((3, 9, 1), dtype=bool), np.zeros((3, 9, 1), dtype=bool)
    cells[1, [0, 2, 6], 0] = True
    spared[1, 1, 0] = True  # between the two that are nearest
    assert not held(boxes_of(cells, CORNER, VOXEL, spared, 2), cells.shape)[1, 1, 0]
    assert held(boxes_of(cells, CORNER, VOXEL, None, 2), cells.shape)[1, 1, 0]
