from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from simreal_common.block_estimate import BLOCK_EDGE_M, BlockEstimate
from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_perception.model_files.model_card import load_model_card
from simreal_perception.monitoring.checks.registry import CHECKS
from simreal_perception.monitoring.measures.check_result import State
from simreal_perception.monitoring.measures.monitor_config import MonitorConfig
from simreal_perception.monitoring.monitor import Monitor

BEFORE_S, RATE = 6.0, 10.0
WITHIN_S = 2.0
CARD = load_model_card("block")


def moved(image: Any) -> Any:
    way = np.float32([[1, 0, 3], [0, 1, 2]])
    return cv2.warpAffine(image, way, image.shape[1::-1], borderMode=cv2.BORDER_REFLECT_101)


def brighter(image: Any) -> Any:
    return np.clip(image * 4.0, 0, 255).astype(np.uint8)


def bluer(image: Any) -> Any:
    return np.clip(image * np.array([0.5, 1.0, 1.6]), 0, 255).astype(np.uint8)


FAULTS = {
    "lens": [lambda image: np.full_like(image, 3), lambda image: np.full_like(image, 90)],
    "exposure": [brighter, lambda image: (0.1 * image).astype(np.uint8)],
    "focus": [
        lambda image: cv2.GaussianBlur(image, (0, 0), 2.0),
        lambda image: cv2.blur(image, (1, 9)),
    ],
    "view": [moved],
    "drift": [
        bluer,
        lambda image: (0.35 * image + 130).astype(np.uint8),
        lambda image: np.asarray(255 - image),
    ],
}


def blocks(*scores: float, sigma_m: float = 0.002) -> list[BlockEstimate]:
    """Estimates beside each other, half a metre away."""
    return [
        BlockEstimate(
            Pose(np.array([0.1 * number, 0.0, 0.5]), np.array([0.0, 0.0, 0.0, 1.0])),
            sigma_m**2 * np.eye(6),
            score,
            BLOCK_EDGE_M,
        )
        for number, score in enumerate(scores)
    ]


def after_ordinary_images(camera: Any, **config: Any) -> Monitor:
    monitor = Monitor.of(CARD, MonitorConfig(**config))
    for time, image in camera.images(RATE, BEFORE_S):
        monitor.look(image, time, blocks(0.95, 0.9))
    return monitor


@pytest.mark.parametrize(
    ("check", "fault"), [(name, fault) for name, faults in FAULTS.items() for fault in faults]
)
def test_a_planted_fault_is_found_in_time_and_named(
    plain_camera: Any, check: str, fault: Any
) -> None:
    monitor = after_ordinary_images(plain_camera)
    assert not monitor.events
    for time, image in plain_camera.images(RATE, WITHIN_S, BEFORE_S, fault):
        monitor.look(image, time, blocks(0.95, 0.9))
    assert [event.name for event in monitor.events if event.bad] == [check]
    assert monitor.events[0].time - BEFORE_S <= WITHIN_S
    (bad,) = [one for one in monitor.findings() if one.state is State.BAD]
    assert bad.name == check and bad.words.endswith(CHECKS[check].remedy) and "\n" not in bad.words


def test_an_alarm_ends_with_its_cause(plain_camera: Any) -> None:
    monitor = after_ordinary_images(plain_camera)
    for time, image in plain_camera.images(RATE, 2.0, BEFORE_S, FAULTS["focus"][0]):
        monitor.look(image, time)
    for time, image in plain_camera.images(RATE, 3.0, BEFORE_S + 2.0):
        monitor.look(image, time)
    assert [(event.name, event.bad) for event in monitor.events] == [
        ("focus", True),
        ("focus", False),
    ]


def test_a_short_fault_is_none(plain_camera: Any) -> None:
    monitor = after_ordinary_images(plain_camera)
    for time, image in plain_camera.images(RATE, 0.4, BEFORE_S, FAULTS["lens"][0]):
        monitor.look(image, time)
    for time, image in plain_camera.images(RATE, 2.0, BEFORE_S + 0.4):
        monitor.look(image, time)
    assert not monitor.events


