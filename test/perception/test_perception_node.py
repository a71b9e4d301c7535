"""perception_node with a stand-in for the network: what goes in, what comes out, what it says."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy")

from builtin_interfaces.msg import Time
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header
from tf2_ros import StaticTransformBroadcaster
from vision_msgs.msg import Detection3DArray

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.errors import ConfigurationError, ModelError
from simreal_common.geometry import Pose
from simreal_common.imaging.ros_camera_info import camera_to_camera_info
from simreal_common.imaging.ros_images import rgb_to_image
from simreal_common.ros_messages import pose_to_transform_stamped
from simreal_common.ros_qos import DETECTION_QOS, IMAGE_QOS
from simreal_perception import ros_perception
from simreal_perception.perception_node import PerceptionNode
from simreal_perception.pose_estimation.detection import Detections
from simreal_perception.pose_estimation.estimator import PoseCandidate
from simreal_perception.pose_estimation.image_pyramid import PyramidLimits

CAMERA = Camera.pinhole(64, 48, 1.0)
RGB = np.zeros((48, 64, 3), dtype=np.uint8)
WAIT_S = 5.0
NUMBERS = itertools.count()
QUIET_S = 0.4  # long enough for a message to have come if one was sent


@dataclass
class FakeEstimator:
    """Finds what it is told to; keeps what it was asked."""

    scores: tuple[float, ...] = (0.9, 0.1)
    calls: list[tuple[Any, Camera, float]] = field(default_factory=list)
    known: list[tuple[Any, Any]] = field(default_factory=list)
    search: PyramidLimits = field(default_factory=PyramidLimits)

    def detect(self, *_: Any) -> Detections:
        return Detections(np.zeros((0, 2)), np.zeros(0), np.zeros(0))

    def judged_candidates(self, *_: Any) -> list[PoseCandidate]:
        return []

    def estimate(self, *given: Any) -> list[BlockEstimate]:
        return self.blocks([], *given)

    def blocks(
        self,
        candidates: Sequence[PoseCandidate],
        image_rgb: np.ndarray,
        camera: Camera,
        edge: float,
        plane: Any = None,
        depth: Any = None,
        plane_from_blocks: bool = True,
    ) -> list[BlockEstimate]:
        self.calls.append((image_rgb, camera, edge))
        self.known.append((plane, depth))
        pose = Pose(np.array([0.0, 0.0, 0.7]), np.array([0.0, 0.0, 0.0, 1.0]))
        return [BlockEstimate(pose, np.eye(6), score, edge) for score in self.scores]


class Bench:
    """A perception node and a camera driver in one executor."""

    def __init__(self, overrides: dict[str, Any]) -> None:
        self.estimator = FakeEstimator()
        self.received: list[Detection3DArray] = []
        self.log: list[str] = []
        parameters = [Parameter(name, value=value) for name, value in overrides.items()]
        # A name of its own: throttled messages are counted by logger, and loggers by name.
        own_name = f"__node:=perception_{next(NUMBERS)}"
        self.node = PerceptionNode(
            lambda name: self.estimator,
            parameter_overrides=parameters,
            cli_args=["--ros-args", "-r", own_name],
        )
        self.driver = Node("driver")
        self.images = self.driver.create_publisher(Image, "camera/image_raw", IMAGE_QOS)
        self.infos = self.driver.create_publisher(CameraInfo, "camera/camera_info", IMAGE_QOS)
        self.driver.create_subscription(
            Detection3DArray, "detections", self.received.append, DETECTION_QOS
        )
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self.executor.add_node(self.driver)
        self.spin_until(
            lambda: (
                (self.images.get_subscription_count() > 0 or overrides.get("image_transport"))
                and self.infos.get_subscription_count() > 0
                and self.driver.count_publishers("/detections") > 0
            )
        )

    def spin_until(self, done: Callable[[], bool], timeout_s: float = WAIT_S) -> bool:
        deadline = time.monotonic() + timeout_s
        while not done() and time.monotonic() < deadline:
            self.executor.spin_once(timeout_sec=0.02)
        return done()

    def spin(self, duration_s: float) -> None:
        self.spin_until(lambda: False, duration_s)

    def send_info(self, message: CameraInfo | None = None) -> None:
        self.infos.publish(message or camera_to_camera_info(CAMERA, Header(frame_id="optical")))
        self.spin(QUIET_S)

    def send_image(
        self, stamp_s: float = 1.0, rgb: np.ndarray = RGB, frame: str = "optical"
    ) -> None:
        sec, nanosec = divmod(round(stamp_s * 1e9), 10**9)
        header = Header(stamp=Time(sec=sec, nanosec=nanosec), frame_id=frame)
        self.images.publish(rgb_to_image(rgb, header))

    def close(self) -> None:
        self.executor.shutdown()
        self.node.destroy_node()
        self.driver.destroy_node()


@pytest.fixture
def bench(ros: None, request: pytest.FixtureRequest) -> Iterator[Bench]:
    bench = Bench(getattr(request, "param", {}))
    yield bench
    bench.close()


def test_an_image_gives_detections_with_its_stamp_and_frame(bench: Bench) -> None:
    bench.send_info()
    bench.send_image(12.25)
    assert bench.spin_until(lambda: len(bench.received) == 1)
    (message,) = bench.received
    assert message.header.frame_id == "optical"
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (12, 250_000_000)
    scores = [d.results[0].hypothesis.score for d in message.detections]
    assert scores == pytest.approx([0.9])
    assert message.detections[0].results[0].pose.pose.position.z == 0.7
    image, camera, edge = bench.estimator.calls[0]
    assert image.shape == (48, 64, 3)
    np.testing.assert_allclose(camera.matrix, CAMERA.matrix)
    assert edge == 0.05


@pytest.mark.parametrize("bench", [{"min_score": 0.05, "edge": 0.06}], indirect=True)
def test_parameters_reach_the_estimator(bench: Bench) -> None:
    bench.send_info()
    bench.send_image()
    assert bench.spin_until(lambda: len(bench.received) == 1)
    assert len(bench.received[0].detections) == 2
    assert bench.received[0].detections[0].bbox.size.x == 0.06


def test_some_parameters_change_while_it_runs(bench: Bench) -> None:
    bench.send_info()
    changes = {"min_score": 0.05, "edge": 0.06, "max_distance": 3.5, "support_plane.offset": 0.1}
    results = bench.node.set_parameters([Parameter(k, value=v) for k, v in changes.items()])
    assert all(result.successful for result in results), results
    bench.send_image()
    assert bench.spin_until(lambda: len(bench.received) == 1)
    assert len(bench.received[0].detections) == 2
    assert bench.received[0].detections[0].bbox.size.x == 0.06
    assert bench.estimator.search.max_distance == 3.5


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("edge", 7.0, "edge"),
        ("min_score", float("nan"), "min_score"),
        ("support_plane.normal", [0.0, 0.0, 0.0], "not all 0"),
        ("model", "another", "read-only"),
        ("edge", "wide", "edge"),
    ],
)
def test_a_bad_change_is_refused_in_one_line_and_nothing_changes(
    bench: Bench, name: str, value: Any, words: str
) -> None:
    before = bench.node.get_parameter(name).value
    (result,) = bench.node.set_parameters([Parameter(name, value=value)])
    assert not result.successful
    assert words in result.reason and "\n" not in result.reason
    assert bench.node.get_parameter(name).value == before
    bench.send_info()
    bench.send_image()
    assert bench.spin_until(lambda: len(bench.received) == 1)
    assert bench.received[0].detections[0].bbox.size.x == 0.05


def test_a_provider_that_is_not_there_ends_the_start_in_one_line(ros: None) -> None:
    with pytest.raises(ModelError, match=r"provider 'tensorrt' is not there.*provider:=cpu"):
        PerceptionNode(parameter_overrides=[Parameter("provider", value="tensorrt")])


@pytest.mark.parametrize("bench", [{"tracking": True}, {"tracking": False}], indirect=True)
def test_what_is_seen_again_and_again_gets_an_id(bench: Bench, request: Any) -> None:
    bench.estimator.scores = (0.9,)
    bench.send_info()
    for number in range(1, 6):
        bench.send_image(float(number))
        assert bench.spin_until(lambda count=number: len(bench.received) == count)
    ids = [detection.id for message in bench.received for detection in message.detections]
    followed = request.node.callspec.params["bench"]["tracking"]
    assert ids == (["", "", "1", "1", "1"] if followed else [""] * 5)


@pytest.mark.parametrize("bench", [{"fixed_frame": "world"}], indirect=True)
def test_a_camera_whose_place_is_not_known_gives_single_images(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.send_info()
    for number in range(1, 6):
        bench.send_image(float(number))
        assert bench.spin_until(lambda count=number: len(bench.received) == count)
    assert {d.id for message in bench.received for d in message.detections} == {""}
    assert "no transform from optical to fixed_frame 'world'" in "".join(capfd.readouterr())


def test_nothing_found_is_said_with_an_empty_array(bench: Bench) -> None:
    bench.estimator.scores = ()
    bench.send_info()
    bench.send_image()
    assert bench.spin_until(lambda: len(bench.received) == 1)
    assert bench.received[0].detections == []


def test_the_newest_image_wins(bench: Bench) -> None:
    bench.send_info()
    for number in range(20):
        bench.send_image(1.0 + number)
    time.sleep(QUIET_S)
    assert bench.spin_until(
        lambda: bool(bench.received) and bench.received[-1].header.stamp.sec == 20
    )
    assert len(bench.received) <= 3


@pytest.mark.parametrize("bench", [{"max_rate": 2.0}], indirect=True)
def test_the_rate_is_limited_by_the_stamps(bench: Bench) -> None:
    bench.send_info()
    for stamp_s in (1.0, 1.2, 1.4, 1.5, 1.6, 0.1):
        bench.send_image(stamp_s)
        bench.spin(0.1)
    bench.spin(QUIET_S)
    stamps = [m.header.stamp.sec + m.header.stamp.nanosec * 1e-9 for m in bench.received]
    assert stamps == pytest.approx([1.0, 1.5, 0.1])


@pytest.mark.parametrize(
    ("info", "says"),
    [
        (CameraInfo(width=64, height=48), "not calibrated"),
        (
            camera_to_camera_info(Camera.pinhole(640, 480, 1.0), Header()),
            "image is 64x48, camera_info is for 640x480",
        ),
        (
            CameraInfo(
                width=64,
                height=48,
                distortion_model="magic",
                d=[0.1] * 4,
                k=[50.0, 0.0, 32.0, 0.0, 50.0, 24.0, 0.0, 0.0, 1.0],
            ),
            "distortion model 'magic'",
        ),
    ],
)
def test_a_calibration_that_cannot_be_used(
    bench: Bench, info: CameraInfo, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.send_info(info)
    for number in range(3):
        bench.send_image(1.0 + number)
        bench.spin(0.1)
    bench.spin(QUIET_S)
    assert bench.received == []
    said = "".join(capfd.readouterr())
    assert said.count(says) == 1, said
    # A better calibration is taken at once.
    bench.send_info()
    bench.send_image(9.0)
    assert bench.spin_until(lambda: len(bench.received) == 1)


def test_unknown_encoding(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.send_info()
    bench.images.publish(
        Image(header=Header(frame_id="optical"), encoding="yuv9", width=64, height=48)
    )
    bench.spin(QUIET_S)
    assert bench.received == []
    assert "image encoding 'yuv9' is not known: wanted one of rgb8" in "".join(capfd.readouterr())


@pytest.mark.parametrize("bench", [{"bit_depth": 12}], indirect=True)
def test_the_bit_depth_can_be_said(bench: Bench) -> None:
    bench.send_info()
    message = rgb_to_image(RGB, Header(frame_id="optical"))
    message.encoding, message.step = "mono16", 128
    message.data = bytes([0x00, 0x01]) * (48 * 64)
    bench.images.publish(message)
    assert bench.spin_until(lambda: len(bench.received) == 1)
    assert (bench.estimator.calls[0][0] == 0x0100 >> 4).all()


@pytest.mark.parametrize("bench", [{"image_transport": "compressed"}], indirect=True)
def test_compressed_images_come_on_the_topic_beside(bench: Bench) -> None:
    _, content = cv2.imencode(".png", np.full((48, 64, 3), (30, 20, 10), np.uint8))
    publisher = bench.driver.create_publisher(
        CompressedImage, "camera/image_raw/compressed", IMAGE_QOS
    )
    assert bench.spin_until(lambda: publisher.get_subscription_count() > 0)
    bench.send_info()
    publisher.publish(
        CompressedImage(
            header=Header(frame_id="optical"),
            format="rgb8; png compressed bgr8",
            data=content.tobytes(),
        )
    )
    assert bench.spin_until(lambda: len(bench.received) == 1)
    assert bench.received[0].header.frame_id == "optical"
    assert (bench.estimator.calls[0][0] == (10, 20, 30)).all()


@pytest.mark.parametrize("bench", [{"rectified": True}], indirect=True)
def test_rectified_images_have_the_projection(bench: Bench) -> None:
    info = camera_to_camera_info(CAMERA, Header(frame_id="optical"))
    info.d = [-0.28, 0.09, 0.001, -0.0005, -0.012]
    info.p = [50.0, 0.0, 30.0, 0.0, 0.0, 50.0, 20.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    bench.send_info(info)
    bench.send_image()
    assert bench.spin_until(lambda: len(bench.received) == 1)
    camera = bench.estimator.calls[0][1]
    assert (camera.matrix[0, 0], camera.distortion.size) == (50.0, 0)


@pytest.mark.parametrize("rectified", [False, True])
def test_a_topic_named_like_rectified_images(
    ros: None, rectified: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    node = PerceptionNode(
        lambda name: FakeEstimator(),
        parameter_overrides=[Parameter("rectified", value=rectified)],
        cli_args=["--ros-args", "-r", "camera/image_raw:=/webcam/image_rect_color"],
    )
    camera = Camera(64, 48, CAMERA.matrix, np.array([-0.28, 0.09, 0.001, -0.0005]))
    callbacks = {s.topic_name: s.callback for s in node.subscriptions}
    callbacks["/camera/camera_info"](camera_to_camera_info(camera, Header()))
    callbacks["/webcam/image_rect_color"](rgb_to_image(RGB, Header(frame_id="optical")))
    node.destroy_node()
    said = "".join(capfd.readouterr())
    assert ("got rectified: false, wanted rectified: true" in said) is not rectified


def test_another_region_of_interest_is_another_camera(bench: Bench) -> None:
    whole = Camera.pinhole(128, 96, 1.0)
    for number, offset in enumerate((0, 40)):
        info = camera_to_camera_info(whole, Header(frame_id="optical"))
        info.roi.x_offset, info.roi.width, info.roi.height = offset, 64, 48
        bench.send_info(info)
        bench.send_image(1.0 + number)
        assert bench.spin_until(lambda count=number + 1: len(bench.received) == count)
        camera = bench.estimator.calls[-1][1]
        assert (camera.width, camera.height) == (64, 48)
        assert camera.matrix[0, 2] == pytest.approx(63.5 - offset)


def test_silence_is_explained_once(
    ros: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ros_perception, "SILENCE_S", 0.3)
    node = PerceptionNode(lambda name: FakeEstimator())
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    deadline = time.monotonic() + 1.5
    while time.monotonic() < deadline:
        executor.spin_once(timeout_sec=0.05)
    executor.shutdown()
    node.destroy_node()
    said = "".join(capfd.readouterr())
    assert said.count("no images on /camera/image_raw") == 1
    assert said.count("no camera calibration on /camera/camera_info") == 1
    assert "nobody publishes it: start the camera, or name its topic" in said


def test_silence_names_the_compressed_topic(
    ros: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ros_perception, "SILENCE_S", 0.3)
    arguments = ["--ros-args", "-r", "camera/image_raw:=/webcam/image"]
    node = PerceptionNode(lambda name: FakeEstimator(), cli_args=arguments)
    driver = Node("driver")
    driver.create_publisher(CompressedImage, "/webcam/image/compressed", IMAGE_QOS)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    said, deadline = "", time.monotonic() + WAIT_S
    while "camera calibration" not in said and time.monotonic() < deadline:
        executor.spin_once(timeout_sec=0.05)
        said += "".join(capfd.readouterr())
    executor.shutdown()
    node.destroy_node()
    driver.destroy_node()
    assert "no images on /webcam/image after" in said
    assert "/webcam/image/compressed is published: set image_transport:=compressed" in said


def test_a_model_that_is_not_there(ros: None) -> None:
    def load(name: str) -> FakeEstimator:
        raise ModelError(f"no model {name}")

    with pytest.raises(ModelError, match="no model block"):
        PerceptionNode(load)


@pytest.mark.parametrize("edge", [0.0, 50.0])
def test_an_edge_that_no_block_has(ros: None, edge: float) -> None:
    with pytest.raises(ConfigurationError, match=f"'edge': got {edge}, wanted double"):
        Bench({"edge": edge})


PLANE = {
    "support_plane.frame": "base",
    "support_plane.offset": 0.1,
    "support_plane.sigma": 0.003,
}


def send_transform(bench: Bench) -> None:
    """The camera looks straight down from a metre above the base."""
    bench.broadcaster = StaticTransformBroadcaster(bench.driver)  # type: ignore[attr-defined]
    pose = Pose(np.array([0.2, 0.0, 1.0]), np.array([1.0, 0.0, 0.0, 0.0]))
    bench.broadcaster.sendTransform(  # type: ignore[attr-defined]
        [pose_to_transform_stamped(pose, "base", "optical", Time())]
    )
    bench.spin(QUIET_S)


@pytest.mark.parametrize("bench", [PLANE], indirect=True)
def test_the_plane_comes_by_tf_into_the_optical_frame(bench: Bench) -> None:
    send_transform(bench)
    bench.send_info()
    bench.send_image(7.5)
    assert bench.spin_until(lambda: len(bench.received) == 1)
    plane, depth = bench.estimator.known[0]
    np.testing.assert_allclose(plane.normal, [0, 0, -1], atol=1e-12)
    assert plane.offset == pytest.approx(-0.9)
    assert plane.sigma == 0.003
    assert depth is None


@pytest.mark.parametrize("bench", [PLANE], indirect=True)
def test_without_a_transform_it_goes_on_without_the_plane(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.send_info()
    for number in range(3):
        bench.send_image(1.0 + number)
        bench.spin(0.1)
    assert bench.spin_until(lambda: len(bench.received) >= 2)
    assert all(plane is None for plane, _ in bench.estimator.known)
    said = "".join(capfd.readouterr())
    assert said.count("no transform from base to optical") == 1, said
    assert "publish the hand-eye calibration on TF, or set support_plane.enabled:=false" in said


@pytest.mark.parametrize("bench", [{**PLANE, "support_plane.enabled": False}], indirect=True)
def test_the_plane_can_be_switched_off(bench: Bench) -> None:
    send_transform(bench)
    bench.send_info()
    bench.send_image()
    assert bench.spin_until(lambda: len(bench.received) == 1)
    assert bench.estimator.known == [(None, None)]


@pytest.mark.parametrize("normal", [[0.0, 0.0], [0.0, 0.0, 0.0]])
def test_a_normal_that_no_plane_has(ros: None, normal: list[float]) -> None:
    with pytest.raises(ConfigurationError, match=r"'support_plane.normal': got .*wanted 3 numbers"):
        Bench({"support_plane.normal": normal})


def send_depth(bench: Bench, stamp_s: float, depth: np.ndarray, encoding: str) -> None:
    if not hasattr(bench, "depths"):
        bench.depths = bench.driver.create_publisher(  # type: ignore[attr-defined]
            Image, "depth/image_raw", IMAGE_QOS
        )
        bench.spin_until(lambda: bench.depths.get_subscription_count() > 0)  # type: ignore[attr-defined]
    sec, nanosec = divmod(round(stamp_s * 1e9), 10**9)
    height, width = depth.shape
    bench.depths.publish(  # type: ignore[attr-defined]
        Image(
            header=Header(stamp=Time(sec=sec, nanosec=nanosec), frame_id="optical"),
            height=height,
            width=width,
            encoding=encoding,
            step=width * depth.itemsize,
            data=list(depth.tobytes()),
        )
    )
    bench.spin(0.1)


@pytest.mark.parametrize("bench", [{"use_depth": True}], indirect=True)
def test_depth_is_matched_by_its_stamp(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.send_info()
    send_depth(bench, 1.0, np.full((48, 64), 700, np.uint16), "16UC1")  # before its image
    bench.send_image(1.0)
    assert bench.spin_until(lambda: len(bench.received) == 1)
    bench.send_image(2.0)
    bench.spin(0.1)
    send_depth(bench, 2.0, np.full((48, 64), 0.8, np.float32), "32FC1")  # after it
    assert bench.spin_until(lambda: len(bench.received) == 2)
    bench.send_image(3.0)  # has none: looked at when the next image comes
    bench.spin(0.1)
    bench.send_image(4.0)
    assert bench.spin_until(lambda: len(bench.received) == 3)
    assert [m.header.stamp.sec for m in bench.received] == [1, 2, 3]
    first, second, third = (depth for _, depth in bench.estimator.known)
    np.testing.assert_allclose(first, 0.7, rtol=1e-6)
    np.testing.assert_allclose(second, 0.8, rtol=1e-6)
    assert third is None
    assert "an image without a depth image of its stamp on /depth/image_raw" in "".join(
        capfd.readouterr()
    )
