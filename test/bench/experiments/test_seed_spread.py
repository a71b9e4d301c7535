"""Intervals of means and of differences are Student's and Welch's."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simreal_bench.experiments.seed_spread import difference, spread


def test_a_mean_has_students_interval() -> None:
    found = spread([1.0, 2.0, 3.0])
    assert found.mean == 2.0
    assert found.half_width == pytest.approx(
        4.3027 / math.sqrt(3), rel=1e-4
    )  # t of 2 degrees, 95 %


def test_one_seed_tells_no_interval() -> None:
    assert spread([1.5]).mean == 1.5
    assert math.isinf(spread([1.5]).high)
    assert str(spread([1.5])) == "1.5"
    found = difference([2.0], [1.0])
    assert found.mean == 1.0 and not found.spread_known and not found.exceeds_spread


def test_a_difference_has_to_exceed_the_spread() -> None:
    near = difference([1.0, 1.2, 1.4], [1.1, 1.3, 1.5])
    assert near.spread_known and not near.exceeds_spread
    far = difference([2.0, 2.2, 2.4], [1.1, 1.3, 1.5])
    assert far.exceeds_spread and far.low < far.mean < far.high


def test_the_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    inside = [
        found.low <= 1.0 <= found.high
        for found in (
            difference(rng.normal(1.0, 0.2, size=3), rng.normal(0.0, 1.0, size=5))
            for _ in range(600)
        )
    ]
    assert 0.92 < np.mean(inside) < 0.98


def test_the_spread_of_one_side_serves_both() -> None:
    assert difference([5.0], [1.0, 1.1, 0.9]).exceeds_spread
    assert not difference([1.05], [1.0, 1.1, 0.9]).exceeds_spread


def test_values_without_any_spread_differ_by_what_they_differ() -> None:
    found = difference([2.0, 2.0], [1.0, 1.0])
    assert (found.low, found.mean, found.high) == (1.0, 1.0, 1.0) and found.exceeds_spread
    assert not difference([1.0, 1.0], [1.0, 1.0]).exceeds_spread
    assert spread([1.0, 1.0]).half_width == 0.0
