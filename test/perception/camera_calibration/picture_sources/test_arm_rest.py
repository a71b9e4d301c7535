"""A picture is taken wherever an arm stands still, once, and never while it moves."""

from __future__ import annotations

import numpy as np
import pytest

from simreal_perception.camera_calibration.picture_sources.arm_rest import (
    REST_RAD,
    SETTLE_S,
    STALE_S,
    ArmRest,
)

NAMES = ("a", "b")


def taken(rest: ArmRest, seconds: np.ndarray, positions: np.ndarray) -> list[tuple[float, dict]]:
    """Joint states at every time, an image just behind each; which images are kept, with what."""
    found = []
    for now, values in zip(seconds, positions):
        rest.hear(now, NAMES, values)
        at = rest.take(now + 1e-3)
        if at is not None:
            found.append((float(now), dict(at)))
    return found


@pytest.mark.parametrize("seed", range(5))
def test_each_place_once_and_at_rest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    places = rng.uniform(-2, 2, size=(6, 2))
    seconds, positions, still = [], [], []
    now = 0.0
    for k, place in enumerate(places):
        if k:
            for share in np.linspace(0.05, 1, 20):
                now += 0.05
                seconds.append(now)
                positions.append(places[k - 1] + share * (place - places[k - 1]))
        start = now
        for _ in range(int(rng.integers(30, 60))):
            now += 0.05
            seconds.append(now)
            positions.append(place + rng.uniform(-0.3, 0.3, 2) * REST_RAD)
        still.append((start, now))
    found = taken(ArmRest(), np.array(seconds), np.array(positions))
    assert len(found) == len(places)
    for (when, at), place, (start, end) in zip(found, places, still):
        assert start + SETTLE_S - 1e-9 <= when <= end
        np.testing.assert_allclose([at[name] for name in NAMES], place, atol=REST_RAD)


def test_a_slow_arm_is_no_resting_one() -> None:
    seconds = np.arange(0, 5, 0.02)
    positions = np.outer(seconds, [0.01, 0.0])  # rad/s
    assert not taken(ArmRest(), seconds, positions)


def test_joint_states_that_stop_say_nothing() -> None:
    rest = ArmRest()
    rest.hear(0.0, NAMES, [0.1, 0.2])
    rest.hear(0.4, NAMES, [0.1, 0.2])
    assert rest.take(0.4 + STALE_S + 0.1) is None
    rest.hear(1.0, NAMES, [0.1, 0.2])
    assert rest.take(1.01) == {"a": 0.1, "b": 0.2}
    assert rest.take(1.02) is None


def test_publishers_that_each_have_some_joints() -> None:
    rest = ArmRest()
    for now in np.arange(0, 1, 0.1):
        rest.hear(now, ["a"], [0.5])
        rest.hear(now + 0.05, ["b", "c"], [float(now), float("nan")])  # b moves on
        assert rest.take(now + 0.06) is None
    for now in np.arange(1, 2, 0.1):
        rest.hear(now, ["a"], [0.5])
        rest.hear(now + 0.05, ["b"], [0.9])
    assert rest.take(2.0) == {"a": 0.5, "b": 0.9}


def test_empty_states_are_none() -> None:
    rest = ArmRest()
    rest.hear(0.0, [], [])
    rest.hear(1.0, NAMES, [])
    assert rest.take(1.0) is None
