"""What is taken from joint_states, and what is refused."""

from __future__ import annotations

import pytest

pytest.importorskip("sensor_msgs", reason="no ROS messages: install ROS 2 or embedded_ros2")

from sensor_msgs.msg import JointState

from simreal_common.errors import MessageError
from simreal_control.ros_joint_states import read_joints

NAN, INFINITY = float("nan"), float("inf")


def test_joints_come_in_the_order_they_are_asked_for() -> None:
    message = JointState(name=["a", "b", "c"], position=[1.0, 2.0, NAN], velocity=[0.1, 0.2, NAN])
    reading = read_joints(message, ["b", "a"])
    assert reading is not None
    assert reading.velocities is not None
    assert reading.positions.tolist() == [2.0, 1.0]
    assert reading.velocities.tolist() == [0.2, 0.1]
    assert read_joints(message, ["a", "d"]) is None


@pytest.mark.parametrize("velocity", [[], [0.1], [NAN, 0.0], [0.0, INFINITY]])
def test_velocities_that_nobody_measures(velocity: list[float]) -> None:
    reading = read_joints(JointState(name=["a", "b"], position=[1.0, 2.0], velocity=velocity), "ab")
    assert reading is not None
    assert reading.velocities is None


@pytest.mark.parametrize("position", [[], [1.0], [1.0, 2.0, 3.0], [1.0, NAN], [INFINITY, 0.0]])
def test_what_is_no_joint_state(position: list[float]) -> None:
    with pytest.raises(MessageError, match="joint_states"):
        read_joints(JointState(name=["a", "b"], position=position), ["a", "b"])
