"""An image of a recorded message, or the words why there is none."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="messages are ROS's")

from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image

from simreal_perception.recordings.ros_recorded_images import recorded_image
from simreal_perception.recordings.stored_message import StoredMessage

IMAGE = "sensor_msgs/msg/Image"


def stored(data: bytes) -> StoredMessage:
    return StoredMessage("/camera/image_raw", IMAGE, 0, data)


def image(encoding: str) -> Image:
    pixels = np.arange(24, dtype=np.uint8)
    return Image(height=2, width=4, encoding=encoding, step=12, data=pixels.tobytes())


def test_an_image_is_told_as_rgb() -> None:
    rgb, problem = recorded_image(stored(serialize_message(image("bgr8"))))
    assert rgb is not None and problem == ""
    assert rgb.tolist() == np.arange(24).reshape(2, 4, 3)[..., ::-1].tolist()


@pytest.mark.parametrize(
    ("data", "says"),
    [(serialize_message(image("smoke")), "smoke"), (b"\x00\x01\x00\x00\x07", "no image message")],
)
def test_what_is_none_says_why(data: bytes, says: str) -> None:
    rgb, problem = recorded_image(stored(data))
    assert rgb is None and says in problem and "\n" not in problem
