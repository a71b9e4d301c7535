"""view_node: annotated images on a page of this machine, for a browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CompressedImage

from simreal_common.errors import ImageError
from simreal_common.imaging.image_codec import JPEG_HEAD
from simreal_common.ros_guard import MessageGuard
from simreal_common.ros_process import run_node
from simreal_common.ros_qos import LATEST_IMAGE_QOS
from simreal_common.settings.parameters import check_parameters, parameter
from simreal_common.settings.ros_parameters import declare
from simreal_common.untrusted_text import shortened
from simreal_perception.capture.page import MjpegPage

MOST_BYTES = 50_000_000


@dataclass(frozen=True)
class ViewParameters:
    """What view_node can be told."""

    port: int = parameter(8080, "of the page on 127.0.0.1; 0: any that is free", range=(0, 65535))

    def __post_init__(self) -> None:
        check_parameters(self)


class ViewNode(Node):
    """Shows `annotated/image_raw/compressed` (JPEG) on a page that this machine alone can open.

    Args:
        node_options: keyword arguments of rclpy's Node.

    Attributes:
        page: where they are shown.

    Raises:
        SimrealError: the port is taken.
    """

    def __init__(self, **node_options: Any) -> None:
        super().__init__("view_node", **node_options)
        self.page = MjpegPage(declare(self, ViewParameters).port)
        topic = "annotated/image_raw/compressed"
        guard = MessageGuard(self)
        self._subscription = self.create_subscription(
            CompressedImage, topic, guard(topic, self._on_image), LATEST_IMAGE_QOS
        )
        self.get_logger().info(f"open {self.page.url} in a browser on this machine")

    def destroy_node(self) -> None:
        """Close the page, then end."""
        self.page.close()
        super().destroy_node()

    def _on_image(self, message: CompressedImage) -> None:
        content = bytes(message.data)
        if not content.startswith(JPEG_HEAD) or len(content) > MOST_BYTES:
            raise ImageError(
                f"{len(content)} bytes of format '{shortened(message.format)}': wanted a JPEG image"
            )
        self.page.show(content)


def main(args: Sequence[str] | None = None) -> int:
    """Console script."""
    return run_node(ViewNode, args)
