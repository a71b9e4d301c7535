"""CDR against rosbags as the oracle, and round trips over every interface we have."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rosbags.typesys import Stores, get_typestore

from embedded_ros2_core.codec import CdrError, deserialize, serialize
from embedded_ros2_core.definitions import DEFINITIONS_DIR, registry
from embedded_ros2_core.fields import INTEGER_RANGES, NUMPY_NAMES, FieldType, Kind
from embedded_ros2_core.messages import structure_class

STORE = get_typestore(Stores.ROS2_JAZZY)
PACKAGES = sorted(
    {name.split("/")[0] for name in STORE.fielddefs}
    | {path.stem for path in DEFINITIONS_DIR.glob("*.idef")}
)
ALL_NAMES = [name for package in PACKAGES for name in registry.names(package)]
ORACLE_NAMES = [
    "std_msgs/msg/String",
    "std_msgs/msg/Empty",
    "std_msgs/msg/Float64MultiArray",
    "sensor_msgs/msg/JointState",
    "sensor_msgs/msg/CameraInfo",
    "sensor_msgs/msg/Image",
    "tf2_msgs/msg/TFMessage",
    "geometry_msgs/msg/PoseArray",
    "trajectory_msgs/msg/JointTrajectory",
    "rcl_interfaces/msg/ParameterEvent",
    "diagnostic_msgs/msg/DiagnosticArray",
    "visualization_msgs/msg/Marker",
    "nav_msgs/msg/OccupancyGrid",
    "rmw_dds_common/msg/ParticipantEntitiesInfo",
    "action_msgs/msg/GoalStatusArray",
    "sensor_msgs/msg/PointCloud2",
    "shape_msgs/msg/Mesh",
]


def scalar(base: str) -> st.SearchStrategy[Any]:
    if base in INTEGER_RANGES:
        return st.integers(*INTEGER_RANGES[base])
    if base == "float32":
        return st.floats(width=32, allow_nan=False)
    if base == "float64":
        return st.floats(allow_nan=False)
    if base == "bool":
        return st.booleans()
    if base == "byte":
        return st.binary(min_size=1, max_size=1)
    if base == "string":
        return st.text(
            st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), max_size=12
        )
    return messages(base)


def value(kind: FieldType) -> st.SearchStrategy[Any]:
    element = scalar(kind.base)
    if kind.kind is Kind.SCALAR:
        return element
    if kind.kind is Kind.ARRAY:
        return st.lists(element, min_size=kind.size, max_size=kind.size)
    return st.lists(element, max_size=min(kind.size or 2, 2))


def messages(name: str) -> st.SearchStrategy[Any]:
    cls: Any = structure_class(name)
    fields = registry.definition(name).fields
    return st.fixed_dictionaries({field.name: value(field.type) for field in fields}).map(
        lambda kw: cls(**kw)
    )


def as_rosbags(message: Any) -> Any:
    """The same message in rosbags' classes: every array as numpy."""
    definition = type(message)._ros_definition_
    values = []
    for field in definition.fields:
        item, kind = getattr(message, field.name), field.type
        if kind.kind is Kind.SCALAR:
            if kind.base == "byte":
                item = item[0] - 256 * (item[0] > 127)  # rosbags has bytes signed
            values.append(item if kind.is_primitive else as_rosbags(item))
        elif kind.is_numeric:
            values.append(np.array(item, dtype=NUMPY_NAMES[kind.base]))
        elif kind.base == "bool":
            values.append(np.array(item, dtype=np.bool_))
        elif kind.base == "byte":
            values.append(np.array([b[0] for b in item], dtype=np.uint8))
        elif kind.is_primitive:
            values.append(list(item))
        else:
            values.append([as_rosbags(element) for element in item])
    if not definition.fields:
        values.append(0)
    return STORE.types[definition.name](*values)


@pytest.mark.parametrize("name", ORACLE_NAMES)
def test_same_bytes_as_rosbags(name: str) -> None:
    @settings(max_examples=6, deadline=None)
    @given(messages(name))
    def check(message: Any) -> None:
        ours = serialize(message)
        assert bytes(ours) == bytes(STORE.serialize_cdr(as_rosbags(message), name))
        assert deserialize(ours, name) == message

    check()


@pytest.mark.parametrize(
    "name", ["tf2_msgs/msg/TFMessage", "sensor_msgs/msg/CameraInfo", "sensor_msgs/msg/JointState"]
)
def test_reads_big_endian(name: str) -> None:
    @settings(max_examples=4, deadline=None)
    @given(messages(name))
    def check(message: Any) -> None:
        big = STORE.serialize_cdr(as_rosbags(message), name, little_endian=False)
        assert deserialize(big, name) == message

    check()


def test_every_interface_makes_a_class_and_round_trips() -> None:
    assert len(ALL_NAMES) > 250
    for name in ALL_NAMES:
        cls: Any = structure_class(name)
        message = cls()
        assert deserialize(serialize(message), name) == message, name
        assert list(cls.get_fields_and_field_types()) == [
            f.name for f in registry.definition(name).fields
        ]


def test_alignment_after_an_empty_sequence_of_doubles() -> None:
    """XCDR1 puts no padding where there is no element."""
    cls: Any = structure_class("sensor_msgs/msg/JointState")
    blob = serialize(cls(name=["a"]))
    assert len(blob) == 4 + 8 + 4 + 1 + 3 + 4 + 4 + 2 + 2 + 12


def test_service_header_goes_before_the_body() -> None:
    cls: Any = structure_class("std_srvs/srv/SetBool_Request")
    blob = serialize(cls(data=True), prefix=bytes(range(16)))
    assert bytes(blob) == b"\x00\x01\x00\x00" + bytes(range(16)) + b"\x01"
    assert deserialize(blob, "std_srvs/srv/SetBool_Request", 16).data is True


@pytest.mark.parametrize(
    "name", ["sensor_msgs/msg/Image", "tf2_msgs/msg/TFMessage", "std_msgs/msg/String"]
)
def test_damaged_bytes_raise(name: str) -> None:
    cls: Any = structure_class(name)
    for blob in (
        b"",
        b"\x00\x01",
        b"\x00\x03\x00\x00" + bytes(64),
        b"\x00\x01\x00\x00" + b"\xff" * 20,
    ):
        with pytest.raises(CdrError):
            deserialize(blob, name)
    whole = serialize(cls())
    with pytest.raises(CdrError):
        deserialize(whole[: len(whole) - 4 if len(whole) > 12 else 5], name)


def test_what_cannot_be_written_names_the_message() -> None:
    cls: Any = structure_class("sensor_msgs/msg/JointState")
    message = cls()
    message.name.append(3)  # lists are not watched after assignment
    with pytest.raises(CdrError, match="sensor_msgs/msg/JointState"):
        serialize(message)


def test_special_floats_survive() -> None:
    cls: Any = structure_class("geometry_msgs/msg/Point")
    back = deserialize(serialize(cls(x=math.inf, y=-0.0, z=math.nan)), "geometry_msgs/msg/Point")
    assert back.x == math.inf and math.copysign(1, back.y) == -1 and math.isnan(back.z)
