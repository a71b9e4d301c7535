"""A perception_node without networks."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest


class StandIn:
    """Finds one block straight ahead, where an image says; stands for the networks."""

    def __init__(self) -> None:
        self.position = np.array([0.1, -0.05, 0.7])
        self.calls = 0

    def detect(self, *_: Any) -> Any:
        from simreal_perception.pose_estimation.detection import Detections

        return Detections(np.zeros((0, 2)), np.zeros(0), np.zeros(0))

    def judged_candidates(self, *_: Any) -> Any:
        return []

    def estimate(self, *given: Any) -> Any:
        return self.blocks([], *given)

    def blocks(self, _: Any, image: Any, camera: Any, edge: float, *__: Any, **___: Any) -> Any:
        from simreal_common.block_estimate import BlockEstimate
        from simreal_common.geometry import Pose

        self.calls += 1
        pose = Pose(self.position, np.array([0.0, 0.0, 0.0, 1.0]))
        covariance = np.diag([1e-6, 1e-6, 1e-4, 1e-4, 1e-4, 1e-4])
        return [BlockEstimate(pose, covariance, 0.9, edge, "red")]


class Perception:
    """A perception_node whose callbacks are called as an executor does, and who listens to it."""

    def __init__(self, **parameters: Any) -> None:
        from rclpy.executors import SingleThreadedExecutor
        from rclpy.node import Node
        from rclpy.parameter import Parameter

        from simreal_perception.perception_node import PerceptionNode

        self.estimator = StandIn()
        self._closed = False
        own_name = f"__node:=perception_{uuid.uuid4().hex}"
        self.node = PerceptionNode(
            lambda _: self.estimator,
            parameter_overrides=[Parameter(k, value=v) for k, v in parameters.items()],
            cli_args=["--ros-args", "-r", own_name],
        )
        self.listener = Node("listener")
        self.heard: dict[str, list[Any]] = {}
        self._executor = SingleThreadedExecutor()
        for node in (self.node, self.listener):
            self._executor.add_node(node)

    def listen(self, kind: Any, topic: str) -> list[Any]:
        """What comes on a topic from now on."""
        heard: list[Any] = []
        subscription = self.listener.create_subscription(kind, topic, heard.append, 10)
        name = subscription.topic_name
        self.spin_until(lambda: self.listener.count_publishers(name) > 0)
        publishers = [p for p in self.node.publishers if p.topic_name == name]
        assert self.spin_until(lambda: publishers[0].get_subscription_count() > 0)
        return heard

    def spin_until(self, true: Callable[[], bool], timeout_s: float = 10.0) -> bool:
        end = time.monotonic() + timeout_s
        while not true() and time.monotonic() < end:
            self._executor.spin_once(timeout_sec=0.02)
        return true()

    def call(self, topic: str, message: Any) -> None:
        for subscription in list(self.node.subscriptions):
            if subscription.topic_name == topic:
                subscription.callback(message)

    def calibrate(self, frame: str = "optical", size: tuple[int, int] = (64, 48)) -> None:
        from std_msgs.msg import Header

        from simreal_common.camera import Camera
        from simreal_common.imaging.ros_camera_info import camera_to_camera_info

        info = camera_to_camera_info(Camera.pinhole(*size, 1.0), Header(frame_id=frame))
        self.call("/camera/camera_info", info)

    def see(self, stamp: float, frame: str = "optical", size: tuple[int, int] = (64, 48)) -> None:
        """Take a grey image."""
        from std_msgs.msg import Header

        from simreal_common.imaging.ros_images import rgb_to_image
        from simreal_common.ros_messages import to_stamp

        grey = np.full((*size[::-1], 3), 90, dtype=np.uint8)
        header = Header(stamp=to_stamp(stamp), frame_id=frame)
        self.call("/camera/image_raw", rgb_to_image(grey, header))

    def set_clock(self, seconds: float) -> None:
        from rclpy.clock import ClockType
        from rclpy.time import Time

        moment = Time(seconds=seconds, clock_type=ClockType.ROS_TIME)
        self.node.get_clock().set_ros_time_override(moment)

    def close(self) -> None:
        """Once, or again without effect."""
        if self._closed:
            return
        self._closed = True
        self._executor.shutdown()
        self.node.destroy_node()
        self.listener.destroy_node()


@pytest.fixture
def perception(ros: None) -> Iterator[Callable[..., Perception]]:
    """Makes perception nodes that are gone when the test is over."""
    made: list[Perception] = []

    def make(**parameters: Any) -> Perception:
        made.append(Perception(**parameters))
        return made[-1]

    yield make
    for one in made:
        one.close()
