from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simreal_perception.monitoring.measures.measurement import measure
from simreal_perception.monitoring.measures.past_images import PastImages


def past(camera: Any) -> PastImages:
    images = PastImages(1.0)
    for time, image in camera.images(10.0, 2.0):
        images.learn(measure(image), time)
    return images


def test_images_are_as_like_those_before_as_they_look(
    plain_camera: Any, another_camera: Any
) -> None:
    images, same = past(plain_camera), plain_camera.image(40)
    likeness = [
        images.likeness(measure(one)) for one in (same, another_camera.image(0), 255 - same)
    ]
    # An arm moves, and the light flickers; by 0.7 the check of drift tells a negative.
    assert likeness[0] is not None and likeness[0] > 0.7
    assert likeness[1] is not None and abs(likeness[1]) < 0.5
    assert likeness[2] == pytest.approx(-likeness[0], abs=0.02)


def test_an_even_image_is_like_no_other(plain_camera: Any) -> None:
    assert past(plain_camera).likeness(measure(np.full((240, 320, 3), 90, np.uint8))) == 0.0


def test_nothing_is_known_before_it_is_learned_nor_of_another_size(plain_camera: Any) -> None:
    measured = measure(plain_camera.image(0))
    assert PastImages(1.0).likeness(measured) is None
    small = measure(np.ascontiguousarray(plain_camera.image(0)[:, :200]))
    assert past(plain_camera).likeness(small) is None
    assert past(plain_camera).coarse(small) is None


def test_the_light_is_that_of_the_last_image_in_order(plain_camera: Any) -> None:
    images, bright = past(plain_camera), measure(np.full((240, 320, 3), 255, np.uint8))
    assert images.bright < 0.1 and images.brightness < 200.0
    images.learn(bright, 9.0)
    assert (images.bright, images.clipped, images.brightness) == (1.0, 1.0, 255.0)
