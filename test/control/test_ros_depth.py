"""RosDepth: depth images with their calibration and place, point clouds, and what lacks in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy")

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from simreal_common.camera import Camera
from simreal_common.geometry import look_at
from simreal_common.imaging.ros_camera_info import camera_to_camera_info
from simreal_common.imaging.ros_images import depth_to_image
from simreal_common.ros_messages import pose_to_transform_stamped, to_stamp
from simreal_common.ros_qos import SHOWN_QOS
from simreal_control.control_configuration import ControlParameters
from simreal_control.ros_robot import RosRobot

PLACE = look_at([1.15, 0.0, 0.62], [0.47, 0.0, 0.03])
CAMERA = Camera.pinhole(32, 24, 1.0)
DEPTH = np.full((24, 32), 0.8)
OPTICAL, TOPIC, INFO = "depth_optical", "/depth/image", "/depth/camera_info"


class Bench:
    """A robot beside a depth camera."""

    def __init__(self, **parameters: Any) -> None:
        self.node = Node("control_node")
        self.complaints: list[str] = []
        self.robot = RosRobot(
            self.node,
            ControlParameters(**{"depth_topic": TOPIC, **parameters}),
            None,
            lambda about, text: self.complaints.append(text),
        )
        self.callbacks: dict[str, Callable[[Any], None]] = {
            s.topic_name: s.callback for s in self.node.subscriptions
        }

    def place(self, stamp: float | None = None) -> None:
        """Tell TF where the camera is; without a stamp for good."""
        told = pose_to_transform_stamped(PLACE, "panda_link0", OPTICAL, to_stamp(stamp or 0.0))
        if stamp is None:
            self.robot.transforms.set_transform_static(told, "a calibration")
        else:
            self.robot.transforms.set_transform(told, "the arm")

    def calibrate(self, topic: str = INFO) -> None:
        self.callbacks[topic](camera_to_camera_info(CAMERA, header(0.0)))

    def see(self, stamp: float, depth: np.ndarray = DEPTH, topic: str = TOPIC) -> None:
        self.callbacks[topic](depth_to_image(depth, header(stamp)))


def header(stamp: float) -> Header:
    return Header(stamp=to_stamp(stamp), frame_id=OPTICAL)


@pytest.fixture
def make_bench() -> Iterator[Callable[..., Bench]]:
    rclpy.init()
    made: list[Bench] = []

    def make(**parameters: Any) -> Bench:
        made.append(Bench(**parameters))
        return made[-1]

    yield make
    for bench in made:
        bench.robot.destroy()
        bench.node.destroy_node()
    rclpy.shutdown()


def test_without_a_topic_nobody_listens(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(depth_topic="")
    assert TOPIC not in bench.callbacks and INFO not in bench.callbacks
    inputs = bench.robot.step()
    assert (inputs.depth_frames, inputs.depth_lack) == ((), "")


def test_an_image_comes_with_its_camera_and_place(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    bench.place()
    bench.calibrate()
    depth = DEPTH.copy()
    depth[3, 4] = np.nan
    bench.see(5.0, depth)
    inputs = bench.robot.step()
    (frame,) = inputs.depth_frames
    assert (frame.stamp, inputs.depth_lack) == (5.0, "")
    np.testing.assert_allclose(frame.pose_camera_in_base.matrix, PLACE.matrix, atol=1e-9)
    np.testing.assert_allclose(frame.camera.matrix, CAMERA.matrix)
    assert frame.depth[3, 4] == 0.0 and frame.depth[0, 0] == pytest.approx(0.8)
    assert bench.robot.step().depth_frames == ()  # each once


def test_the_newest_counts(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    bench.place()
    bench.calibrate()
    for stamp in (5.0, 5.1, 5.2):
        bench.see(stamp)
    assert [frame.stamp for frame in bench.robot.step().depth_frames] == [5.2]


def test_a_calibration_may_have_another_topic(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(depth_camera_info="/color/camera_info")
    bench.place()
    bench.calibrate("/color/camera_info")
    bench.see(5.0)
    assert len(bench.robot.step().depth_frames) == 1


def test_without_a_calibration_it_is_named(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    bench.place()
    bench.see(5.0)
    inputs = bench.robot.step()
    assert inputs.depth_frames == ()
    assert inputs.depth_lack == f"depth images come, but no camera_info on {INFO}"
    assert bench.complaints


def test_without_a_transform_it_is_named(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    bench.calibrate()
    bench.see(5.0)
    inputs = bench.robot.step()
    assert inputs.depth_frames == ()
    assert inputs.depth_lack == f"no transform from {OPTICAL} to panda_link0"


def test_an_image_waits_for_the_transform_of_its_time(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    bench.place(4.9)
    bench.calibrate()
    bench.see(4.95)
    bench.see(5.05)
    assert bench.robot.step().depth_frames == ()
    bench.place(5.0)
    assert [frame.stamp for frame in bench.robot.step().depth_frames] == [4.95]
    bench.place(5.1)
    assert [frame.stamp for frame in bench.robot.step().depth_frames] == [pytest.approx(5.05)]


def test_an_image_of_another_size_than_its_calibration_is_left_out(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench()
    bench.place()
    bench.calibrate()
    bench.see(5.0, DEPTH[:-2])
    assert bench.robot.step().depth_frames == ()


def test_a_point_cloud_will_do(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(depth_topic="/points", depth_type="points")
    bench.place()
    assert "/camera_info" not in bench.callbacks
    points = np.random.default_rng(1).uniform([-0.2, -0.2, 0.7], [0.2, 0.2, 0.9], (500, 3))
    fields = [
        PointField(name=name, offset=4 * number, datatype=PointField.FLOAT32, count=1)
        for number, name in enumerate("xyz")
    ]
    message = PointCloud2(
        header=header(5.0), height=1, width=500, fields=fields, point_step=12, row_step=6000,
        data=points.astype("<f4").tobytes(), is_dense=True,
    )  # fmt: skip
    bench.callbacks["/points"](message)
    (frame,) = bench.robot.step().depth_frames
    assert 300 < np.count_nonzero(frame.depth) <= 500
    np.testing.assert_allclose(frame.pose_camera_in_base.position, PLACE.position)


def test_after_time_went_back_nothing_waits(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    bench.calibrate()
    bench.see(5.0)
    bench.robot.start_anew()
    bench.place()
    assert bench.robot.step().depth_frames == ()


def test_diagnostics_tell_how_it_is(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    told: list[DiagnosticArray] = []
    bench.node.create_subscription(DiagnosticArray, "/diagnostics", told.append, SHOWN_QOS)

    def entry() -> DiagnosticStatus:
        told.clear()
        while not told:
            rclpy.spin_once(bench.node, timeout_sec=0.1)
        (found,) = (s for s in told[-1].status if s.name == f"control_node: depth {TOPIC}")
        return found

    def now() -> float:
        return float(bench.node.get_clock().now().nanoseconds) * 1e-9

    assert entry().message == f"no depth images on {TOPIC}"
    bench.see(now())
    assert entry().message == f"depth images come, but no camera_info on {INFO}"
    bench.calibrate()
    bench.place()
    bench.see(now() + 30.0)  # fresh for as long as this test may take
    bench.robot.step()
    good = entry()
    assert (good.level, good.message) == (DiagnosticStatus.OK, "depth images come")
    bench.see(now() - 5.0)
    bench.robot.step()
    old = entry()
    assert old.level == DiagnosticStatus.ERROR
    assert f"no depth images on {TOPIC} for " in old.message
