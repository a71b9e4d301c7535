"""aruco_node: images of a calibrated camera in, poses of blocks with printed tags out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from simreal_common.camera import Camera
from simreal_common.frames.ros_transforms import Transforms
from simreal_common.imaging.ros_camera_info import camera_info_to_camera
from simreal_common.ros_guard import MessageGuard
from simreal_common.ros_messages import NANOSECONDS, diagnostics, stamp_nanoseconds
from simreal_common.ros_process import run_node
from simreal_common.ros_qos import LATEST_IMAGE_QOS, SHOWN_QOS
from simreal_common.settings.ros_parameters import declare
from simreal_perception.health.headers import OTHER_CLOCK_S
from simreal_perception.health.ros_stream_diagnostics import images_entry, inputs_entry
from simreal_perception.health.throughput import Throughput
from simreal_perception.ros_complaints import Complaints
from simreal_perception.ros_image_source import ImageSource
from simreal_perception.ros_outputs import DetectionOutputs
from simreal_perception.tags.aruco_parameters import ArucoParameters
from simreal_perception.tags.tag_estimator import TagEstimator
from simreal_perception.tags.tag_layout import TagLayout
from simreal_perception.video.image_io import check_size

DIAGNOSTICS_S = 1.0


class ArucoNode(Node):
    """Publishes what perception_node does, of blocks with tags; `id` is the block's number by its tags.

    Args:
        node_options: keyword arguments of rclpy's Node.

    Raises:
        SimrealError: a parameter cannot be used.
    """

    def __init__(self, **node_options: Any) -> None:
        super().__init__("aruco_node", **node_options)
        p = self._settings = declare(self, ArucoParameters)
        self._estimator = TagEstimator(TagLayout(p.dictionary))
        self._complaints = Complaints(self)
        transforms = Transforms(self) if p.target_frame else None
        self._throughput = Throughput(time.monotonic())
        self._info: CameraInfo | None = None
        self._info_at = 0.0
        self._camera: Camera | None = None
        self._images = ImageSource(self, p, "camera/image_raw", LATEST_IMAGE_QOS)
        self._outputs = DetectionOutputs(self, p, transforms, self._complaints)
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", SHOWN_QOS)
        self._guard = MessageGuard(self)
        images = self._images
        self._subscriptions_kept = [
            self.create_subscription(kind, topic, self._guard(topic, callback), qos)
            for kind, topic, callback, qos in (
                (CameraInfo, "camera/camera_info", self._on_camera_info, images.info_qos),
                (images.kind, images.topic, self._on_image, images.qos),
            )
        ]
        # Wall time: with use_sim_time and no /clock, no timer of the node's own clock would fire.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._diagnostics_timer = self.create_timer(
            DIAGNOSTICS_S, self._on_diagnostics, clock=steady
        )
        self.get_logger().info(f"tags of {p.dictionary} on blocks of {1000 * p.edge:g} mm")

    def _on_camera_info(self, message: CameraInfo) -> None:
        """Keep a calibration; of one that cannot be used nothing is kept."""
        self._info, self._camera = message, None
        self._info_at = time.monotonic()
        self._camera = camera_info_to_camera(message, rectified=self._settings.rectified)

    def _on_image(self, message: Image | CompressedImage) -> None:
        """Find the blocks in an image and publish them.

        Raises:
            SimrealError: of the image.
        """
        started = time.monotonic()
        self._throughput.heard(started)
        camera = self._camera
        if camera is None:
            self._complaints.take(
                "camera_info",
                f"images on {self._images.topic} without a usable calibration: wanted camera_info "
                f"beside them, on {self.resolve_topic_name('camera/camera_info')}",
            )
            return
        rgb = self._images.to_rgb(message)
        check_size(rgb, camera, "image", "camera_info")
        estimates = self._estimator.estimate(rgb, camera, self._settings.edge)
        self._outputs.publish(estimates, message.header, rgb, camera)
        late = self.get_clock().now().nanoseconds - stamp_nanoseconds(message.header.stamp)
        latency = late / NANOSECONDS if abs(late) < OTHER_CLOCK_S * NANOSECONDS else None
        now = time.monotonic()
        self._throughput.looked(now, now - started, latency, len(estimates))

    def _on_diagnostics(self) -> None:
        now = time.monotonic()
        age_s = None if self._info is None else now - self._info_at
        entries = {
            "images": images_entry(self._throughput.report(now), self._images.topic, age_s),
            "inputs": inputs_entry(self._complaints.current(), self._guard.dropped),
        }
        stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(diagnostics(self.get_name(), stamp, entries))


def main(args: Sequence[str] | None = None) -> int:
    """Console script."""
    return run_node(ArucoNode, args)
