"""All checks, whatever each asks for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simreal_perception.monitoring.checks.check import Check, WatchedImage
from simreal_perception.monitoring.checks.registry import CHECKS
from simreal_perception.monitoring.measures.check_result import CheckResult
from simreal_perception.monitoring.measures.measurement import measure
from simreal_perception.monitoring.measures.monitor_config import MonitorConfig
from simreal_perception.monitoring.measures.reference import Reference
from simreal_perception.monitoring.monitor import Monitor


class TooGreen(Check):
    """A check that nobody has foreseen."""

    name = "green"
    remedy = "see to the light"

    def __init__(self, reference: Reference | None, config: MonitorConfig) -> None:
        self._usual = 0.0

    def look(self, image: WatchedImage) -> CheckResult:
        tint = image.measured.statistics["tint"]
        return CheckResult(tint > self._usual + 60.0, f"tint {tint:.0f}", {"tint": tint})

    def learn(self, image: WatchedImage, time: float) -> None:
        self._usual = image.measured.statistics["tint"]


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_says_what_to_do_and_judges_a_picture_by_itself(
    name: str, plain_camera: Any
) -> None:
    check = CHECKS[name](None, MonitorConfig())
    assert check.name == name and check.remedy and "\n" not in check.remedy
    result = check.look(WatchedImage(measure(plain_camera.image(0))))
    assert not result.bad and result.words


def test_a_check_that_is_entered_is_asked_and_told(
    plain_camera: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CHECKS, "green", TooGreen)
    monitor = Monitor(config=MonitorConfig(learn_s=1.0))
    for time, image in plain_camera.images(10.0, 3.0):
        monitor.look(image, time)
    assert not monitor.events and "tint" in monitor.values["green"]

    def green(image: np.ndarray) -> np.ndarray:
        return np.clip(image * np.array([0.5, 1.2, 0.5]), 0, 255).astype(np.uint8)

    for time, image in plain_camera.images(10.0, 2.0, 3.0, green):
        monitor.look(image, time)
    assert [event.name for event in monitor.events] == ["green"]
    assert monitor.findings()[-1].words.endswith("; see to the light")
