"""What perception_node publishes of an image beside the detections, and what it draws for whom."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

rclpy = pytest.importorskip("rclpy")

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage
from vision_msgs.msg import Detection3DArray
from visualization_msgs.msg import Marker, MarkerArray

from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_common.imaging.ros_images import image_to_rgb, rgb_to_image
from simreal_common.resources import share_directory
from simreal_common.ros_messages import pose_to_transform_stamped, to_stamp
from simreal_perception import ros_outputs

Make = Callable[..., Any]
# The camera looks straight down from a metre above the base.
DOWN = Pose(np.array([0.2, 0.0, 1.0]), np.array([1.0, 0.0, 0.0, 0.0]))


def test_a_target_frame_gets_its_own_detections_with_covariance_and_score(
    perception: Make,
) -> None:
    one = perception(target_frame="base")
    optical = one.listen(Detection3DArray, "detections")
    placed = one.listen(Detection3DArray, "detections_in_target")
    markers = one.listen(MarkerArray, "markers")
    one.calibrate()
    moment = to_stamp(0.0)
    transform = pose_to_transform_stamped(DOWN, "base", "optical", moment)
    one.call("/tf_static", TFMessage(transforms=[transform]))
    one.see(50.0)
    assert one.spin_until(lambda: bool(placed and optical and markers))
    assert optical[0].header.frame_id == "optical"
    assert placed[0].header.frame_id == "base"
    assert placed[0].header.stamp == optical[0].header.stamp
    result = placed[0].detections[0].results[0]
    place = result.pose.pose.position
    assert (place.x, place.y, place.z) == pytest.approx((0.3, 0.05, 0.3))
    assert result.hypothesis.score == pytest.approx(0.9)
    variances = np.reshape(result.pose.covariance, (6, 6)).diagonal()
    np.testing.assert_allclose(variances, [1e-6, 1e-6, 1e-4, 1e-4, 1e-4, 1e-4])
    first, cube, label = markers[0].markers
    assert first.action == Marker.DELETEALL
    assert (cube.type, cube.header.frame_id, cube.scale.x) == (Marker.CUBE, "base", 0.05)
    assert (cube.color.r, cube.color.g) == pytest.approx((0.85, 0.12))
    assert label.text == "90 %"


def test_without_a_transform_the_optical_frame_remains(
    perception: Make, capfd: pytest.CaptureFixture[str]
) -> None:
    one = perception(target_frame="base")
    optical = one.listen(Detection3DArray, "detections")
    placed = one.listen(Detection3DArray, "detections_in_target")
    markers = one.listen(MarkerArray, "markers")
    one.calibrate()
    one.see(50.0)
    assert one.spin_until(lambda: bool(optical and markers))
    assert not placed
    assert markers[0].markers[1].header.frame_id == "optical"
    said = "".join(capfd.readouterr())
    assert "no transform from optical to target_frame 'base'" in said
    assert "publish the camera's pose on TF" in said


def test_nothing_is_drawn_that_nobody_looks_at(
    perception: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []
    draw = ros_outputs.draw_blocks
    monkeypatch.setattr(ros_outputs, "draw_blocks", lambda *a: drawn.append(1) or draw(*a))
    one = perception()
    told = one.listen(Detection3DArray, "detections")
    one.calibrate()
    one.see(1.0)
    assert one.spin_until(lambda: len(told) == 1)
    assert not drawn
    raw = one.listen(Image, "annotated/image_raw")
    compressed = one.listen(CompressedImage, "annotated/image_raw/compressed")
    one.see(2.0)
    assert one.spin_until(lambda: bool(raw and compressed))
    assert len(drawn) == 1
    assert raw[0].header == compressed[0].header
    assert raw[0].header.stamp.sec == 2
    image = image_to_rgb(raw[0])
    content = np.frombuffer(bytes(compressed[0].data), np.uint8)
    decoded = cv2.imdecode(content, cv2.IMREAD_COLOR)[..., ::-1]
    assert image.shape == decoded.shape == (48, 64, 3)
    assert np.ptp(image) > 100  # the grey image has something drawn in
    assert np.abs(image.astype(int) - decoded).mean() < 15


def test_blocks_with_an_id_have_a_frame_if_wanted(perception: Make) -> None:
    one = perception(publish_tf=True)
    told = one.listen(TFMessage, "/tf")
    one.calibrate()
    for stamp in range(1, 5):
        one.see(float(stamp))
    assert one.spin_until(lambda: any(message.transforms for message in told))
    (transform,) = next(message.transforms for message in told if message.transforms)
    assert (transform.header.frame_id, transform.child_frame_id) == ("optical", "block_1")
    assert transform.transform.translation.z == pytest.approx(0.7)


def test_the_model_stands_in_the_diagnostics(perception: Make) -> None:
    one = perception()
    told = one.listen(DiagnosticArray, "/diagnostics")

    def models() -> list[DiagnosticStatus]:
        return [s for message in told for s in message.status if s.name.endswith(": model")]

    assert one.spin_until(lambda: bool(models()))
    assert models()[0].message == "block"
    images = [s for message in told for s in message.status if s.name.endswith(": images")]
    assert images[0].level == DiagnosticStatus.ERROR
    assert images[0].message == "no images on /camera/image_raw"


def test_what_the_monitor_sees_stands_in_the_diagnostics_and_in_a_report(
    perception: Make, tmp_path: Path
) -> None:
    report = tmp_path / "new" / "watch.html"
    one = perception(**{"monitor.report": str(report)})
    one.calibrate(size=(128, 96))
    told = one.listen(DiagnosticArray, "/diagnostics")
    for number in range(15):
        one.see(1.0 + number / 10, size=(128, 96))  # an even grey: nothing stands out

    def lens() -> list[DiagnosticStatus]:
        entries = [s for message in told for s in message.status]
        return [s for s in entries if s.name.endswith(": watch lens")]

    assert one.spin_until(lambda: bool(lens()))
    assert lens()[-1].level == DiagnosticStatus.WARN
    assert "covered" in lens()[-1].message and "uncover" in lens()[-1].message
    one.close()
    assert "uncover" in report.read_text()


def test_the_monitor_can_be_switched_off(perception: Make) -> None:
    one = perception(**{"monitor.enabled": False})
    told = one.listen(DiagnosticArray, "/diagnostics")
    assert one.spin_until(lambda: bool(told))
    assert not [s for message in told for s in message.status if "watch" in s.name]


def test_a_report_that_cannot_be_written_ends_the_start(perception: Make, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"monitor\.report"):
        perception(**{"monitor.report": str(tmp_path / "file" / "watch.html")})


@pytest.mark.parametrize(
    ("publisher", "subscription", "heard"),
    [
        (QoSReliabilityPolicy.RELIABLE, "best_effort", True),
        (QoSReliabilityPolicy.BEST_EFFORT, "best_effort", True),
        (QoSReliabilityPolicy.RELIABLE, "reliable", True),
        (QoSReliabilityPolicy.BEST_EFFORT, "reliable", False),
    ],
)
def test_reliabilities(
    perception: Make, publisher: QoSReliabilityPolicy, subscription: str, heard: bool
) -> None:
    one = perception(image_reliability=subscription)
    driver: Node = one.listener
    images = driver.create_publisher(
        Image, "camera/image_raw", QoSProfile(depth=5, reliability=publisher)
    )
    one.calibrate()
    header = Header(stamp=to_stamp(time.time()), frame_id="optical")
    message = rgb_to_image(np.zeros((48, 64, 3), np.uint8), header)
    if heard:
        assert one.spin_until(lambda: images.get_subscription_count() > 0)
        images.publish(message)
    assert one.spin_until(lambda: one.estimator.calls > 0, 10.0 if heard else 1.0) is heard


def test_a_calibration_that_was_published_once_is_heard(perception: Make) -> None:
    from rclpy.qos import QoSDurabilityPolicy
    from sensor_msgs.msg import CameraInfo

    from simreal_common.camera import Camera
    from simreal_common.imaging.ros_camera_info import camera_to_camera_info

    driver = Node("driver")
    latched = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
    publisher = driver.create_publisher(CameraInfo, "camera/camera_info", latched)
    info = camera_to_camera_info(Camera.pinhole(64, 48, 1.0), Header(frame_id="optical"))
    publisher.publish(info)
    one = perception(camera_info_latched=True)

    def estimates() -> bool:
        one.see(1.0, size=(64, 48))
        return one.estimator.calls > 0

    assert one.spin_until(estimates)
    driver.destroy_node()


CONFIG = share_directory() / "config"


def test_the_layouts_show_topics_that_are_there(perception: Make) -> None:
    one = perception()
    published = {publisher.topic_name for publisher in one.node.publishers}
    published |= {"/stacking/plan", "/robot_description"}
    rviz = yaml.safe_load((CONFIG / "simreal.rviz").read_text(encoding="utf-8"))
    displays = rviz["Visualization Manager"]["Displays"]
    shown = {
        d[key]["Value"] for d in displays for key in ("Topic", "Description Topic") if key in d
    }
    assert {"/annotated/image_raw", "/markers"} <= shown <= published
    foxglove = json.loads((CONFIG / "foxglove.json").read_text(encoding="utf-8"))
    panels = foxglove["configById"]
    topics = {
        panels["Image!found"]["imageMode"]["imageTopic"],
        panels["DiagnosticSummary!state"]["topicToRender"],
        *panels["3D!blocks"]["topics"],
    }
    assert {"/markers", "/diagnostics"} <= topics <= published
    assert set(re.findall(r'"(\w+!\w+)"', json.dumps(foxglove["layout"]))) == set(panels)
