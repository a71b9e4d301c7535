"""RosCameras: each camera by its own topic, frame and transform; what lacks is on /diagnostics."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy")

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from std_msgs.msg import Header
from vision_msgs.msg import Detection3DArray

from simreal_common.block_estimate import BlockEstimate
from simreal_common.geometry import Pose, look_at
from simreal_common.ros_messages import (
    estimates_to_detections,
    pose_to_transform_stamped,
    to_stamp,
)
from simreal_common.ros_qos import SHOWN_QOS
from simreal_control.control_configuration import ControlParameters
from simreal_control.ros_robot import RosRobot

FRONT = look_at([1.15, 0.0, 0.62], [0.47, 0.0, 0.03])
WRIST = look_at([0.38, 0.0, 0.58], [0.53, 0.0, 0.03])
BLOCK = Pose(np.array([0.5, 0.1, 0.025]), np.array([0.0, 0.0, 0.0, 1.0]))
TOPICS = ("detections", "wrist/detections")


class Bench:
    """Two cameras before one robot, and who reads its diagnostics."""

    def __init__(self, topics: tuple[str, ...]) -> None:
        self.node = Node("control_node")
        self.complaints: list[str] = []
        self.robot = RosRobot(
            self.node,
            ControlParameters(detection_topics=topics),
            None,
            lambda about, text: self.complaints.append(text),
        )
        self.callbacks: dict[str, Callable[[Any], None]] = {
            s.topic_name: s.callback for s in self.node.subscriptions
        }
        self.told: list[DiagnosticArray] = []
        self._kept = self.node.create_subscription(
            DiagnosticArray, "/diagnostics", self.told.append, SHOWN_QOS
        )
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)

    def place(self, frame: str, pose: Pose, stamp: float | None = None) -> None:
        """Tell TF; without a stamp for good."""
        transform = pose_to_transform_stamped(pose, "panda_link0", frame, to_stamp(stamp or 0.0))
        if stamp is None:
            self.robot.transforms.set_transform_static(transform, "a calibration")
        else:
            self.robot.transforms.set_transform(transform, "the arm")

    def see(self, topic: str, frame: str, pose: Pose, stamp: float) -> None:
        """Detections of the block by a camera there."""
        estimate = BlockEstimate(pose.inverse() @ BLOCK, 1e-6 * np.eye(6), 0.9, 0.05)
        header = Header(stamp=to_stamp(stamp), frame_id=frame)
        message: Detection3DArray = estimates_to_detections([estimate], header)
        self.callbacks[f"/{topic}"](message)

    def diagnosis(self) -> dict[str, Any]:
        """The latest entries, by name; of after now."""
        self.told.clear()
        deadline = time.monotonic() + 30.0
        while not self.told:
            assert time.monotonic() < deadline, "no diagnostics"
            self.executor.spin_once(timeout_sec=0.1)
        return {status.name: status for status in self.told[-1].status}

    @property
    def now(self) -> float:
        return float(self.node.get_clock().now().nanoseconds) * 1e-9


@pytest.fixture
def make_bench() -> Iterator[Callable[..., Bench]]:
    rclpy.init()
    made: list[Bench] = []

    def make(*topics: str) -> Bench:
        made.append(Bench(topics or TOPICS))
        return made[-1]

    yield make
    for bench in made:
        bench.executor.shutdown()
        bench.robot.destroy()
        bench.node.destroy_node()
    rclpy.shutdown()


def test_each_camera_tells_in_the_base_frame_by_its_own_transform(make_bench) -> None:
    bench = make_bench()
    bench.place("front_optical", FRONT)
    bench.place("wrist_optical", WRIST, 5.0)
    bench.see("detections", "front_optical", FRONT, 5.0)
    bench.see("wrist/detections", "wrist_optical", WRIST, 5.0)
    frames = bench.robot.step().detection_frames
    assert [frame.camera for frame in frames] == list(TOPICS)
    for frame, pose in zip(frames, (FRONT, WRIST), strict=True):
        np.testing.assert_allclose(frame.camera_position, pose.position)
        np.testing.assert_allclose(frame.estimates[0].pose.position, BLOCK.position, atol=1e-6)


def test_a_stale_transform_is_told_with_its_age_for_its_camera_alone(make_bench) -> None:
    bench = make_bench()
    bench.place("front_optical", FRONT)
    bench.place("wrist_optical", WRIST, 2.0)
    bench.see("detections", "front_optical", FRONT, 5.0)
    bench.see("wrist/detections", "wrist_optical", WRIST, 5.0)
    front, wrist = bench.robot.step().detection_frames
    assert (front.transform_stamp, wrist.transform_stamp) == (5.0, 2.0)
    entries = bench.diagnosis()
    assert entries["control_node: camera detections"].level == DiagnosticStatus.OK
    told = entries["control_node: camera wrist/detections"]
    assert told.level == DiagnosticStatus.WARN
    assert told.message == "its transform is 3.0 s older than its pictures"


def test_without_its_transform_a_camera_is_named_and_the_other_goes_on(make_bench) -> None:
    bench = make_bench()
    bench.place("front_optical", FRONT)
    bench.see("detections", "front_optical", FRONT, bench.now)
    bench.see("wrist/detections", "wrist_optical", WRIST, bench.now)
    assert [frame.camera for frame in bench.robot.step().detection_frames] == ["detections"]
    assert "no transform from wrist_optical" in bench.complaints[0]
    told = bench.diagnosis()["control_node: camera wrist/detections"]
    assert told.level == DiagnosticStatus.WARN
    assert "no transform from wrist_optical" in told.message


def test_no_camera_at_all_is_an_error(make_bench) -> None:
    entries = make_bench().diagnosis()
    assert {entry.level for entry in entries.values()} == {DiagnosticStatus.ERROR}
    assert {entry.message for entry in entries.values()} == {
        f"no detections on {topic}" for topic in TOPICS
    }


def test_a_camera_that_is_alone_has_no_name(make_bench) -> None:
    bench = make_bench("detections")
    bench.place("front_optical", FRONT)
    bench.see("detections", "front_optical", FRONT, 5.0)
    (frame,) = bench.robot.step().detection_frames
    assert frame.camera == ""
    assert list(bench.diagnosis()) == ["control_node: camera detections"]


def test_time_that_goes_back_forgets_what_was_seen(make_bench) -> None:
    bench = make_bench()
    bench.place("front_optical", FRONT)
    bench.see("detections", "front_optical", FRONT, 5.0)
    bench.robot.start_anew()
    assert bench.robot.step().detection_frames == ()
