from __future__ import annotations

from typing import Any

import numpy as np

from simreal_perception.monitoring.checks.check import WatchedImage
from simreal_perception.monitoring.checks.view import RELEARN_S, ViewCheck
from simreal_perception.monitoring.measures.measurement import measure
from simreal_perception.monitoring.measures.monitor_config import MonitorConfig

RATE = 5.0


def seen(image: np.ndarray, time: float) -> WatchedImage:
    return WatchedImage(measure(image), time)


def learned(camera: Any) -> tuple[ViewCheck, float]:
    check, time = ViewCheck(None, MonitorConfig(learn_s=3.0)), 0.0
    for time, image in camera.images(RATE, 5.0):
        check.look(seen(image, time))
    assert check.rests and check.watched >= 10
    return check, time


def test_an_arm_and_blocks_that_move_do_not_move_the_camera(plain_camera: Any) -> None:
    check, _ = learned(plain_camera)
    for time, image in plain_camera.images(RATE, 20.0, 5.0):
        image[100:140, 100:150] = (200, 30, 30) if time > 10 else image[100:140, 100:150]
        assert check.look(seen(image, time)).bad is False


def test_a_camera_that_was_moved_far_stays_so_until_it_is_back(plain_camera: Any) -> None:
    check, time = learned(plain_camera)
    for index in range(1, 100):
        image = np.roll(plain_camera.image(index), (40, 90), axis=(0, 1))
        verdict = check.look(seen(image, time + index / RATE))
        assert verdict.bad, index
    for index in range(1, 4):
        verdict = check.look(seen(plain_camera.image(index), time + (100 + index) / RATE))
    assert verdict.bad is False


def test_things_that_are_taken_away_one_by_one_are_learned_anew(plain_camera: Any) -> None:
    check, _ = learned(plain_camera)
    watched = check.watched
    for time, image in plain_camera.images(2.0, 10 + 5 * RELEARN_S, 5.0):
        # A cloth is drawn over the table, a tenth of it every ten seconds, with a print on it.
        width = min(int(time / 10), 9) * 32
        image[:, :width] = np.roll(image, 77, axis=0)[:, :width]
        assert not check.look(seen(image, time)).bad, time
    assert check.watched > watched / 3


def test_an_even_wall_is_not_watched() -> None:
    check = ViewCheck(None, MonitorConfig(learn_s=1.0))
    image = np.full((240, 320, 3), 120, np.uint8)
    for index in range(20):
        verdict = check.look(seen(image, index / RATE))
    assert verdict.bad is None and "0 parts" in verdict.words
