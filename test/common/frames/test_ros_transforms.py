"""Transforms over a clock that goes back, as of a bag that loops."""

from __future__ import annotations

import pytest

rclpy = pytest.importorskip("rclpy")

import numpy as np
from geometry_msgs.msg import TransformStamped
from rclpy.clock import ClockType
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.time import Time

from simreal_common.frames.ros_clock import on_clock_set_back
from simreal_common.frames.ros_transforms import Transforms
from simreal_common.geometry import Pose
from simreal_common.ros_messages import pose_to_transform_stamped, to_stamp


def at(x: float, stamp: float, parent: str = "world", child: str = "camera") -> TransformStamped:
    pose = Pose(np.array([x, 0.0, 0.0]), np.array([0.0, 0.0, 0.0, 1.0]))
    return pose_to_transform_stamped(pose, parent, child, to_stamp(stamp))


def set_clock(node: Node, seconds: float) -> None:
    node.get_clock().set_ros_time_override(Time(seconds=seconds, clock_type=ClockType.ROS_TIME))


@pytest.fixture
def node(ros: None) -> Node:
    return Node("n", parameter_overrides=[Parameter("use_sim_time", value=True)])


def test_a_loop_forgets_what_moved_and_keeps_what_is_static(node: Node) -> None:
    transforms = Transforms(node)
    set_clock(node, 106.0)
    transforms.set_transform(at(1.0, 106.0), "test")
    transforms.set_transform_static(at(5.0, 0.0, child="table"), "test")
    set_clock(node, 105.95)  # out of order, no loop
    assert transforms.can_transform("world", "camera", Time())
    set_clock(node, 40.0)
    assert not transforms.can_transform("world", "camera", Time())
    assert transforms.can_transform("world", "table", Time())
    transforms.set_transform(at(3.0, 106.0), "test")  # was on its way: must not hide the new ones
    transforms.set_transform(at(2.0, 40.0), "test")
    found = transforms.lookup_transform("world", "camera", Time(seconds=40))
    assert found.transform.translation.x == 2.0
    latest = transforms.lookup_transform("world", "camera", Time())
    assert latest.transform.translation.x == 2.0


def test_the_callback_lives_as_long_as_its_handle(node: Node) -> None:
    calls: list[int] = []
    handle = on_clock_set_back(node, lambda: calls.append(1))
    for second in (5.0, 4.0, 9.0, 8.95, 1.0):
        set_clock(node, second)
    assert len(calls) == 2
    handle.unregister()
    set_clock(node, 0.5)
    assert len(calls) == 2


def test_two_publishers_of_one_frame_are_named(node: Node) -> None:
    transforms = Transforms(node)
    for parent in ("world", "base", "world"):
        transforms.set_transform(at(0.0, 1.0, parent), "test")
    assert transforms.conflicts() == {"camera": ("base", "world")}
