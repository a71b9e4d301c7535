"""Publishes randomized images with their labels, one seed a scene, for whoever records a data set.

Needs no PyBullet: the ray caster that also draws for training draws them. Topics, all with the stamp
and frame of their image:

- `camera/image_raw`, `camera/camera_info`
- `labels/instances`: mono8 image, number of the block that a pixel shows, 0 for anything else
- `labels/blocks_3d`: poses in the optical frame, each block's own edge in `bbox.size`
- `labels/blocks_2d`: boxes of the visible pixels
- `labels/json`: the whole label in one string, with seed and the projected corners

`id` of a detection is the block's number in `labels/instances`, its `score` the visible share.
"""

from __future__ import annotations

import array
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header, String
from vision_msgs.msg import (
    Detection2D,
    Detection2DArray,
    Detection3DArray,
    ObjectHypothesisWithPose,
)

from simreal_common.block_estimate import BlockEstimate
from simreal_common.imaging.ros_camera_info import camera_to_camera_info
from simreal_common.imaging.ros_images import rgb_to_image
from simreal_common.resources import named_path
from simreal_common.ros_messages import BLOCK_CLASS, estimates_to_detections, pose_to_message
from simreal_common.ros_process import NodeFinished, run_node
from simreal_common.ros_qos import IMAGE_QOS, TRUTH_QOS
from simreal_common.settings.parameters import check_parameters, parameter
from simreal_common.settings.ros_parameters import declare
from simreal_sim.randomization.labelled_images import LabelledImage, LabelledImages
from simreal_sim.randomization.ranges.randomization_config import GROUPS, RandomizationConfig

OPTICAL_FRAME = "camera_optical_frame"
# Between the first subscription and the first image, so that a recorder has found every topic; and
# between the last image and the end, so that it has arrived.
SETTLE_S = 1.0
LARGEST_SEED = 2**31 - 1
NOTHING = "none"


@dataclass(frozen=True)
class RandomizedImagesParameters:
    """Which scenes are drawn, how large and how fast."""

    seed: int = parameter(
        1, "of the first scene; scene n has seed + n and is the same alone", range=(0, LARGEST_SEED)
    )
    count: int = parameter(0, "scenes until the node ends; 0: endless", range=(0, LARGEST_SEED))
    rate: float = parameter(5.0, "images a second, at most", range=(0.01, 200.0))
    image_width: int = parameter(640, "width of the images, pixels", range=(64, 4096))
    image_height: int = parameter(480, "height of the images, pixels", range=(48, 4096))
    randomization: str = parameter(
        "", "YAML file with the ranges, like config/randomization.yaml; '' for that one"
    )
    disabled: tuple[str, ...] = parameter(
        (NOTHING,),
        "groups of randomization that are switched off; 'none' for none of them",
        choices=(*GROUPS, NOTHING),
    )

    def __post_init__(self) -> None:
        check_parameters(self)

    def drawn(self) -> RandomizationConfig:
        """What is varied, and within which ranges."""
        path = named_path("randomization", self.randomization) if self.randomization else None
        return RandomizationConfig.load(path, frozenset(self.disabled) - {NOTHING})


