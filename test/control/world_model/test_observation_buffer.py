"""Which pictures make an observation: of a resting arm, of all cameras that can be waited for."""

from __future__ import annotations

import numpy as np
import pytest

from simreal_control.robot_interface.task_io import DetectionFrame
from simreal_control.world_model.observation_buffer import PATIENCE_S, ObservationBuffer


def frame(stamp: float, placed: float | None = None, camera: str = "") -> DetectionFrame:
    return DetectionFrame(stamp, (), np.zeros(3), placed, camera)


def two_cameras(count: int = 2) -> ObservationBuffer:
    """Begun at 0, of an arm that rests from then on."""
    buffer = ObservationBuffer.begin(0.0, count, 0.3, 3.0, 0.5, ("front", "wrist"))
    return buffer.observe(0.0, True, [])


def test_an_observation_waits_for_both_cameras():
    buffer = two_cameras().observe(
        1.0, True, [frame(0.8, camera="front"), frame(0.9, camera="front")]
    )
    assert not buffer.complete(1.0)
    assert buffer.missing == ("wrist",)
    buffer = buffer.observe(1.5, True, [frame(1.3, camera="wrist"), frame(1.4, camera="wrist")])
    assert buffer.complete(1.5)
    assert [f.camera for f in buffer.detection_frames] == ["front", "front", "wrist", "wrist"]


def test_a_camera_that_is_known_to_be_lost_is_not_waited_for():
    buffer = two_cameras().observe(
        1.0, True, [frame(0.8, camera="front"), frame(0.9, camera="front")]
    )
    assert buffer.complete(1.0, lost={"wrist"})


def test_one_that_was_lost_is_waited_for_as_soon_as_it_sees_again():
    front = [frame(0.8, camera="front"), frame(0.9, camera="front")]
    buffer = two_cameras().observe(1.0, True, [*front, frame(0.9, camera="wrist")])
    assert not buffer.complete(1.0, lost={"wrist"})
    assert buffer.observe(1.1, True, [frame(1.0, camera="wrist")]).complete(1.1, lost={"wrist"})


def test_another_is_waited_for_a_while():
    buffer, now = two_cameras(), 1.0
    while not buffer.complete(now):
        now += 0.1
        buffer = buffer.observe(now, True, [frame(now - 0.1, camera="front")])
        assert now < 5.0
    assert now == pytest.approx(1.2 + PATIENCE_S, abs=0.15)
    assert "no new detections" in buffer.lack_of("wrist", now)


def test_one_with_too_few_pictures_is_told_as_that():
    buffer = two_cameras(3).observe(
        1.0,
        True,
        [frame(0.9, camera="wrist"), *(frame(0.7 + 0.1 * n, camera="front") for n in range(3))],
    )
    assert buffer.lack_of("wrist", 1.0) == "1 of 3 pictures in time"


def test_without_any_camera_there_is_no_observation():
    assert not two_cameras().observe(30.0, True, []).complete(30.0, lost={"front", "wrist"})


def test_each_camera_has_the_age_of_its_own_transform():
    buffer = two_cameras(1).observe(5.0, True, [frame(4.9, 4.9, "front"), frame(4.9, 1.0, "wrist")])
    assert buffer.missing == ("wrist",)
    words, _ = buffer.lack(5.0)
    assert "wrist: no detections for 5 s whose camera's place is known" in words
    assert "3.9 s old" in words
    assert "front: no new detections for 0 s" in words


def test_a_transform_from_before_the_arm_was_at_rest_tells_nothing_of_a_camera_on_it():
    buffer = ObservationBuffer.begin(0.0, 1, 0.0, 3.0, 0.5)
    buffer = buffer.observe(2.0, False, []).observe(2.1, True, [])
    assert not buffer.observe(2.3, True, [frame(2.2, placed=2.0)]).complete(2.3)
    assert buffer.observe(2.3, True, [frame(2.2, placed=2.2)]).complete(2.3)


def test_what_was_seen_while_the_arm_moved_does_not_count():
    buffer = ObservationBuffer.begin(0.0, 1, 0.3, 3.0).observe(1.0, False, [frame(0.9)])
    buffer = buffer.observe(1.1, True, [frame(1.05)]).observe(1.5, True, [frame(1.39)])
    assert not buffer.complete(1.5)
    assert buffer.observe(1.6, True, [frame(1.45)]).complete(1.6)
