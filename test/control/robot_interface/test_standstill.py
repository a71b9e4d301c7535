"""Rest is what positions say; speeds that a robot tells only hasten it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from simreal_control.robot_interface.standstill import LONG_S, REST_RAD_S, Standstill
from simreal_control.robot_interface.task_io import ArmState

NAN = float("nan")
PERIOD_S = 0.02


def heard(
    seconds: float,
    position: Callable[[float], float] = lambda t: 0.3,
    velocity: float = 0.0,
    opening: Callable[[float], float | None] = lambda t: 0.08,
) -> Standstill:
    standstill = Standstill()
    for t in np.arange(0.0, seconds, PERIOD_S):
        positions = np.array([1.0, position(t)])
        standstill.hear(ArmState(5.0 + t, positions, np.array([0.0, velocity]), opening(t)))
    return standstill


def test_nothing_is_at_rest_of_which_too_little_is_known() -> None:
    assert not Standstill().arm
    assert not heard(PERIOD_S).arm
    assert not heard(PERIOD_S).fingers


@pytest.mark.parametrize("velocity", [NAN, 0.3, -2.0, float("inf")])
def test_positions_that_stand_are_rest_whatever_the_speeds_say(velocity: float) -> None:
    assert not heard(0.1, velocity=velocity).arm
    assert heard(LONG_S + 0.1, velocity=velocity).arm


def test_speeds_that_agree_make_it_known_sooner() -> None:
    assert heard(0.1).arm


@pytest.mark.parametrize("speed", [0.02, 0.35])
@pytest.mark.parametrize("velocity", [0.0, NAN])
def test_an_arm_that_moves_is_not_at_rest_though_its_speeds_say_so(
    speed: float, velocity: float
) -> None:
    assert not heard(1.0, lambda t: speed * t, velocity).arm


def test_the_flicker_of_a_coarse_encoder_is_rest() -> None:
    step = 2 * np.pi / 4096
    assert heard(1.0, lambda t: step * (round(t / PERIOD_S) % 2)).arm


def test_positions_that_are_renewed_seldom_are_no_rest_where_the_robot_says_that_it_moves() -> None:
    def held(t: float) -> float:
        return 0.3 * np.floor(t / 0.2) * 0.2

    assert not heard(0.99, held, velocity=0.3).arm


def test_an_arm_that_has_just_stopped_is_at_rest_as_soon_as_its_speed_was_low() -> None:
    assert not heard(0.52, lambda t: 0.1 * min(t, 0.5)).arm
    assert heard(0.60, lambda t: 0.1 * min(t, 0.5)).arm


def test_a_clock_that_has_gone_back_begins_it_anew() -> None:
    standstill = heard(1.0)
    standstill.hear(ArmState(2.0, np.array([1.0, 0.3]), np.zeros(2), 0.08))
    assert not standstill.arm
    standstill.hear(ArmState(2.1, np.array([1.0, 0.3]), np.zeros(2), 0.08))
    assert standstill.arm


def test_states_that_repeat_a_stamp_say_nothing() -> None:
    standstill = Standstill()
    for _ in range(50):
        standstill.hear(ArmState(2.0, np.array([1.0, 0.3]), np.zeros(2), 0.08))
    assert not standstill.arm


def test_fingers_are_at_rest_when_they_stand_or_when_nobody_tells() -> None:
    assert heard(0.3).fingers
    assert not heard(0.3, opening=lambda t: 0.08 - 0.05 * t).fingers
    assert heard(0.3, opening=lambda t: None).fingers


def test_rest_is_slower_than_a_hand_may_move() -> None:
    assert REST_RAD_S <= 0.02