class RandomizedImagesNode(Node):
    """Draws and publishes one scene a tick of a timer, while anybody listens."""

    def __init__(self) -> None:
        super().__init__("randomized_images_node")
        self._settings = p = declare(self, RandomizedImagesParameters)
        self._source = LabelledImages(p.image_width, p.image_height, p.drawn())
        self._images = self.create_publisher(Image, "camera/image_raw", IMAGE_QOS)
        self._infos = self.create_publisher(CameraInfo, "camera/camera_info", IMAGE_QOS)
        self._instances = self.create_publisher(Image, "labels/instances", IMAGE_QOS)
        self._poses = self.create_publisher(Detection3DArray, "labels/blocks_3d", TRUTH_QOS)
        self._boxes = self.create_publisher(Detection2DArray, "labels/blocks_2d", TRUTH_QOS)
        self._texts = self.create_publisher(String, "labels/json", TRUTH_QOS)
        self._label_publishers = (
            self._images, self._infos, self._instances, self._poses, self._boxes, self._texts,
        )  # fmt: skip
        self._number = 0
        self._heard_since: float | None = None
        self._ended_at: float | None = None
        self.create_timer(1.0 / p.rate, self._tick)
        many = f"{p.count} scenes" if p.count else "scenes without end"
        self.get_logger().info(
            f"{many} from seed {p.seed}, {p.image_width}x{p.image_height}, at most {p.rate:g} a "
            "second; begins when somebody subscribes to one of the topics"
        )

    def _tick(self) -> None:
        now = time.monotonic()
        if self._ended_at is not None:
            if now - self._ended_at >= SETTLE_S:
                raise NodeFinished
            return
        # Nobody listens: an image less would be missing from the data set, so wait.
        if not any(publisher.get_subscription_count() for publisher in self._label_publishers):
            self._heard_since = None
            return
        if self._heard_since is None:
            self._heard_since = now
        if now - self._heard_since < SETTLE_S:
            return
        p = self._settings
        self._publish(self._source.draw(p.seed + self._number))
        self._number += 1
        if self._number == p.count:
            self._ended_at = time.monotonic()
            self.get_logger().info(f"done: {p.count} scenes, seeds from {p.seed}")

    def _publish(self, label: LabelledImage) -> None:
        header = Header(stamp=self.get_clock().now().to_msg(), frame_id=OPTICAL_FRAME)
        self._infos.publish(camera_to_camera_info(label.camera, header))
        self._images.publish(rgb_to_image(label.image, header))
        self._instances.publish(_instances_message(label, header))
        self._poses.publish(_poses_message(label, header))
        self._boxes.publish(_boxes_message(label, header))
        stamp = {"sec": header.stamp.sec, "nanosec": header.stamp.nanosec}
        self._texts.publish(String(data=json.dumps({"stamp": stamp, **label.as_dict()})))


def _instances_message(label: LabelledImage, header: Header) -> Image:
    height, width = label.instances.shape
    data = array.array("B")  # rclpy takes it as it is
    data.frombytes(label.instances.tobytes())
    return Image(
        header=header, height=height, width=width, encoding="mono8", is_bigendian=0, step=width,
        data=data,
    )  # fmt: skip


def _poses_message(label: LabelledImage, header: Header) -> Detection3DArray:
    exact = np.zeros((6, 6))
    message = estimates_to_detections(
        [BlockEstimate(block.pose, exact, block.visible, block.edge) for block in label.blocks],
        header,
    )
    for detection, block in zip(message.detections, label.blocks, strict=True):
        detection.id = str(block.number)
    return message


def _boxes_message(label: LabelledImage, header: Header) -> Detection2DArray:
    """One detection for each block of which a pixel is seen; its result carries the pose again."""
    detections = []
    for block in label.blocks:
        if block.box is None:
            continue
        left, top, right, bottom = block.box
        result = ObjectHypothesisWithPose()
        result.hypothesis.class_id = BLOCK_CLASS
        result.hypothesis.score = block.visible
        result.pose.pose = pose_to_message(block.pose)
        detection = Detection2D(header=header, results=[result], id=str(block.number))
        # The centre of the top left pixel is (0, 0), as in camera_info.
        detection.bbox.center.position.x = (left + right - 1) / 2
        detection.bbox.center.position.y = (top + bottom - 1) / 2
        detection.bbox.size_x, detection.bbox.size_y = float(right - left), float(bottom - top)
        detections.append(detection)
    return Detection2DArray(header=header, detections=detections)


def main(args: Sequence[str] | None = None) -> int:
    """Entry point of `ros2 run simreal randomized_images_node`."""
    return run_node(RandomizedImagesNode, args)


if __name__ == "__main__":
    raise SystemExit(main())
