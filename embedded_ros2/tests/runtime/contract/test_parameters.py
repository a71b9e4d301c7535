"""Parameters: declaration, types, ranges, services, events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import rclpy
from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    ParameterEvent,
    SetParametersResult,
)
from rcl_interfaces.srv import (
    DescribeParameters,
    GetParameters,
    GetParameterTypes,
    ListParameters,
    SetParameters,
)
from rclpy.exceptions import (
    InvalidParameterTypeException,
    InvalidParameterValueException,
    ParameterAlreadyDeclaredException,
    ParameterNotDeclaredException,
    ParameterUninitializedException,
)
from rclpy.node import Node
from rclpy.parameter import Parameter


def test_declare_get_set(ros: None) -> None:
    node = Node("n")
    assert node.declare_parameter("gain", 0.5).value == 0.5
    node.declare_parameters("camera", [("width", 640), ("name", "left")])
    assert node.get_parameter("camera.width").value == 640
    assert {n: p.value for n, p in node.get_parameters_by_prefix("camera").items()} == {
        "width": 640,
        "name": "left",
    }
    assert node.set_parameters([Parameter("gain", value=0.7)])[0].successful
    assert node.get_parameter("gain").get_parameter_value().double_value == 0.7
    refused = node.set_parameters([Parameter("gain", value="high")])[0]
    assert not refused.successful and "type" in refused.reason
    with pytest.raises(ParameterAlreadyDeclaredException):
        node.declare_parameter("gain", 0.5)
    with pytest.raises(ParameterNotDeclaredException):
        node.get_parameter("none")
    with pytest.raises(ParameterNotDeclaredException):
        node.set_parameters([Parameter("none", value=1)])
    assert node.get_parameter_or("none", Parameter("none", value=3)).value == 3
    node.undeclare_parameter("gain")
    assert not node.has_parameter("gain")


def test_overrides_and_their_types(domain: int, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(
        "/**:\n  ros__parameters: {rate: 20.0, joints: [a, b], scale: [1.0, 2.0], depth: 3}\n"
        "/s/n:\n  ros__parameters: {rate: 25.0}\n"
    )
    rclpy.init(
        args=["--ros-args", "--params-file", str(path), "-p", "depth:=4", "-p", "other:x:=1"]
    )
    try:
        node = Node(
            "n",
            namespace="s",
            parameter_overrides=[Parameter("code", value=1), Parameter("depth", value=9)],
        )
        assert node.declare_parameter("rate", 1.0).value == 25.0
        assert list(node.declare_parameter("joints", [""]).value) == ["a", "b"]
        assert list(node.declare_parameter("scale", Parameter.Type.DOUBLE_ARRAY).value) == [
            1.0,
            2.0,
        ]
        assert node.declare_parameter("depth", 0).value == 9  # of code, not of the command line
        assert node.declare_parameter("code", 0).value == 1
        assert node.declare_parameter("x", 0).value == 0
        other = Node("m", parameter_overrides=[Parameter("rate", value=3)])
        with pytest.raises(
            InvalidParameterTypeException, match="'depth'.*INTEGER.*expecting type 'STRING'"
        ):
            other.declare_parameter("depth", "text")
        assert other.declare_parameter("rate", 1.0, ignore_override=True).value == 1.0
        everything = Node("all", automatically_declare_parameters_from_overrides=True)
        assert everything.get_parameter("depth").value == 4
    finally:
        rclpy.try_shutdown()


def test_static_type_without_value(ros: None) -> None:
    node = Node("n")
    node.declare_parameter("port", Parameter.Type.INTEGER)
    with pytest.raises(ParameterUninitializedException):
        node.get_parameter("port")
    assert node.set_parameters([Parameter("port", value=3)])[0].successful
    assert node.get_parameter("port").value == 3


def test_ranges_read_only_and_callbacks(ros: None) -> None:
    node = Node("n")
    node.declare_parameter(
        "edge",
        0.05,
        ParameterDescriptor(
            floating_point_range=[FloatingPointRange(from_value=0.01, to_value=0.2)]
        ),
    )
    node.declare_parameter(
        "blocks",
        3,
        ParameterDescriptor(integer_range=[IntegerRange(from_value=1, to_value=9, step=2)]),
    )
    node.declare_parameter("model", "a.onnx", ParameterDescriptor(read_only=True))
    for name, value, good in (
        ("edge", 0.2, True),
        ("edge", 0.0, False),
        ("blocks", 5, True),
        ("blocks", 4, False),
        ("blocks", 11, False),
        ("model", "b.onnx", False),
    ):
        assert node.set_parameters([Parameter(name, value=value)])[0].successful is good, (
            name,
            value,
        )
    with pytest.raises(InvalidParameterValueException, match="edge2"):
        node.declare_parameter(
            "edge2",
            1.0,
            ParameterDescriptor(
                floating_point_range=[FloatingPointRange(from_value=0.0, to_value=0.5)]
            ),
        )
    assert not node.has_parameter("edge2")

    def refuse(parameters: list[Parameter]) -> Any:
        return SetParametersResult(successful=parameters[0].value != 7, reason="seven")

    node.add_on_set_parameters_callback(refuse)
    seen: list[str] = []
    node.add_post_set_parameters_callback(
        lambda parameters: seen.extend(p.name for p in parameters)
    )
    assert node.set_parameters([Parameter("blocks", value=7)])[0].reason == "seven"
    assert not node.set_parameters_atomically(
        [Parameter("blocks", value=9), Parameter("edge", value=5.0)]
    ).successful
    assert node.get_parameter("blocks").value == 5
    node.remove_on_set_parameters_callback(refuse)
    assert node.set_parameters([Parameter("blocks", value=7)])[0].successful and seen == ["blocks"]


def test_services_and_events(ros: None, until: Any) -> None:
    node, client_node = Node("n"), Node("client")
    node.declare_parameter("a.b", 1)
    node.declare_parameter("c", [1.0, 2.0], ParameterDescriptor(description="two numbers"))
    events: list[Any] = []
    client_node.create_subscription(ParameterEvent, "/parameter_events", events.append, 10)
    executor = rclpy.executors.SingleThreadedExecutor()
    executor.add_node(node)
    executor.add_node(client_node)

    def ask(kind: Any, name: str, request: Any) -> Any:
        client = client_node.create_client(kind, f"/n/{name}")
        assert client.wait_for_service(5.0)
        future = client.call_async(request)
        executor.spin_until_future_complete(future, 5.0)
        return future.result()

    values = ask(GetParameters, "get_parameters", GetParameters.Request(names=["a.b", "c"])).values
    assert values[0].integer_value == 1 and list(values[1].double_array_value) == [1.0, 2.0]
    # One that is not declared, and nothing is told of the others either.
    for kind, name, field in (
        (GetParameters, "get_parameters", "values"),
        (GetParameterTypes, "get_parameter_types", "types"),
        (DescribeParameters, "describe_parameters", "descriptors"),
    ):
        assert len(getattr(ask(kind, name, kind.Request(names=["a.b", "no"])), field)) == 0
    listed = ask(ListParameters, "list_parameters", ListParameters.Request(prefixes=["a"])).result
    assert (listed.names, listed.prefixes) == (["a.b"], ["a"])
    described = ask(
        DescribeParameters, "describe_parameters", DescribeParameters.Request(names=["c"])
    ).descriptors[0]
    assert described.description == "two numbers" and (
        described.type == Parameter.Type.DOUBLE_ARRAY.value
    )
    results = ask(
        SetParameters,
        "set_parameters",
        SetParameters.Request(
            parameters=[
                Parameter("a.b", value=5).to_parameter_msg(),
                Parameter("a.b", value="x").to_parameter_msg(),
                Parameter("unknown", value=1).to_parameter_msg(),
            ]
        ),
    ).results
    assert [r.successful for r in results] == [True, False, False]
    assert node.get_parameter("a.b").value == 5
    for _ in range(50):
        if any(p.name == "a.b" for e in events for p in e.changed_parameters):
            break
        executor.spin_once(timeout_sec=0.05)
    assert any(p.name == "a.b" and e.node == "/n" for e in events for p in e.changed_parameters)
