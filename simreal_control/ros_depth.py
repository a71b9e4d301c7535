"""A depth camera as ROS shows it: depth images with their camera_info, or point clouds."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import Header
from tf2_ros import ExtrapolationException, TransformException

from simreal_common.camera import Camera
from simreal_common.frames.ros_transforms import Transforms
from simreal_common.geometry import Pose
from simreal_common.imaging.ros_camera_info import camera_info_to_camera
from simreal_common.imaging.ros_images import image_to_depth
from simreal_common.imaging.ros_point_clouds import cloud_to_points
from simreal_common.ros_guard import MessageGuard
from simreal_common.ros_messages import DiagnosticEntry, stamp_seconds, transform_to_pose
from simreal_common.ros_qos import CAMERA_INFO_QOS, LATEST_IMAGE_QOS
from simreal_common.untrusted_text import shortened
from simreal_control.control_configuration import ControlParameters
from simreal_control.occupancy.range_image import range_image
from simreal_control.robot_interface.depth_frame import DepthFrame

DepthImage = NDArray[np.floating[Any]]

POINTS = "points"  # the value of `depth.type`
KEPT = 5  # images that wait for the transform of their stamp


class RosDepth:
    """Listens to a depth camera.

    Args:
        node: owns the subscriptions.
        parameters: of control_node; `depth.topic` is given.
        transforms: where the camera is.
        guard: of the node's subscriptions.
        complain: takes what a warning is about and its words; it may come again and again.

    Attributes:
        lack: why there are no frames, in words; empty where there are.
    """

    def __init__(
        self,
        node: Node,
        parameters: ControlParameters,
        transforms: Transforms,
        guard: MessageGuard,
        complain: Callable[[str, str], None],
    ) -> None:
        p = self._parameters = parameters
        self._transforms, self._complain = transforms, complain
        self._waiting: deque[tuple[Header, DepthFrame]] = deque(maxlen=KEPT)
        self._camera: tuple[tuple[Any, ...], Camera] | None = None
        self._heard: float | None = None
        self.lack = ""
        topic = self._topic = p.depth_topic.strip()
        if p.depth_type == POINTS:
            self._subscriptions = [
                node.create_subscription(
                    PointCloud2, topic, guard(topic, self.hear_points), LATEST_IMAGE_QOS
                )
            ]
            return
        info = self._info_topic = p.depth_camera_info.strip() or beside(topic)
        self._subscriptions = [
            node.create_subscription(Image, topic, guard(topic, self.hear_image), LATEST_IMAGE_QOS),
            node.create_subscription(
                CameraInfo, info, guard(info, self.hear_camera_info), CAMERA_INFO_QOS
            ),
        ]

    def hear_camera_info(self, message: CameraInfo) -> None:
        """Take the calibration of the depth images.

        Raises:
            CalibrationError: it is none.
        """
        told = (
            message.width, message.height, message.distortion_model, *message.k, *message.d,
            message.binning_x, message.binning_y, message.roi,
        )  # fmt: skip
        if self._camera is None or self._camera[0] != told:
            self._camera = (told, camera_info_to_camera(message))

    def hear_image(self, message: Image) -> None:
        """Take a depth image; without its calibration it is left out.

        Raises:
            ImageError: it cannot be used, or the calibration is of another size.
        """
        if self._camera is None:
            self.lack = f"depth images come, but no camera_info on {self._info_topic}"
            self._complain("depth camera_info", self.lack)
            return
        self._keep(message.header, image_to_depth(message), self._camera[1], Pose.identity())

    def hear_points(self, message: PointCloud2) -> None:
        """Take a point cloud, in a frame that lies in its sensor.

        Raises:
            MessageError: it cannot be used.
        """
        self._keep(message.header, *range_image(cloud_to_points(message)))

    def take(self) -> tuple[DepthFrame, ...]:
        """The newest one since the last call whose camera's place is known; older ones are let go."""
        for number in reversed(range(len(self._waiting))):
            header, frame = self._waiting[number]
            pose = self._pose(header)
            if pose is None:
                continue  # its transform may come yet; that of one before it may be there already
            self._waiting = deque(list(self._waiting)[number + 1 :], maxlen=KEPT)
            self.lack = ""
            return (replace(frame, pose_camera_in_base=pose @ frame.pose_camera_in_base),)
        return ()

    def start_anew(self) -> None:
        """Forget all: time has gone back."""
        self._waiting.clear()
        self._heard = None

    def entries(self, now: float) -> dict[str, DiagnosticEntry]:
        """What to tell of it on /diagnostics: an error where the arm waits for newer images."""
        values, words = {"topic": self._topic}, self.lack
        if self._heard is None:
            words = words or f"no depth images on {self._topic}"
        else:
            age_s = now - self._heard
            values["age of the latest depth image (s)"] = f"{age_s:.1f}"
            if age_s > self._parameters.depth_max_age:
                words = words or f"no depth images on {self._topic} for {age_s:.1f} s"
        level = DiagnosticStatus.ERROR if words else DiagnosticStatus.OK
        words = words or "depth images come"
        return {f"depth {self._topic}": (level, words, values)}

    def _keep(self, header: Header, depth: DepthImage, camera: Camera, pose: Pose) -> None:
        frame = DepthFrame(stamp_seconds(header.stamp), depth, camera, pose)
        self._waiting.append((header, frame))
        self._heard = frame.stamp

    def _pose(self, header: Header) -> Pose | None:
        """Of the message's frame in the base when it was taken; None: not known (yet)."""
        base, frame_id = self._parameters.base_frame, header.frame_id
        try:
            found = self._transforms.lookup_transform(base, frame_id, Time.from_msg(header.stamp))
        except ExtrapolationException:
            self.lack = f"no transform from {shortened(frame_id)} to {base} of its time"
            return None
        except TransformException as error:
            self.lack = f"no transform from {shortened(frame_id)} to {base}"
            self._complain("depth transform", f"{self.lack} ({error}); {self._topic} is left out")
            return None
        return transform_to_pose(found.transform)


def beside(topic: str) -> str:
    """Where image_transport looks for the calibration of a topic's images."""
    namespace, slash, _ = topic.rpartition("/")
    return f"{namespace}{slash}camera_info"
