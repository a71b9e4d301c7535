from __future__ import annotations

from simreal_perception.monitoring.measures.persistence import Persistence


def raised_at(alarm: Persistence, answers: list[bool], rate: float, start: float = 0.0) -> float:
    for index, answer in enumerate(answers):
        if alarm.update(start + index / rate, answer):
            return index / rate
    return -1.0


def test_an_alarm_waits_until_the_fault_has_lasted() -> None:
    assert raised_at(Persistence(hold_s=0.8), [True] * 30, 15.0) == 12 / 15
    assert raised_at(Persistence(hold_s=0.8), [True] * 9 + [False] * 20, 15.0) == -1.0


def test_a_good_image_in_between_changes_nothing() -> None:
    answers = [True, True, True, True, False] * 10
    assert 0 < raised_at(Persistence(hold_s=0.8), answers, 15.0) < 1.2


def test_a_slow_camera_gives_at_least_three_images() -> None:
    assert raised_at(Persistence(hold_s=0.8), [True] * 5, 1.0) == 2.0


def test_it_ends_when_nothing_was_bad_for_a_while() -> None:
    alarm = Persistence(hold_s=0.5, clear_s=1.0)
    for index in range(10):
        alarm.update(index / 10, True)
    ended = [time for time in range(10, 40) if not alarm.update(time / 10, False)]
    assert ended[0] == 20


def test_a_time_that_goes_back_begins_the_waiting_anew() -> None:
    alarm = Persistence(hold_s=0.8)
    assert raised_at(alarm, [True] * 8, 10.0, start=100.0) == -1.0
    assert raised_at(alarm, [True] * 20, 10.0) == 0.8


def test_images_that_tell_nothing_are_skipped_and_many_begin_anew() -> None:
    alarm = Persistence(hold_s=0.8, clear_s=2.0)
    for index in range(12):
        alarm.skip(index / 10) if index % 2 else alarm.update(index / 10, True)
    assert alarm.raised
    alarm = Persistence(hold_s=0.8, clear_s=2.0)
    alarm.update(0.0, True)
    alarm.update(0.1, True)
    alarm.skip(5.0)
    assert not alarm.update(5.1, True)
