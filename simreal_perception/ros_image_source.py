"""Where a node's images come from: a topic of raw or of compressed ones."""

from __future__ import annotations

from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CompressedImage, Image

from simreal_common.imaging.pixel_formats import RgbImage
from simreal_common.imaging.ros_images import compressed_to_rgb, image_to_rgb
from simreal_common.ros_qos import CAMERA_INFO_QOS, LATCHED_CAMERA_INFO_QOS, reliably
from simreal_perception.node_parameters import RAW, RELIABLE, CameraParameters

COMPRESSED_SUFFIX = "/compressed"


class ImageSource:
    """The topic of a camera's images, named as image_transport does, and what its messages are.

    Args:
        node: whose remappings hold for the topic.
        parameters: `image_transport` says which topic, `bit_depth` what lies in 16 bits,
            `image_reliability` and `camera_info_latched` how they are heard.
        name: topic of the raw images.
        qos: of a subscription that hears every publisher.

    Attributes:
        kind: message type.
        topic: full name.
        qos: of a subscription to it.
        info_qos: of one to the camera_info beside it.
    """

    def __init__(
        self, node: Node, parameters: CameraParameters, name: str, qos: QoSProfile
    ) -> None:
        raw = node.resolve_topic_name(name)
        compressed = raw + COMPRESSED_SUFFIX
        self.qos = reliably(qos) if parameters.image_reliability == RELIABLE else qos
        latched = parameters.camera_info_latched
        self.info_qos = LATCHED_CAMERA_INFO_QOS if latched else CAMERA_INFO_QOS
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
