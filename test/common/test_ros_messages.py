"""Messages and values: there and back again, and what is refused."""

from __future__ import annotations

import array
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("sensor_msgs", reason="no ROS messages: install ROS 2 or embedded_ros2")

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Pose as PoseMessage
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError, ImageError
from simreal_common.geometry import Pose
from simreal_common.ros_messages import (
    ENCODINGS,
    camera_info_to_camera,
    camera_to_camera_info,
    detections_to_estimates,
    estimates_to_detections,
    image_to_rgb,
    message_to_pose,
    pose_to_message,
    pose_to_transform,
    pose_to_transform_stamped,
    rgb_to_image,
    stamp_nanoseconds,
    stamp_seconds,
    to_stamp,
    transform_to_pose,
)

HEADER = Header(stamp=Time(sec=12, nanosec=345_000_000), frame_id="camera_optical_frame")

numbers = st.floats(-10.0, 10.0)


@st.composite
def poses(draw: st.DrawFn) -> Pose:
    quaternion = np.array([draw(numbers) for _ in range(4)])
    length = np.linalg.norm(quaternion)
    quaternion = quaternion / length if length > 1e-3 else np.array([0.0, 0.0, 0.0, 1.0])
    return Pose(np.array([draw(numbers) for _ in range(3)]), quaternion)


def picture(height: int = 5, width: int = 7) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def encode(
    rgb: np.ndarray, encoding: str, padding: int = 0, *, last_row_padded: bool = True
) -> Any:
    height, width, _ = rgb.shape
    alpha = np.full((height, width, 1), 99, dtype=np.uint8)
    pixels = {
        "rgb8": rgb,
        "bgr8": rgb[..., ::-1],
        "rgba8": np.concatenate([rgb, alpha], axis=2),
        "bgra8": np.concatenate([rgb[..., ::-1], alpha], axis=2),
        "mono8": rgb[..., :1],
    }[encoding]
    rows = np.ascontiguousarray(pixels).reshape(height, -1)
    step = rows.shape[1] + padding
    padded = np.full((height, step), 255, dtype=np.uint8)
    padded[:, : rows.shape[1]] = rows
    data = padded.tobytes()
    if padding and not last_row_padded:
        data = data[:-padding]
    return Image(
        header=HEADER,
        height=height,
        width=width,
        encoding=encoding,
        step=step,
        data=array.array("B", data),
    )


@pytest.mark.parametrize("padding", [0, 3])
@pytest.mark.parametrize("big_endian", [0, 1])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_gives_the_same_picture(
    encoding: str, padding: int, big_endian: int
) -> None:
    rgb = picture()
    message = encode(rgb, encoding, padding)
    message.is_bigendian = big_endian
    expected = np.repeat(rgb[..., :1], 3, axis=2) if encoding == "mono8" else rgb
    np.testing.assert_array_equal(image_to_rgb(message), expected)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_last_row_may_come_without_its_padding(encoding: str) -> None:
    rgb = picture()
    message = encode(rgb, encoding, 5, last_row_padded=False)
    expected = np.repeat(rgb[..., :1], 3, axis=2) if encoding == "mono8" else rgb
    np.testing.assert_array_equal(image_to_rgb(message), expected)


def test_unknown_encoding_lists_the_known_ones() -> None:
    message = encode(picture(), "rgb8")
    message.encoding = "bayer_rggb8"
    with pytest.raises(ImageError, match="'bayer_rggb8': wanted one of rgb8, bgr8, rgba8"):
        image_to_rgb(message)


@pytest.mark.parametrize(
    "change", [{"height": 6}, {"width": 8}, {"step": 20}, {"height": 0}, {"width": 0}]
)
def test_sizes_that_do_not_fit(change: dict[str, int]) -> None:
    message = encode(picture(), "rgb8")
    for name, value in change.items():
        setattr(message, name, value)
    with pytest.raises(ImageError, match=r"image of \d+x\d+ rgb8, step \d+, 105 bytes: wanted"):
        image_to_rgb(message)


def test_image_round_trip() -> None:
    rgb = picture(48, 64)
    message = rgb_to_image(rgb, HEADER)
    assert (message.encoding, message.step, message.header) == ("rgb8", 192, HEADER)
    np.testing.assert_array_equal(image_to_rgb(message), rgb)


