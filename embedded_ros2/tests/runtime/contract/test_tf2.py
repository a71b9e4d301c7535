"""tf2: the tree, interpolation, errors, and the listener between processes."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest

import rclpy
from geometry_msgs.msg import PointStamped, TransformStamped
from rclpy.clock import ClockType
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.time import Time
from tf2_ros import (
    Buffer,
    ConnectivityException,
    ExtrapolationException,
    InvalidArgumentException,
    LookupException,
)


def link(parent: str, child: str, x: float, seconds: float = 0.0, yaw: float = 0.0) -> Any:
    message = TransformStamped(child_frame_id=child)
    message.header.frame_id = parent
    message.header.stamp = Time(nanoseconds=round(seconds * 1e9)).to_msg()
    message.transform.translation.x = x
    message.transform.rotation.z, message.transform.rotation.w = (
        math.sin(yaw / 2),
        math.cos(yaw / 2),
    )
    return message


def filled() -> Buffer:
    buffer = Buffer()
    buffer.set_transform_static(link("world", "table", 1.0), "test")
    for seconds, x in ((1.0, 0.0), (2.0, 1.0), (3.0, 2.0)):
        buffer.set_transform(link("table", "arm", x, seconds, yaw=x), "test")
    buffer.set_transform(link("world", "camera", -1.0, 2.5), "test")
    return buffer


def test_lookup_composes_interpolates_and_finds_the_latest_common_time() -> None:
    buffer = filled()
    found = buffer.lookup_transform("world", "arm", Time(seconds=1.5))
    assert found.transform.translation.x == pytest.approx(1.5)
    assert 2 * math.atan2(found.transform.rotation.z, found.transform.rotation.w) == pytest.approx(
        0.5
    )
    assert (found.header.frame_id, found.child_frame_id) == ("world", "arm")
    latest = buffer.lookup_transform("world", "arm", Time())
    assert latest.header.stamp.sec == 3 and latest.transform.translation.x == pytest.approx(3.0)
    common = buffer.lookup_transform("camera", "arm", Time())
    assert Time.from_msg(common.header.stamp).nanoseconds == 2_500_000_000
    assert common.transform.translation.x == pytest.approx(1.0 + 1.5 + 1.0)
    assert buffer.lookup_transform("arm", "arm", Time(seconds=1)).transform.translation.x == 0.0
    static = buffer.lookup_transform("world", "table", Time(seconds=12345))
    assert static.transform.translation.x == 1.0


def test_errors() -> None:
    buffer = filled()
    buffer.set_transform_static(link("island", "hut", 0.0), "test")
    for error, target, source, seconds in (
        (LookupException, "world", "nothing", 1.0),
        (LookupException, "nothing", "world", 1.0),
        (ConnectivityException, "world", "hut", 1.0),
        (ExtrapolationException, "world", "arm", 9.0),
        (ExtrapolationException, "world", "arm", 0.5),
        (ExtrapolationException, "world", "camera", 2.0),
        (InvalidArgumentException, "/world", "arm", 1.0),
        (InvalidArgumentException, "", "arm", 1.0),
    ):
        with pytest.raises(error):
            buffer.lookup_transform(target, source, Time(nanoseconds=round(seconds * 1e9)))
        assert not buffer.can_transform(target, source, Time(nanoseconds=round(seconds * 1e9)))
    good, reason = buffer.can_transform("world", "arm", Time(seconds=9), return_debug_tuple=True)
    assert not good and "into the future" in reason


def test_transforms_that_are_none_are_left_out(capfd: pytest.CaptureFixture[str]) -> None:
    for bad in (link("a", "a", 0.0), link("", "b", 0.0), link("a", "b", math.nan)):
        buffer = Buffer()
        buffer.set_transform(bad, "test")
        with pytest.raises(LookupException):
            buffer.lookup_transform("a", "b", Time())
    assert "TF_SELF_TRANSFORM" in "".join(capfd.readouterr())


def test_old_transforms_are_dropped() -> None:
    buffer = Buffer(cache_time=Duration(seconds=1))
    for seconds in (1.0, 2.0, 5.0, 5.5):
        buffer.set_transform(link("a", "b", seconds, seconds), "test")
    with pytest.raises(ExtrapolationException):
        buffer.lookup_transform("a", "b", Time(seconds=2))


def test_data_is_transformed() -> None:
    pytest.importorskip("tf2_geometry_msgs", reason="it teaches tf2_ros these types")
    point = PointStamped()
    point.header.frame_id = "table"
    point.point.y = 2.0
    moved = filled().transform(point, "world")
    assert (moved.point.x, moved.point.y, moved.header.frame_id) == (1.0, 2.0, "world")


def test_wait_for_transform_async_and_timeout(ros: None) -> None:
    node = rclpy.create_node("n")
    buffer = Buffer(node=node)
    future = buffer.wait_for_transform_async("a", "b", Time())
    assert not future.done()
    buffer.set_transform(link("a", "b", 1.0, 1.0), "test")
    rclpy.spin_until_future_complete(node, future, timeout_sec=2.0)
    assert future.result().transform.translation.x == 1.0
    start = time.monotonic()
    with pytest.raises(LookupException):
        buffer.lookup_transform("a", "c", Time(), Duration(seconds=0.2))
    assert 0.15 < time.monotonic() - start < 1.0


def test_a_buffer_with_a_node_is_cleared_where_the_clock_goes_back(ros: None) -> None:
    node = Node("n", parameter_overrides=[Parameter("use_sim_time", value=True)])
    buffer, alone = Buffer(node=node), Buffer()

    def transform(child: str) -> TransformStamped:
        message = TransformStamped(child_frame_id=child)
        message.header.frame_id = "world"
        message.header.stamp.sec = 106
        return message

    for one in (buffer, alone):
        one.set_transform(transform("moving"), "test")
        one.set_transform_static(transform("fixed"), "test")
    for second in (106.0, 105.5):  # out of order, not a loop
        node.get_clock().set_ros_time_override(Time(seconds=second, clock_type=ClockType.ROS_TIME))
    assert buffer.can_transform("world", "moving", Time())
    node.get_clock().set_ros_time_override(Time(seconds=40, clock_type=ClockType.ROS_TIME))
    assert not buffer.can_transform("world", "moving", Time())
    assert buffer.can_transform("world", "fixed", Time())
    assert alone.can_transform("world", "moving", Time())