def test_an_unsure_network_is_found(plain_camera: Any) -> None:
    monitor = after_ordinary_images(plain_camera)
    for time, image in plain_camera.images(RATE, WITHIN_S, BEFORE_S):
        monitor.look(image, time, blocks(0.5, 0.45))
    assert [event.name for event in monitor.events] == ["network"]


def test_a_network_that_becomes_less_sure_of_blocks_that_rest_is_found(plain_camera: Any) -> None:
    monitor = after_ordinary_images(plain_camera)
    for time, image in plain_camera.images(RATE, WITHIN_S, BEFORE_S):
        monitor.look(image, time, blocks(0.94, 0.9, sigma_m=0.004))
    (event,) = monitor.events
    assert event.name == "network" and "less surely" in event.words


def test_blocks_that_are_taken_away_are_no_doubt(plain_camera: Any) -> None:
    monitor = after_ordinary_images(plain_camera)
    for time, image in plain_camera.images(RATE, WITHIN_S, BEFORE_S):
        monitor.look(image, time, blocks(0.95))
    assert not monitor.events


def test_another_scene_is_another_view(plain_camera: Any, another_camera: Any) -> None:
    monitor = after_ordinary_images(plain_camera)
    for time, image in another_camera.images(RATE, WITHIN_S, BEFORE_S):
        monitor.look(image, time)
    assert [event.name for event in monitor.events] == ["view"]


def test_a_camera_that_moves_is_compared_with_training_alone(plain_camera: Any) -> None:
    monitor = after_ordinary_images(plain_camera, moving_camera=True)
    for fault in (moved, bluer):
        for time, image in plain_camera.images(RATE, WITHIN_S, BEFORE_S, fault):
            monitor.look(image, time)
    assert not monitor.events
    (view,) = [one for one in monitor.findings() if one.name == "view"]
    assert view.state is State.IDLE and "moves" in view.words


def test_a_camera_that_is_carried_about_is_not_said_to_have_been_moved(plain_camera: Any) -> None:
    monitor = Monitor.of(CARD)
    for time, image in plain_camera.images(RATE, 12.0):
        monitor.look(np.roll(image, int(60 * time), axis=1), time)
    assert not [event for event in monitor.events if event.name == "view"]


def test_a_recording_that_loops_alarms_nobody(plain_camera: Any) -> None:
    monitor = after_ordinary_images(plain_camera)
    for time, image in plain_camera.images(RATE, BEFORE_S):
        monitor.look(image, time)
    assert not monitor.events


def test_without_a_reference_the_past_counts_alone(plain_camera: Any) -> None:
    monitor = Monitor()
    for time, image in plain_camera.images(RATE, BEFORE_S):
        monitor.look(image, time)
    found = {one.name: one for one in monitor.findings()}
    assert "watch-reference" in found["drift"].words
    for time, image in plain_camera.images(RATE, WITHIN_S, BEFORE_S, FAULTS["focus"][0]):
        monitor.look(image, time)
    assert [event.name for event in monitor.events] == ["focus"]


def test_pictures_are_judged_by_themselves(plain_camera: Any) -> None:
    monitor = Monitor.of(CARD)
    good = monitor.judge_picture(plain_camera.image(0))
    assert not [name for name, verdict in good.items() if verdict.bad]
    bad = monitor.judge_picture(plain_camera.image(0, FAULTS["lens"][1]))
    assert bad["lens"].bad
    assert not monitor.judge_picture(plain_camera.image(1))["lens"].bad


def test_tiny_images_are_not_judged() -> None:
    monitor = Monitor.of(CARD)
    monitor.look(np.zeros((48, 64, 3), np.uint8), 0.0)
    assert {one.state for one in monitor.findings()} == {State.IDLE}


def test_times_must_make_sense() -> None:
    with pytest.raises(ConfigurationError, match="hold_s"):
        MonitorConfig(hold_s=-1.0)
