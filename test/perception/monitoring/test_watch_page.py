from __future__ import annotations

from typing import Any

import numpy as np

from simreal_perception.monitoring.measures.check_result import CheckResult
from simreal_perception.monitoring.monitor import Monitor
from simreal_perception.monitoring.watch_page import WatchFacts, pictures_page, watch_page
from simreal_perception.monitoring.watch_record import WatchRecord


def test_the_page_tells_alarms_with_cause_and_remedy(plain_camera: Any) -> None:
    monitor, record = Monitor(), WatchRecord()
    for time, image in plain_camera.images(10.0, 6.0):
        monitor.look(image, 50.0 + time)
        record.add(monitor, 50.0 + time)
    for time, image in plain_camera.images(10.0, 2.0, 6.0, lambda image: np.full_like(image, 3)):
        monitor.look(image, 50.0 + time)
        record.add(monitor, 50.0 + time)
    page = watch_page(WatchFacts("a <b> bag", "block", ["one image cannot be used"]), record)
    assert "a &lt;b&gt; bag" in page and "one image cannot be used" in page
    assert "uncover and clean the lens" in page and "<svg" in page
    assert "80 images, 7.9 s" in page
    assert [event.name for event in record.alarms] == ["lens"]


def test_a_page_without_images_can_be_made() -> None:
    assert "0 images" in watch_page(WatchFacts("bag", "block"), WatchRecord())


def test_pictures_are_listed_with_what_is_wrong() -> None:
    wrong = {"a.png": {"focus": CheckResult(True, "blurred: very")}}
    page = pictures_page(WatchFacts("folder", "block"), 3, wrong)
    assert "a.png" in page and "blurred: very" in page
    assert "nothing is wrong" in pictures_page(WatchFacts("folder", "block"), 3, {})
