"""A robot's cameras as ROS shows them: detections and transforms in, their state in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import TransformStamped
from rclpy.node import Node
from rclpy.time import Time
from std_msgs.msg import Header
from tf2_ros import ExtrapolationException, TransformException
from vision_msgs.msg import Detection3DArray

from simreal_common.frames.ros_transforms import Transforms
from simreal_common.ros_guard import MessageGuard
from simreal_common.ros_messages import (
    DiagnosticEntry,
    detections_to_estimates,
    stamp_seconds,
    transform_to_pose,
)
from simreal_common.ros_qos import DETECTION_QOS
from simreal_common.untrusted_text import shortened
from simreal_control.control_configuration import ControlParameters
from simreal_control.robot_interface.task_io import DetectionFrame
from simreal_control.world_model.block_map import estimate_in_base

MAX_KEPT_FRAMES = 100  # of a camera


@dataclass(frozen=True)
class Heard:
    """Tells of the latest detections of one camera.

    Args:
        at: when they came, seconds.
        lack: why they do not count, in words; empty where they do.
        tf_age_s: age of the camera's transform then.
    """

    at: float
    lack: str = ""
    tf_age_s: float = 0.0


class RosCameras:
    """Listens to the detections of all cameras, each of which has a topic.

    Args:
        node: owns the subscriptions.
        parameters: of control_node.
        transforms: where the cameras are.
        guard: of the node's subscriptions.
        complain: takes what a warning is about and its words; it may come again and again.
    """

    def __init__(
        self,
        node: Node,
        parameters: ControlParameters,
        transforms: Transforms,
        guard: MessageGuard,
        complain: Callable[[str, str], None],
    ) -> None:
        self._node, self._parameters, self._transforms = node, parameters, transforms
        self._complain = complain
        self._config = parameters.stacking_config()
        self._frames: dict[str, list[DetectionFrame]] = {}
        self._heard: dict[str, Heard] = {}
        # A camera that is alone has no name.
        self._topics = dict(zip(self._config.cameras, parameters.detection_topics, strict=True))
        self._subscriptions = [
            node.create_subscription(
                Detection3DArray,
                topic,
                guard(topic, partial(self.hear, camera=camera)),
                DETECTION_QOS,
            )
            for camera, topic in self._topics.items()
        ]

    def hear(self, message: Detection3DArray, camera: str = "") -> None:
        """Take what a picture showed; without a transform of its camera it is left out."""
        stamp, found = stamp_seconds(message.header.stamp), detections_to_estimates(message)
        try:
            transform = self._camera_transform(message.header)
        except TransformException as error:
            words = (
                f"no transform from {shortened(message.header.frame_id)} to "
                f"{self._parameters.base_frame} ({error}); detections are left out"
            )
            self._heard[camera] = Heard(self._now(), words)
            self._complain(f"transform {camera}", words)
            return
        pose, placed = transform_to_pose(transform.transform), stamp_seconds(transform.header.stamp)
        ray, lateral = self._config.map.ray_sigma_m, self._config.map.lateral_sigma_m
        estimates = tuple(estimate_in_base(estimate, pose, ray, lateral) for estimate in found)
        frame = DetectionFrame(stamp, estimates, np.array(pose.position), placed, camera)
        self._frames[camera] = [*self._frames.get(camera, []), frame][-MAX_KEPT_FRAMES:]
        age_s = abs(stamp - placed)
        old = age_s > self._config.max_tf_age_s
        words = f"its transform is {age_s:.1f} s older than its pictures" if old else ""
        self._heard[camera] = Heard(self._now(), words, age_s)

    def take(self) -> tuple[DetectionFrame, ...]:
        """What came since the last call, oldest first."""
        frames, self._frames = self._frames, {}
        return tuple(
            sorted((f for some in frames.values() for f in some), key=lambda frame: frame.stamp)
        )

    def start_anew(self) -> None:
        """Forget all: time has gone back."""
        self._frames, self._heard = {}, {}

    def entries(self, now: float) -> dict[str, DiagnosticEntry]:
        """What to tell of each on /diagnostics."""
        lacks = {camera: self._lack(camera, now) for camera in self._topics}
        # As long as one camera sees, the task may go on.
        wrong = DiagnosticStatus.ERROR if all(lacks.values()) else DiagnosticStatus.WARN
        entries: dict[str, DiagnosticEntry] = {}
        for camera, lack in lacks.items():
            heard, topic = self._heard.get(camera), self._topics[camera]
            values = {"topic": topic}
            if heard is not None:
                values["age of the latest detections (s)"] = f"{now - heard.at:.1f}"
                values["age of the camera's transform then (s)"] = f"{heard.tf_age_s:.2f}"
            level = wrong if lack else DiagnosticStatus.OK
            entries[f"camera {topic}"] = (level, lack or "detections come", values)
        return entries

    def _now(self) -> float:
        return float(self._node.get_clock().now().nanoseconds) * 1e-9

    def _camera_transform(self, header: Header) -> TransformStamped:
        """At the time of the picture, or the latest before it: the task judges whether that is old.

        Raises:
            TransformException: there is none at all.
        """
        base, at = self._parameters.base_frame, Time.from_msg(header.stamp)
        try:
            return self._transforms.lookup_transform(base, header.frame_id, at)
        except ExtrapolationException:
            return self._transforms.lookup_transform(base, header.frame_id, Time())

    def _lack(self, camera: str, now: float) -> str:
        """Why there are no detections that count, in words; empty where there are."""
        heard, topic = self._heard.get(camera), self._topics[camera]
        if heard is None:
            return f"no detections on {topic}"
        if now - heard.at > self._config.max_detection_age_s:
            return f"no detections on {topic} for {now - heard.at:.0f} s"
        return heard.lack
