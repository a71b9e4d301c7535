"""Stands in for perception in tests: detections made of the truth, with a network's kind of error.

Run it as a process: `python truth_perception_node.py --ros-args -p use_sim_time:=true -p seed:=1`.
"""

from __future__ import annotations

import sys
from collections import deque
from typing import Any

import numpy as np
from rclpy.node import Node
from rclpy.time import Time
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header
from tf2_ros import Buffer, TransformException, TransformListener
from vision_msgs.msg import Detection3DArray

from simreal_common.block_estimate import BlockEstimate
from simreal_common.geometry import Pose, cube_symmetries
from simreal_common.ros_messages import (
    estimates_to_detections,
    message_to_pose,
    stamp_seconds,
    transform_to_pose,
)
from simreal_common.ros_process import run_node
from simreal_common.ros_qos import CAMERA_INFO_QOS, DETECTION_QOS, TRUTH_QOS

EDGE = 0.05
RAY_BIAS_M, RAY_NOISE_M, LATERAL_NOISE_M = 0.012, 0.004, 0.002
MISSED = 0.1


class TruthPerceptionNode(Node):
    """At each camera_info (so at each picture) the newest truth, seen from the camera, spoilt."""

    def __init__(self) -> None:
        super().__init__("perception_node")
        seed = self.declare_parameter("seed", 0).value
        self._rng = np.random.default_rng(seed)
        self._bias: dict[str, float] = {}
        self._truth: deque[Any] = deque(maxlen=50)
        self._buffer = Buffer()
        self._listener = TransformListener(self._buffer, self)
        self._publisher = self.create_publisher(Detection3DArray, "detections", DETECTION_QOS)
        self.create_subscription(
            Detection3DArray,
            "ground_truth/blocks",
            lambda truth: self._truth.append(truth),
            TRUTH_QOS,
        )
        self.create_subscription(CameraInfo, "camera/camera_info", self._on_info, CAMERA_INFO_QOS)

    def _on_info(self, info: CameraInfo) -> None:
        if not self._truth:
            return
        stamp = stamp_seconds(info.header.stamp)
        truth = min(self._truth, key=lambda t: abs(stamp_seconds(t.header.stamp) - stamp))
        try:
            transform = self._buffer.lookup_transform(
                info.header.frame_id, truth.header.frame_id, Time.from_msg(info.header.stamp)
            )
        except TransformException:
            return
        world_in_camera = transform_to_pose(transform.transform)
        estimates = [
            self._estimate(detection.id, world_in_camera @ message_to_pose(detection.bbox.center))
            for detection in truth.detections
            if self._rng.random() > MISSED
        ]
        header = Header(stamp=info.header.stamp, frame_id=info.header.frame_id)
        self._publisher.publish(estimates_to_detections(estimates, header))

    def _estimate(self, name: str, pose: Pose) -> BlockEstimate:
        rng = self._rng
        bias = self._bias.setdefault(name, rng.normal(0, RAY_BIAS_M))
        ray = pose.position / np.linalg.norm(pose.position)
        error = (bias + rng.normal(0, RAY_NOISE_M)) * ray + rng.normal(0, LATERAL_NOISE_M, 3)
        tremble = Rotation.from_rotvec(rng.normal(0, 0.05, 3)).as_matrix()
        rotation = pose.rotation @ cube_symmetries()[rng.integers(24)] @ tremble
        covariance = np.diag([LATERAL_NOISE_M**2] * 3 + [0.05**2] * 3)
        covariance[:3, :3] += RAY_BIAS_M**2 * np.outer(ray, ray)
        return BlockEstimate(
            Pose.from_rotation(rotation, pose.position + error), covariance, 0.9, EDGE
        )


if __name__ == "__main__":
    sys.exit(run_node(TruthPerceptionNode))
