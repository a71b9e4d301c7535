"""Simulated against real time."""

from __future__ import annotations

import pytest

from simreal_sim.physics.pacing import CATCH_UP_S, Pacer, Schedule


class FakeClock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_simulated_time_follows_real_time_by_the_factor(factor: float) -> None:
    clock = FakeClock()
    pacer = Pacer(factor, clock)
    simulated = 0.0
    for _ in range(200):
        clock.now += 0.01
        steps = int(pacer.due(0.1) * 240)
        pacer.ran(steps / 240)
        simulated += steps / 240
    assert simulated == pytest.approx(2.0 * factor, abs=1 / 240 + 1e-9)


def test_a_pause_is_made_up_for_and_a_long_one_given_up() -> None:
    clock = FakeClock()
    pacer = Pacer(1.0, clock)
    clock.now += 0.3
    assert pacer.due(10.0) == pytest.approx(0.3)
    pacer.ran(0.3)
    clock.now += 60.0
    assert pacer.due(10.0) == pytest.approx(CATCH_UP_S)
    assert pacer.given_up_s == pytest.approx(60.0 - CATCH_UP_S)


def test_factor_0_is_as_fast_as_it_goes() -> None:
    assert Pacer(0.0, FakeClock()).due(0.05) == 0.05


@pytest.mark.parametrize("rate", [5.0, 100.0, 240.0])
def test_a_schedule_keeps_its_rate_on_steps_that_do_not_divide_it(rate: float) -> None:
    schedule = Schedule(rate)
    times = [k / 240 for k in range(1, 2401) if schedule.is_due(k / 240)]
    assert len(times) == pytest.approx(10 * rate, abs=1)


def test_a_schedule_that_was_not_asked_for_long_is_due_once() -> None:
    schedule = Schedule(10.0)
    assert schedule.is_due(5.0)
    assert not schedule.is_due(5.01)
    assert schedule.is_due(5.11)
