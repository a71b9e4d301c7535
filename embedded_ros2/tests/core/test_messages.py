"""Message classes behave as those of ROS 2."""

from __future__ import annotations

import array
from collections.abc import Callable

import numpy as np
import pytest

from embedded_ros2_core.fields import parse_type
from embedded_ros2_core.typehash import type_hash
from geometry_msgs.msg import Point
from sensor_msgs.msg import Image, JointState


def refused(make: Callable[[], object]) -> None:
    for wanted in (AssertionError, TypeError):
        with pytest.raises(wanted, match="wants"):
            make()


def test_wrong_values_raise_what_rclpy_raises_and_a_type_error(
    make_wrong: Callable[[], object],
) -> None:
    refused(make_wrong)


def test_sequences_of_another_type_are_refused_too() -> None:
    refused(lambda: JointState(position=[1]))
    refused(lambda: Image(data=np.zeros(3)))


def test_unknown_field_names_the_field() -> None:
    with pytest.raises(TypeError, match="colour"):
        Point(colour=1.0)


@pytest.mark.parametrize(
    "data",
    [
        b"\1\2\3",
        bytearray(b"\1\2\3"),
        [1, 2, 3],
        np.array([1, 2, 3], dtype=np.uint8),
        array.array("B", [1, 2, 3]),
        memoryview(b"\1\2\3"),
    ],
)
def test_bytes_in_many_forms(data: object) -> None:
    image = Image(data=data)
    assert image.data == array.array("B", [1, 2, 3])


def test_a_matrix_of_pixels_is_taken_as_rows() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    assert Image(data=pixels[:, ::-1]).data.tobytes() == pixels[:, ::-1].tobytes()


def test_unknown_interface_lists_what_there_is() -> None:
    with pytest.raises(ImportError):
        from std_msgs.msg import Nonsense  # noqa: F401
    import std_msgs.msg

    with pytest.raises(AttributeError, match="Float64"):
        std_msgs.msg.Nonsense  # noqa: B018
    assert "String" in dir(std_msgs.msg)


def test_field_type_names() -> None:
    assert JointState.get_fields_and_field_types() == {
        "header": "std_msgs/Header",
        "name": "sequence<string>",
        "position": "sequence<double>",
        "velocity": "sequence<double>",
        "effort": "sequence<double>",
    }
    assert parse_type("float64[<=3]", "p").ros_name() == "sequence<double, 3>"
    with pytest.raises(ValueError, match="not a ROS field type"):
        parse_type("float64[", "p")


def test_known_type_hash() -> None:
    """The hash that ROS 2 Jazzy itself publishes for std_msgs/msg/String."""
    assert type_hash("std_msgs/msg/String") == (
        "RIHS01_df668c740482bbd48fb39d76a70dfd4bd59db1288021743503259e948f6b1a18"
    )


def test_type_hashes_agree_with_rosbags() -> None:
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS2_JAZZY)
    for name in (
        "sensor_msgs/msg/Image",
        "sensor_msgs/msg/CameraInfo",
        "sensor_msgs/msg/CompressedImage",
        "tf2_msgs/msg/TFMessage",
        "std_msgs/msg/Empty",
        "trajectory_msgs/msg/JointTrajectory",
        "rcl_interfaces/msg/ParameterEvent",
        "shape_msgs/msg/Mesh",
    ):
        assert type_hash(name) == store.hash_rihs01(name)
