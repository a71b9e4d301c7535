"""aruco_node: an image of tags in, the same topics as perception_node's out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy")

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from tf2_ros import StaticTransformBroadcaster
from vision_msgs.msg import Detection3DArray
from visualization_msgs.msg import MarkerArray

from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_common.imaging.ros_camera_info import camera_to_camera_info
from simreal_common.imaging.ros_images import rgb_to_image
from simreal_common.ros_messages import pose_to_transform_stamped
from simreal_common.ros_qos import DETECTION_QOS, IMAGE_QOS, SHOWN_QOS
from simreal_perception.tags.aruco_node import ArucoNode
from simreal_perception.tags.tag_layout import TagLayout

WAIT_S = 8.0
STAMP = Time(sec=12, nanosec=250_000_000)
TRUTH = Pose(np.array([0.02, 0.01, 0.5]), np.array([0.6, 0.5, 0.2, 0.59160798]))


class Bench:
    """The node and a camera driver in one executor."""

    def __init__(self, tagged: Any, overrides: dict[str, Any]) -> None:
        self.tagged = tagged
        self.node = ArucoNode(
            parameter_overrides=[Parameter(name, value=value) for name, value in overrides.items()]
        )
        self.driver = Node("driver")
        self.received: dict[str, list[Any]] = {}
        self.images = self.driver.create_publisher(Image, "camera/image_raw", IMAGE_QOS)
        self.infos = self.driver.create_publisher(CameraInfo, "camera/camera_info", IMAGE_QOS)
        for kind, topic, qos in (
            (Detection3DArray, "detections", DETECTION_QOS),
            (Detection3DArray, "detections_in_target", DETECTION_QOS),
            (MarkerArray, "markers", SHOWN_QOS),
            (DiagnosticArray, "/diagnostics", SHOWN_QOS),
        ):
            heard = self.received[topic] = []
            self.driver.create_subscription(kind, topic, heard.append, qos)
        self.tf = StaticTransformBroadcaster(self.driver)
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self.executor.add_node(self.driver)
        assert self.spin_until(
            lambda: (
                self.images.get_subscription_count() > 0
                and self.infos.get_subscription_count() > 0
                and self.driver.count_publishers("/detections") > 0
            )
        )

    def spin_until(self, done: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + WAIT_S
        while not done() and time.monotonic() < deadline:
            self.executor.spin_once(timeout_sec=0.02)
        return done()

    def send(self, dictionary: str = "APRILTAG_36h11") -> None:
        """An image of block 3 until there are detections of it."""
        rgb = self.tagged.draw(TagLayout(dictionary), {3: TRUTH})
        header = Header(stamp=STAMP, frame_id="optical")
        self.infos.publish(camera_to_camera_info(self.tagged.camera, header))
        count = len(self.received["detections"])
        deadline = time.monotonic() + WAIT_S
        while len(self.received["detections"]) == count and time.monotonic() < deadline:
            self.images.publish(rgb_to_image(rgb, header))
            for _ in range(10):
                self.executor.spin_once(timeout_sec=0.02)

    def close(self) -> None:
        self.executor.shutdown()
        self.node.destroy_node()
        self.driver.destroy_node()


@pytest.fixture
def bench(ros: None, tagged: Any, request: pytest.FixtureRequest) -> Iterator[Bench]:
    bench = Bench(tagged, getattr(request, "param", {}))
    yield bench
    bench.close()


def test_a_block_with_tags_is_told_as_perception_node_does(bench: Bench) -> None:
    bench.send()
    message = bench.received["detections"][-1]
    assert message.header.frame_id == "optical"
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (12, 250_000_000)
    (detection,) = message.detections
    assert detection.id == "3"
    assert detection.bbox.size.x == pytest.approx(0.05)
    place = detection.results[0].pose.pose.position
    assert [place.x, place.y, place.z] == pytest.approx([0.02, 0.01, 0.5], abs=0.002)
    covariance = np.reshape(detection.results[0].pose.covariance, (6, 6))
    assert (np.linalg.eigvalsh(covariance) > 0).all()
    assert bench.spin_until(lambda: bool(bench.received["markers"]))

    def entries() -> dict[str, str]:
        return {s.name: s.message for m in bench.received["/diagnostics"] for s in m.status}

    assert bench.spin_until(lambda: "images a second" in entries().get("aruco_node: images", ""))


@pytest.mark.parametrize(
    "bench", [{"target_frame": "world", "dictionary": "4X4_250"}], indirect=True
)
def test_blocks_are_told_in_a_target_frame_and_by_other_tags(bench: Bench) -> None:
    camera_in_world = Pose(np.array([1.0, 2.0, 3.0]), np.array([0.0, 0.0, 0.0, 1.0]))
    bench.tf.sendTransform(pose_to_transform_stamped(camera_in_world, "world", "optical", STAMP))
    bench.send("4X4_250")
    deadline = time.monotonic() + WAIT_S
    while not bench.received["detections_in_target"] and time.monotonic() < deadline:
        bench.send("4X4_250")
    message = bench.received["detections_in_target"][-1]
    assert message.header.frame_id == "world"
    place = message.detections[0].results[0].pose.pose.position
    assert [place.x, place.y, place.z] == pytest.approx([1.02, 2.01, 3.5], abs=0.002)


def test_without_a_calibration_it_says_so_and_goes_on(bench: Bench) -> None:
    header = Header(stamp=STAMP, frame_id="optical")
    blank = rgb_to_image(np.zeros((480, 640, 3), np.uint8), header)

    def complained() -> bool:
        bench.images.publish(blank)
        return any(
            "camera_info" in status.message
            for message in bench.received["/diagnostics"]
            for status in message.status
            if status.name.endswith("inputs")
        )

    assert bench.spin_until(complained)
    assert not bench.received["detections"]
    bench.send()
    assert bench.received["detections"][-1].detections


def test_an_unknown_dictionary_is_refused(ros: None) -> None:
    with pytest.raises(ConfigurationError, match="dictionary"):
        ArucoNode(parameter_overrides=[Parameter("dictionary", value="QR")])
