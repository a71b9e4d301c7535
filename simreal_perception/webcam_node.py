"""webcam_node: a camera of this machine, a video file or a folder of images as a ROS camera."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from simreal_common.errors import ImageError
from simreal_common.imaging.ros_camera_info import camera_to_camera_info
from simreal_common.imaging.ros_images import rgb_to_image
from simreal_common.ros_process import NodeFinished, run_node
from simreal_common.ros_qos import IMAGE_QOS
from simreal_common.settings.parameters import check_parameters, parameter
from simreal_common.settings.ros_parameters import declare
from simreal_perception.capture.sources import EndOfImages, open_source
from simreal_perception.capture.webcam_calibration import calibration_of

REPEAT_S = 60.0  # a guess is called one that often


@dataclass(frozen=True)
class WebcamParameters:
    """What webcam_node can be told."""

    device: str = parameter(
        "0",
        "number of a camera (0), its path (/dev/video0), a video file or a folder of images",
    )
    camera_file: str = parameter(
        "",
        "calibration of the images: a ROS camera_info YAML, or one of OpenCV or Kalibr; empty: an "
        "ideal lens is guessed from field_of_view",
    )
    field_of_view: float = parameter(
        1.05,
        "without camera_file: angle of view along the longer side of the image, radians; 1.05 are "
        "60 degrees, as many webcams have; telephones about 1.2",
        range=(0.1, 2.5),
    )
    rate: float = parameter(15.0, "most images published a second", range=(0.01, 240.0))
    width: int = parameter(0, "width that a camera is asked for, pixels; 0: any", range=(0, 16384))
    height: int = parameter(0, "likewise its height", range=(0, 16384))
    repeat: bool = parameter(True, "video and images begin again at their end; else the node ends")
    frame_id: str = parameter("camera_optical_frame", "optical frame of the images")

    def __post_init__(self) -> None:
        check_parameters(self)


class WebcamNode(Node):
    """Publishes `camera/image_raw` (rgb8) and `camera/camera_info`.

    Args:
        node_options: keyword arguments of rclpy's Node.

    Raises:
        SimrealError: nothing that gives images, or a calibration that is none.
    """

    def __init__(self, **node_options: Any) -> None:
        super().__init__("webcam_node", **node_options)
        p = self._settings = declare(self, WebcamParameters)
        self._calibration = calibration_of(p.camera_file, p.field_of_view)
        self._source = open_source(
            p.device, size=(p.width, p.height), repeat=p.repeat, say=self.get_logger().warning
        )
        self._images = self.create_publisher(Image, "camera/image_raw", IMAGE_QOS)
        self._infos = self.create_publisher(CameraInfo, "camera/camera_info", IMAGE_QOS)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = self.create_timer(1.0 / p.rate, self._on_timer, clock=steady)
        self.get_logger().info(f"images from {p.device}, {p.rate:g} a second at most")

    def destroy_node(self) -> None:
        """Let the camera go, then end."""
        self._source.close()
        super().destroy_node()

    def _on_timer(self) -> None:
        try:
            rgb = self._source.read()
        except EndOfImages as end:
            self.get_logger().info(str(end))
            raise NodeFinished() from end
        except ImageError as error:
            self.get_logger().warning(f"{error}; it is left out", throttle_duration_sec=5.0)
            return
        if rgb is None:
            return
        p = self._settings
        if not p.camera_file:
            self._say_guess()
        header = Header(stamp=self.get_clock().now().to_msg(), frame_id=p.frame_id)
        height, width = rgb.shape[:2]
        self._infos.publish(camera_to_camera_info(self._calibration(width, height), header))
        self._images.publish(rgb_to_image(rgb, header))

    def _say_guess(self) -> None:
        degrees = math.degrees(self._settings.field_of_view)
        self.get_logger().warning(
            f"no camera_file: the lens is guessed, an ideal one of {degrees:.0f} degrees "
            "(field_of_view); directions are about right, distances are off as far as that is; "
            "calibrate the camera and give its file",
            throttle_duration_sec=REPEAT_S,
        )


def main(args: Sequence[str] | None = None) -> int:
    """Console script."""
    return run_node(WebcamNode, args)
