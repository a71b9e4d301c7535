"""The sensor of the simulated cell: blur, gain, noise."""

from __future__ import annotations

import numpy as np
import pytest

from simreal_sim.physics.world_sensor import SensorNoise, sense


def test_sensor_noise_has_the_spread_and_gain_that_it_says() -> None:
    flat = np.full((100, 100, 3), 100, dtype=np.uint8)
    image = sense(flat, SensorNoise(0.5, 1.1, 3.0), np.random.default_rng(1))
    assert image.mean() == pytest.approx(110, abs=0.3)
    assert image.std() == pytest.approx(3.0, rel=0.1)
    np.testing.assert_array_equal(sense(flat, SensorNoise(0.5), np.random.default_rng(1)), flat)
