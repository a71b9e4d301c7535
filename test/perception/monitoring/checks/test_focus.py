"""A blur is told apart from something that comes before the camera, though both lower the sharpness."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from simreal_perception.monitoring.checks.check import WatchedImage
from simreal_perception.monitoring.checks.focus import FocusCheck
from simreal_perception.monitoring.measures.measurement import measure
from simreal_perception.monitoring.measures.monitor_config import MonitorConfig
from simreal_perception.monitoring.measures.past_images import PastImages

LEARN_S = 2.0


def bench_top() -> NDArray[np.uint8]:
    """A plain table with a few sharp things in all its parts."""
    rng = np.random.default_rng(4)
    image = np.full((480, 640, 3), 120, np.uint8)
    for _ in range(40):
        x, y, side = *rng.integers(0, (600, 440)).tolist(), int(rng.integers(16, 60))
        color = rng.integers(0, 255, size=3).tolist()
        cv2.rectangle(image, (x, y), (x + side, y + side), color, -1)
    return image


def seen(image: NDArray[np.uint8]) -> WatchedImage:
    """By a camera that rests."""
    return WatchedImage(measure(image), past=PastImages(LEARN_S))


@pytest.fixture
def check() -> FocusCheck:
    made = FocusCheck(None, MonitorConfig(learn_s=LEARN_S))
    for number in range(31):
        made.learn(seen(bench_top()), number / 10)
    return made


def test_a_sharp_image_is_sharp(check: FocusCheck) -> None:
    assert check.look(seen(bench_top())).bad is False


@pytest.mark.parametrize("how", ["out of focus", "smeared"])
def test_a_blur_lowers_all_gradients(check: FocusCheck, how: str) -> None:
    image = bench_top()
    blurred = (
        cv2.GaussianBlur(image, (0, 0), 4.0) if how == "out of focus" else cv2.blur(image, (21, 1))
    )
    verdict = check.look(seen(np.asarray(blurred, np.uint8)))
    assert verdict.bad and verdict.words.startswith("blurred")


def test_a_soft_thing_before_the_table_is_no_blur(check: FocusCheck) -> None:
    """As an arm of large smooth links, which takes the place of most edges."""
    image = bench_top()
    soft = np.asarray(cv2.GaussianBlur(image, (0, 0), 4.0), np.uint8)
    image[:, :500] = soft[:, :500]
    verdict = check.look(seen(image))
    whole = check.look(seen(soft))
    assert verdict.values["sharpness"] < 0.7 * verdict.values["sharpness before"]
    assert whole.bad and not verdict.bad
