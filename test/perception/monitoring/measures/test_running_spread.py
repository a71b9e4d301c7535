from __future__ import annotations

import numpy as np
import pytest

from simreal_perception.monitoring.measures.running_spread import MOST_COUNTED, RunningSpread


def test_mean_and_deviation_are_those_of_all_values() -> None:
    values = np.random.default_rng(0).normal([3.0, -1.0], [0.5, 2.0], (200, 2))
    spread = RunningSpread(values[0])
    for value in values[1:]:
        spread.take(value)
    assert spread.count == 200
    assert spread.mean == pytest.approx(values.mean(axis=0))
    assert spread.deviation == pytest.approx(values.std(axis=0))


def test_what_is_long_past_fades() -> None:
    spread = RunningSpread(np.zeros(1))
    for value in [0.0] * MOST_COUNTED + [1.0] * 5 * MOST_COUNTED:
        spread.take(np.array([value]))
    assert spread.mean[0] > 0.99
