"""Images out of recorded messages, for whoever reads a bag and goes on where one cannot be used."""

from __future__ import annotations

from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CompressedImage, Image

from simreal_common.errors import SimrealError
from simreal_common.imaging.pixel_formats import RgbImage
from simreal_common.imaging.ros_images import compressed_to_rgb, image_to_rgb
from simreal_perception.recordings.stored_message import StoredMessage
from simreal_perception.recordings.topics import COMPRESSED


def recorded_image(message: StoredMessage) -> tuple[RgbImage | None, str]:
    """The image of a message: uint8 RGB, shape (height, width, 3), or None and why it is none."""
    try:
        if message.type == COMPRESSED:
            return compressed_to_rgb(deserialize_message(message.data, CompressedImage)), ""
        return image_to_rgb(deserialize_message(message.data, Image)), ""
    except SimrealError as error:
        return None, str(error)
    except Exception as error:  # which one differs between runtimes
        return None, f"no image message ({type(error).__name__})"
