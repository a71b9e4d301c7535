"""perception_node: images of a calibrated camera in, poses of blocks out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header
from vision_msgs.msg import Detection3DArray

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.imaging.ros_camera_info import camera_info_to_camera
from simreal_common.imaging.ros_images import image_to_depth
from simreal_common.ros_guard import MessageGuard
from simreal_common.ros_messages import estimates_to_detections, stamp_nanoseconds, stamp_seconds
from simreal_common.ros_process import run_node
from simreal_common.ros_qos import (
    CAMERA_INFO_QOS,
    DETECTION_QOS,
    EVERY_IMAGE_QOS,
    LATEST_IMAGE_QOS,
    RECORD_IMAGE_QOS,
)
from simreal_common.settings.ros_parameters import declare
from simreal_perception.node_parameters import RELIABLE, PerceptionParameters
from simreal_perception.pose_estimation.image_pyramid import Search, image_pyramid
from simreal_perception.pose_estimation.support_plane import SupportPlane
from simreal_perception.ros_camera_pose import CameraPoses
from simreal_perception.ros_image_source import ImageSource
from simreal_perception.ros_plane import TransformedPlane
from simreal_perception.tracking.tracked_estimator import Estimator, TrackedEstimator
from simreal_perception.video.image_io import check_size

SILENCE_S = (
    10.0  # a camera or a simulation may take its time to start; after that say what is missing
)
REPEAT_S = 5.0  # the same complaint is not made more often
KEPT_DEPTHS = 5  # depth images may come before their image
RATE_SLACK = 0.9  # stamps jitter: an image that comes a tenth of the period early still counts


class PerceptionNode(Node):
    """Publishes `detections` for each image it looks at; works on the newest image, queues none.

    Args:
        load: gives the estimator for a model's name or path.
        node_options: keyword arguments of rclpy's Node.

    Raises:
        SimrealError: a parameter or the model cannot be used.
    """

    def __init__(self, load: Callable[[str], Estimator] | None = None, **node_options: Any) -> None:
        super().__init__("perception_node", **node_options)
        self._settings = declare(self, PerceptionParameters)
        search = self._settings.search
        self._estimator = (load or partial(_load_estimator, search=search))(self._settings.model)
        # What scores a little lower now and then is followed all the same.
        self._tracked = TrackedEstimator(self._estimator, 0.5 * self._settings.min_score)
        self._camera_poses = CameraPoses(self, self._settings.fixed_frame)
        self._info: CameraInfo | None = None
        self._camera: Camera | None = None
        self._camera_key: tuple[object, ...] = ()
        self._last_stamp_ns: int | None = None
        self._has_image = False
        self._plane = TransformedPlane(self, self._settings)
        # Depth images that wait for their image, by stamp, and an image that waits for its depth.
        self._depths: dict[int, Image] = {}
        self._waiting: Image | CompressedImage | None = None
        self._images = ImageSource(self, self._settings, "camera/image_raw")
        self._detections = self.create_publisher(Detection3DArray, "detections", DETECTION_QOS)
        image_qos = EVERY_IMAGE_QOS if self._settings.reliability == RELIABLE else LATEST_IMAGE_QOS
        listened: list[tuple[Any, str, Callable[[Any], None], QoSProfile]] = [
            (CameraInfo, "camera/camera_info", self._on_camera_info, CAMERA_INFO_QOS),
            (self._images.kind, self._images.topic, self._on_image, image_qos),
        ]
        if self._settings.use_depth:
            listened.append((Image, "depth/image_raw", self._on_depth, RECORD_IMAGE_QOS))
        guard = MessageGuard(self)
        self._subscriptions_kept = [
            self.create_subscription(kind, topic, guard(topic, callback), qos)
            for kind, topic, callback, qos in listened
        ]
        # Wall time: with use_sim_time and no /clock, no timer of the node's own clock would fire.
        self._silence_timer = self.create_timer(
            SILENCE_S, self._on_silence, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )
        self.get_logger().info(
            f"model {self._settings.model}, blocks of {1000 * self._settings.edge:g} mm"
        )

    def _on_camera_info(self, message: CameraInfo) -> None:
        self._info = message

    def _on_image(self, message: Image | CompressedImage) -> None:
        if not self._has_image:
            self._has_image = True
            if not message.header.frame_id:
                self.get_logger().warning(
                    "images come without a frame_id: got '', wanted the camera's optical frame, or "
                    "nobody can place the detections; set frame_id in the camera driver"
                )
        if not self._settings.use_depth:
            self._look(message, None)
            return
        depth = self._depths.pop(stamp_nanoseconds(message.header.stamp), None)
        late, self._waiting = self._waiting, message if depth is None else None
        if late is not None:  # its depth will not come any more
            topic = self.resolve_topic_name("depth/image_raw")
            self.get_logger().warning(
                f"an image without a depth image of its stamp on {topic}: it is looked at without; "
                "wanted one aligned depth image for each image, with the same stamp: switch "
                "alignment and synchronization on in the camera driver, or set use_depth:=false",
                throttle_duration_sec=REPEAT_S,
            )
            self._look(late, None)
        if depth is not None:
            self._look(message, depth)

    def _on_depth(self, message: Image) -> None:
        stamp_ns = stamp_nanoseconds(message.header.stamp)
        image = self._waiting
        if image is not None and stamp_nanoseconds(image.header.stamp) == stamp_ns:
            self._waiting = None
            self._look(image, message)
            return
        self._depths[stamp_ns] = message
        while len(self._depths) > KEPT_DEPTHS:
            self._depths.pop(next(iter(self._depths)))

    def _look(self, message: Image | CompressedImage, depth_message: Image | None) -> None:
        """Find the blocks in an image and publish them.

        Raises:
            SimrealError: of image, depth, calibration or model.
        """
        if self._info is None or not self._due(message):
            return
        camera = self._camera_of(self._info)
        rgb = self._images.to_rgb(message)
        check_size(rgb, camera, "image", "camera_info")
        depth = None if depth_message is None else image_to_depth(depth_message)
        plane = self._plane.at(message.header)
        started = time.perf_counter()
        estimates = self._estimate(rgb, camera, message.header, plane, depth)
        good = [e for e in estimates if e.score >= self._settings.min_score]
        self._detections.publish(estimates_to_detections(good, message.header))
        elapsed_ms = 1000.0 * (time.perf_counter() - started)
        self.get_logger().debug(f"{len(good)} blocks in {elapsed_ms:.1f} ms")

    def _estimate(
        self,
        rgb: NDArray[np.uint8],
        camera: Camera,
        header: Header,
        plane: SupportPlane | None,
        depth: NDArray[np.floating[Any]] | None,
    ) -> Sequence[BlockEstimate]:
        edge = self._settings.edge
        placed = self._camera_poses.at(header)
        if not self._settings.tracking or not placed.known:
            return self._estimator.estimate(rgb, camera, edge, plane, depth)
        stamp = stamp_seconds(header.stamp)
        return self._tracked.update(rgb, camera, edge, stamp, placed.pose, plane=plane, depth=depth)

    def _due(self, message: Image | CompressedImage) -> bool:
        stamp_ns = stamp_nanoseconds(message.header.stamp)
        rate, last_ns = self._settings.max_rate, self._last_stamp_ns
        # A stamp that goes back is a simulation or a bag that started again.
        if rate > 0 and last_ns is not None and 0 <= stamp_ns - last_ns < RATE_SLACK * 1e9 / rate:
            return False
        self._last_stamp_ns = stamp_ns
        return True

    def _camera_of(self, info: CameraInfo) -> Camera:
        """The calibration of a camera_info; made once as long as it stays the same."""
        roi = info.roi
        whole = (info.width, info.height, info.binning_x, info.binning_y)
        region = (roi.x_offset, roi.y_offset, roi.width, roi.height)
        key = (*info.k, *info.d, *info.p, *whole, *region, info.distortion_model)
        if self._camera is None or key != self._camera_key:
            self._camera = None
            self._camera = camera_info_to_camera(info, rectified=self._settings.rectified)
            self._camera_key = key
            self._check_width(self._camera)
            self._check_rectified(self._camera)
        return self._camera

    def _check_rectified(self, camera: Camera) -> None:
        """Say so where the topic's name tells that its images are not what the parameter says."""
        named_so = "image_rect" in self._images.topic  # image_proc's names
        if named_so and not self._settings.rectified and camera.distortion.any():
            self.get_logger().warning(
                f"images on {self._images.topic} are rectified, by its name, and camera_info has "
                "distortion coefficients: got rectified: false, wanted rectified: true, or the raw "
                "images' topic; otherwise blocks are found a centimetre or more off"
            )

    def _check_width(self, camera: Camera) -> None:
        """Say so where max_width keeps small blocks from being found."""
        p = self._settings
        pyramid = image_pyramid(camera, p.edge, p.search)
        if pyramid.cut:
            wanted = round(pyramid.finest * max(camera.width, camera.height))
            self.get_logger().warning(
                f"max_width {p.max_width} is narrower than the {wanted} pixels at which blocks of "
                f"{1000 * p.edge:g} mm are found up to max_distance, {p.max_distance:g} m: far ones "
                "may be missed; raise max_width, or lower max_distance"
            )

    def _on_silence(self) -> None:
        """Once, some seconds after the start: say which input is missing and why it may be."""
        self._silence_timer.cancel()
        images, info = self._images, self.resolve_topic_name("camera/camera_info")
        for name, topic, kind, remedy, missing in (
            ("camera/image_raw", images.topic, "images", images.remedy, not self._has_image),
            ("camera/camera_info", info, "camera calibration", lambda: None, self._info is None),
        ):
            if not missing:
                continue
            publishers = self.count_publishers(topic)
            mend = (
                f"{publishers} publish it, but with a type or QoS that does not fit, or on "
                f"the other side of a network: see ros2 topic info --verbose {topic}"
                if publishers
                else remedy()
                or f"nobody publishes it: start the camera, or name its topic with -r {name}:=/..."
            )
            self.get_logger().warning(f"no {kind} on {topic} after {SILENCE_S:g} s; {mend}")


def _load_estimator(model: str, search: Search) -> Estimator:
    from simreal_perception.pose_estimation.estimator import BlockEstimator

    return BlockEstimator.load(model, search=search)  # type: ignore[no-any-return,unused-ignore]


def main(args: Sequence[str] | None = None) -> int:
    return run_node(PerceptionNode, args)