@pytest.mark.parametrize("wrong", [np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8)])
def test_what_is_no_picture(wrong: np.ndarray) -> None:
    with pytest.raises(ImageError, match="wanted uint8"):
        rgb_to_image(wrong, HEADER)


@pytest.mark.parametrize("count", [0, 4, 5, 8])
def test_camera_round_trip(count: int) -> None:
    matrix = np.array([[610.0, 0, 321.5], [0, 611.0, 238.2], [0, 0, 1]])
    camera = Camera(640, 480, matrix, np.linspace(-0.1, 0.1, count))
    message = camera_to_camera_info(camera, HEADER)
    back = camera_info_to_camera(message)
    assert (back.width, back.height) == (640, 480)
    np.testing.assert_allclose(back.matrix, camera.matrix)
    points = np.array([[0.1, 0.1, 1.0], [-0.2, 0.1, 0.7]])
    np.testing.assert_allclose(back.project(points), camera.project(points))
    assert message.p[2] == pytest.approx(321.5)


def test_camera_info_without_calibration() -> None:
    with pytest.raises(CalibrationError, match="not calibrated"):
        camera_info_to_camera(CameraInfo(width=640, height=480))


def test_binned_images_have_other_intrinsics() -> None:
    camera = Camera.pinhole(640, 480, 1.0)
    message = camera_to_camera_info(camera, HEADER)
    message.binning_x = 2
    with pytest.raises(CalibrationError, match="binning 2x0.*switch binning"):
        camera_info_to_camera(message)


@given(poses())
def test_pose_round_trips(pose: Pose) -> None:
    for back in (
        message_to_pose(pose_to_message(pose)),
        transform_to_pose(pose_to_transform(pose)),
        transform_to_pose(pose_to_transform_stamped(pose, "a", "b", HEADER.stamp).transform),
    ):
        np.testing.assert_allclose(back.position, pose.position)
        np.testing.assert_allclose(back.orientation, pose.orientation, atol=1e-12)


def test_an_empty_pose_message_is_refused_or_identity() -> None:
    # ROS gives w = 1 by default: a pose that nobody filled in is the identity, not nonsense.
    np.testing.assert_array_equal(message_to_pose(PoseMessage()).matrix, np.eye(4))


@given(st.integers(0, 2**31 - 2), st.integers(0, 999_999_999))
def test_stamps_to_the_nanosecond(sec: int, nanosec: int) -> None:
    stamp = Time(sec=sec, nanosec=nanosec)
    assert stamp_nanoseconds(stamp) == sec * 10**9 + nanosec
    assert stamp_seconds(stamp) == pytest.approx(sec + nanosec * 1e-9)


@given(st.floats(0.0, 1e6))
def test_seconds_round_trip(seconds: float) -> None:
    assert stamp_seconds(to_stamp(seconds)) == pytest.approx(seconds, abs=1e-9)


def test_the_nanosecond_that_rounds_up_to_a_second() -> None:
    assert to_stamp(1.9999999999) == Time(sec=2, nanosec=0)


@given(st.lists(poses(), max_size=4))
def test_detections_round_trip(block_poses: list[Pose]) -> None:
    rng = np.random.default_rng(1)
    estimates = [
        BlockEstimate(pose, rng.normal(size=(6, 6)), float(rng.uniform()), 0.05, id=name)
        for pose, name in zip(block_poses, ["7", "", "12", ""], strict=False)
    ]
    message = estimates_to_detections(estimates, HEADER)
    assert message.header == HEADER
    back = detections_to_estimates(message)
    assert len(back) == len(estimates)
    for one, other, detection in zip(estimates, back, message.detections, strict=True):
        np.testing.assert_allclose(other.pose.matrix, one.pose.matrix, atol=1e-9)
        np.testing.assert_allclose(other.covariance, one.covariance)
        assert (other.score, other.edge, other.id) == (one.score, one.edge, one.id)
        assert detection.id == one.id
        assert detection.results[0].hypothesis.class_id == "block"
        assert detection.bbox.size.z == 0.05
        assert detection.header == HEADER


def test_detections_of_other_things_are_left_out() -> None:
    estimate = BlockEstimate(Pose.identity(), np.eye(6), 1.0, 0.05)
    message = estimates_to_detections([estimate], HEADER)
    message.detections[0].results[0].hypothesis.class_id = "cat"
    assert detections_to_estimates(message) == []
