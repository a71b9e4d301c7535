"""Messages and values: there and back again, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("sensor_msgs", reason="no ROS messages: install ROS 2 or embedded_ros2")

from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import Pose as PoseMessage
from geometry_msgs.msg import Transform as TransformMessage
from std_msgs.msg import Header

from simreal_common.block_estimate import BlockEstimate
from simreal_common.errors import MessageError
from simreal_common.geometry import Pose
from simreal_common.ros_messages import (
    detections_to_estimates,
    detections_to_poses,
    duration_seconds,
    estimates_to_detections,
    message_to_pose,
    pose_to_message,
    pose_to_transform,
    pose_to_transform_stamped,
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


def covariance(rng: np.random.Generator) -> np.ndarray:
    root = rng.normal(size=(6, 6))
    return root @ root.T


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
        BlockEstimate(pose, covariance(rng), float(rng.uniform()), 0.05, id=name)
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


NAN, INFINITY = float("nan"), float("inf")


def pose_message(**changes: float) -> PoseMessage:
    message = PoseMessage()
    for name, value in changes.items():
        part, axis = name.split("_")
        setattr(getattr(message, part), axis, value)
    return message


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"position_x": NAN}, "no pose: position"),
        ({"position_z": -INFINITY}, "no pose: position"),
        ({"position_y": 1e300}, "no pose: position"),
        ({"orientation_w": 0.0}, "a quaternion of length 0, wanted 1"),
        ({"orientation_w": 2.0}, "a quaternion of length 2"),
        ({"orientation_x": NAN}, "a quaternion of length nan"),
        ({"orientation_x": 1e308}, "a quaternion of length 1e+308"),
        ({"orientation_x": 1e308, "orientation_w": 1e308, "orientation_y": 1.7e308}, "length inf"),
    ],
)
def test_what_is_no_pose(changes: dict[str, float], says: str) -> None:
    message = pose_message(**changes)
    transform = TransformMessage(rotation=message.orientation)
    for axis in "xyz":
        setattr(transform.translation, axis, getattr(message.position, axis))
    with pytest.raises(MessageError, match=re.escape(says)):
        message_to_pose(message)
    with pytest.raises(MessageError, match=re.escape(says)):
        transform_to_pose(transform)


def test_a_quaternion_as_tf_takes_it_is_normalized() -> None:
    pose = message_to_pose(pose_message(orientation_w=1.009))
    np.testing.assert_allclose(pose.matrix, np.eye(4))


@pytest.mark.parametrize(("sec", "nanosec"), [(-1, 0), (-(2**31), 999), (0, 10**9), (5, 2**32 - 1)])
def test_what_is_no_stamp(sec: int, nanosec: int) -> None:
    for read in (stamp_nanoseconds, stamp_seconds):
        with pytest.raises(MessageError, match=f"stamp of {sec} s and {nanosec} ns"):
            read(Time(sec=sec, nanosec=nanosec))


def test_durations_may_be_negative() -> None:
    assert duration_seconds(Duration(sec=-1, nanosec=500_000_000)) == -0.5


def _result(message: Any) -> Any:
    return message.detections[1].results[0]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda m: setattr(_result(m).pose.pose.position, "x", NAN), "no pose"),
        (lambda m: setattr(_result(m).pose.pose.orientation, "w", 0.0), "no pose"),
        (lambda m: setattr(_result(m).hypothesis, "score", NAN), "score nan"),
        (lambda m: setattr(_result(m).hypothesis, "score", 1.5), "score 1.5"),
        (lambda m: setattr(m.detections[1].bbox.size, "x", 0.0), "edge 0 m"),
        (lambda m: setattr(m.detections[1].bbox.size, "x", INFINITY), "edge inf m"),
        (lambda m: setattr(m.detections[1], "id", "7" * 101), "id of at most 100"),
        (lambda m: m.detections.extend(list(m.detections) * 500), "1002 detections"),
        (lambda m: _spoil_covariance(m, NAN), "covariance that is not finite"),
        (lambda m: _spoil_covariance(m, 1e300), "covariance that is not finite"),
        (lambda m: _spoil_covariance(m, -1.0), "without negative eigenvalues"),
    ],
)
def test_a_image_with_one_bad_detection_is_refused_whole(
    spoil: Callable[[Any], None], says: str
) -> None:
    good = BlockEstimate(Pose.identity(), np.eye(6), 0.9, 0.05)
    message = estimates_to_detections([good, good], HEADER)
    assert len(detections_to_estimates(message)) == 2
    spoil(message)
    with pytest.raises(MessageError, match=re.escape(says)):
        detections_to_estimates(message)


def _spoil_covariance(message: Any, value: float) -> None:
    entries = np.array(_result(message).pose.covariance)
    entries[0] = value
    _result(message).pose.covariance = entries.tolist()


def test_boxes_have_poses_whatever_they_hold() -> None:
    estimate = BlockEstimate(Pose.identity(), np.eye(6), 1.0, 0.05, id="cat")
    message = estimates_to_detections([estimate], HEADER)
    message.detections[0].results = []
    ((name, pose),) = detections_to_poses(message)
    assert name == "cat"
    np.testing.assert_array_equal(pose.matrix, np.eye(4))
    message.detections[0].bbox.center.position.y = NAN
    with pytest.raises(MessageError, match="no pose"):
        detections_to_poses(message)
