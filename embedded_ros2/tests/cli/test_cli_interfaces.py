"""Message classes by name, and their fields from and to YAML."""

from __future__ import annotations

import pytest

from ros2cli_embedded.errors import CliError
from ros2cli_embedded.interfaces import interface, parse_values, set_fields, to_yaml


def test_names() -> None:
    assert interface("std_msgs/msg/String", "msg") is interface("std_msgs/String", "msg")
    for name, message in (
        ("std_msgs/msg/Strin", "has no msg 'Strin'; did you mean 'String'"),
        ("no_such_package_x/msg/String", "no package 'no_such_package_x' with msg types"),
        ("std_msgs/srv/String", "is no msg type; wanted is package/msg/Name"),
        ("String", "wanted is package/msg/Name"),
    ):
        with pytest.raises(CliError, match=message):
            interface(name, "msg")


def test_fields_from_yaml() -> None:
    message = interface("geometry_msgs/msg/PoseStamped", "msg")()
    set_fields(
        message,
        parse_values("{header: {frame_id: base}, pose: {position: {x: 1, y: 2.5}}}"),
    )
    assert message.header.frame_id == "base"
    assert (message.pose.position.x, message.pose.position.y) == (1.0, 2.5)


def test_lists_of_numbers_texts_and_messages() -> None:
    message = interface("sensor_msgs/msg/JointState", "msg")()
    set_fields(message, parse_values("{name: [a, b], position: [1, 2.5]}"))
    assert list(message.name) == ["a", "b"]
    assert list(message.position) == [1.0, 2.5]
    path = interface("geometry_msgs/msg/Polygon", "msg")()
    set_fields(path, parse_values("{points: [{x: 1}, {y: 2}]}"))
    assert [(p.x, p.y) for p in path.points] == [(1.0, 0.0), (0.0, 2.0)]


@pytest.mark.parametrize(
    ("type_name", "text", "message"),
    [
        ("std_msgs/msg/Int8", "{data: 300}", "field 'data' .* cannot be 300"),
        ("std_msgs/msg/Int8", "{dat: 3}", "no field 'dat'; did you mean 'data'"),
        ("std_msgs/msg/Int8", "5", "names no fields"),
        ("std_msgs/msg/Int8", "{data: [", "not valid YAML"),
        ("std_msgs/msg/Header", "{stamp: 5}", "field 'stamp' is a message"),
        ("std_msgs/msg/Header", "{stamp: {sec: x}}", "field 'stamp.sec' .* cannot be 'x'"),
        ("sensor_msgs/msg/JointState", "{name: 5}", "field 'name' is .*; wanted is a list"),
        ("geometry_msgs/msg/Polygon", "{points: [{w: 1}]}", "no field 'points\\[0\\].w'"),
    ],
)
def test_mistakes(type_name: str, text: str, message: str) -> None:
    with pytest.raises(CliError, match=message) as caught:
        set_fields(interface(type_name, "msg")(), parse_values(text))
    assert "\n" not in str(caught.value)


def test_yaml_of_messages() -> None:
    header = interface("std_msgs/msg/Header", "msg")(frame_id="base")
    assert to_yaml(header) == "stamp:\n  sec: 0\n  nanosec: 0\nframe_id: base"
    state = interface("sensor_msgs/msg/JointState", "msg")(position=[0.5] * 200)
    assert to_yaml(state).count("- 0.5") == 128
    assert to_yaml(state).count("- '...'") == 1
    assert to_yaml(state, shown=None).count("- 0.5") == 200
    assert "length: 200>" in to_yaml(state, arrays=False)
    info = interface("sensor_msgs/msg/CameraInfo", "msg")(k=[1.0] * 9)
    assert "k:\n- 1.0\n- 1.0" in to_yaml(info)
