"""Whatever bytes come, the codec gives a message that can be written again, or CdrError."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedded_ros2_core.codec import CdrError, deserialize, serialize
from embedded_ros2_core.messages import structure_class

NAMES = [
    "action_msgs/msg/GoalStatusArray",
    "action_msgs/srv/CancelGoal_Request",
    "control_msgs/action/FollowJointTrajectory_SendGoal_Request",
    "diagnostic_msgs/msg/DiagnosticArray",
    "rcl_interfaces/srv/SetParameters_Request",
    "rmw_dds_common/msg/ParticipantEntitiesInfo",
    "sensor_msgs/msg/CameraInfo",
    "sensor_msgs/msg/Image",
    "sensor_msgs/msg/JointState",
    "std_msgs/msg/Empty",
    "std_msgs/msg/String",
    "std_msgs/msg/Float64MultiArray",
    "tf2_msgs/msg/TFMessage",
    "vision_msgs/msg/Detection3DArray",
]
HEADERS = [b"\x00\x01\x00\x00", b"\x00\x00\x00\x00"]  # little and big endian
LENGTHS = [0, 1, 2, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    """An interface, and bytes that might be one: noise, or a message with some bytes changed."""
    name = draw(st.sampled_from(NAMES))
    if draw(st.booleans()):
        header = draw(st.one_of(st.sampled_from(HEADERS), st.binary(max_size=4)))
        return name, header + draw(st.binary(max_size=200))
    cls: Any = structure_class(name)
    blob = bytearray(serialize(cls()))
    blob[:4] = draw(st.sampled_from(HEADERS))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(blob)))
        new = draw(
            st.one_of(
                st.binary(max_size=8),
                st.sampled_from(LENGTHS).map(lambda n: n.to_bytes(4, "little")),
                st.just(b"\x02\x00\x00\x00\xff\x00"),
            )
        )
        blob[place : place + draw(st.integers(0, 8))] = new
    return name, bytes(blob[: draw(st.integers(0, len(blob)))] if draw(st.booleans()) else blob)


def check(case: tuple[str, bytes]) -> None:
    name, blob = case
    try:
        message = deserialize(blob, name)
    except CdrError:
        return
    again = serialize(message)
    assert serialize(deserialize(again, name)) == again


@settings(max_examples=300, deadline=10_000)
@given(damaged())
def test_damaged_bytes(case: tuple[str, bytes]) -> None:
    check(case)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=10_000, suppress_health_check=[HealthCheck.too_slow])
@given(damaged())
def test_many_damaged_bytes(case: tuple[str, bytes]) -> None:
    check(case)
