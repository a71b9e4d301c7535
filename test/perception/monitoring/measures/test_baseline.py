from __future__ import annotations

import numpy as np
import pytest

from simreal_perception.monitoring.measures.baseline import FORGET_S, Baseline


def test_it_is_learned_from_the_first_seconds() -> None:
    baseline = Baseline(2.0)
    for index in range(20):
        baseline.update(np.array([1.0, float(index % 2)]), index / 10)
    assert baseline.lately is None
    for index in range(20, 25):
        baseline.update(np.array([1.0, float(index % 2)]), index / 10)
    assert baseline.lately is not None and baseline.first is not None
    assert baseline.first == pytest.approx([1.0, 0.5], abs=0.03)


def test_it_follows_slowly_and_remembers_the_start() -> None:
    baseline = Baseline(1.0)
    for index in range(20):
        baseline.update(np.array([0.0]), index / 10)
    for index in range(1, round(FORGET_S) + 1):
        baseline.update(np.array([1.0]), 2.0 + index)
    assert baseline.lately is not None and baseline.first is not None
    assert baseline.lately[0] == pytest.approx(1 - np.exp(-1.0), abs=0.01)
    assert baseline.first[0] == 0.0


def test_a_vector_of_another_size_begins_anew() -> None:
    baseline = Baseline(0.0)
    for index in range(10):
        baseline.update(np.zeros(2), float(index))
    baseline.update(np.zeros(3), 10.0)
    assert baseline.lately is None
