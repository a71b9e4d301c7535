"""Where a node's images come from: a topic of raw or of compressed ones."""

from __future__ import annotations

from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image

from simreal_common.imaging.pixel_formats import RgbImage
from simreal_common.imaging.ros_images import compressed_to_rgb, image_to_rgb
from simreal_perception.node_parameters import RAW, CameraParameters

COMPRESSED_SUFFIX = "/compressed"


class ImageSource:
    """The topic of a camera's images, named as image_transport does, and what its messages are.

    Args:
        node: whose remappings hold for the topic.
        parameters: `image_transport` says which topic, `bit_depth` what lies in 16 bits.
        name: topic of the raw images.

    Attributes:
        kind: message type.
        topic: full name.
    """

    def __init__(self, node: Node, parameters: CameraParameters, name: str) -> None:
        raw = node.resolve_topic_name(name)
        compressed = raw + COMPRESSED_SUFFIX
        self._node = node
        self._bit_depth = parameters.bit_depth
        self._is_raw = parameters.image_transport == RAW
        self.kind: type[Any] = Image if self._is_raw else CompressedImage
        self.topic, self._other = (raw, compressed) if self._is_raw else (compressed, raw)

    def to_rgb(self, message: Any) -> RgbImage:
        """A message of this topic as RGB, uint8, shape (height, width, 3).

        Raises:
            ImageError: it holds no image.
        """
        convert = image_to_rgb if self._is_raw else compressed_to_rgb
        return convert(message, self._bit_depth)

    def remedy(self) -> str | None:
        """What to set where images come the other way; None where they do not."""
        if not self._node.count_publishers(self._other):
            return None
        wanted = "compressed" if self._is_raw else RAW
        return f"{self._other} is published: set image_transport:={wanted}"
