"""Parameter classes as ROS parameters: typed, described, and mistakes in one line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

rclpy = pytest.importorskip("rclpy")

from rclpy.node import Node
from rclpy.parameter import Parameter

from simreal_common.errors import ConfigurationError
from simreal_common.settings.parameters import check_parameters, parameter
from simreal_common.settings.ros_parameters import declare, declare_all


@dataclass(frozen=True)
class Sample:
    edge: float = parameter(0.05, "edge of the blocks, metres", range=(0.005, 1.0))
    count: int = parameter(3, "how many", range=(1, 8))
    grip: str = parameter("firm", "how to hold", choices=("firm", "soft"))
    fast: bool = parameter(False, "whether to hurry")
    home: tuple[float, ...] = parameter((0.0, 0.5), "joint angles, radians", range=(-3.0, 3.0))
    names: tuple[str, ...] = parameter((), "names of joints")

    def __post_init__(self) -> None:
        check_parameters(self)


@dataclass(frozen=True)
class Place:
    out: str = parameter(description="folder for results")


def sample_node(**values: Any) -> Node:
    overrides = [Parameter(name, value=value) for name, value in values.items()]
    return Node("sample_node", parameter_overrides=overrides)


@pytest.mark.usefixtures("ros")
def test_defaults() -> None:
    assert declare(sample_node(), Sample) == Sample()


@pytest.mark.usefixtures("ros")
def test_given_values() -> None:
    values = {"edge": 0.06, "count": 2, "grip": "soft", "fast": True}
    node = sample_node(**values, home=[0.1, 0.2, 0.3], names=["a", "b"])
    assert declare(node, Sample) == Sample(**values, home=(0.1, 0.2, 0.3), names=("a", "b"))


@pytest.mark.usefixtures("ros")
def test_they_are_described_and_cannot_be_changed() -> None:
    node = sample_node()
    declare(node, Sample)
    descriptor = node.describe_parameter("edge")
    assert descriptor.description == "edge of the blocks, metres"
    assert descriptor.read_only
    assert descriptor.floating_point_range[0].from_value == 0.005
    assert node.describe_parameter("count").integer_range[0].to_value == 8
    assert "soft" in node.describe_parameter("grip").additional_constraints
    (result,) = node.set_parameters([Parameter("edge", value=0.07)])
    assert not result.successful
    assert node.get_parameter("edge").value == 0.05


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"edge": 0.0}, "'edge': got 0.0, wanted double from 0.005 to 1"),
        ({"edge": 1}, r"'edge': got 1 \(integer\), wanted double .*edge:=0.05"),
        ({"edge": "big"}, r"'edge': got 'big' \(string\), wanted double"),
        ({"count": 9}, "'count': got 9.*wanted integer from 1 to 8"),
        ({"count": 2.5}, r"'count': got 2.5 \(double\), wanted integer"),
        ({"grip": "limp"}, "'grip': got 'limp', wanted string out of 'firm', 'soft'"),
        ({"fast": "yes"}, r"'fast': got 'yes' \(string\), wanted bool"),
        ({"home": [0.0, 4.0]}, "'home': got .*wanted double array from -3 to 3"),
        ({"home": [1, 2]}, "'home': got .*integer array.*wanted double array"),
        ({"names": [1]}, "'names': got .*wanted string array"),
        ({"egde": 0.06}, "'egde': got 0.06, but sample_node has no such.*did you mean 'edge'"),
        ({"colour": "red"}, "no such parameter; known are count, edge, fast, grip, home, names"),
    ],
)
@pytest.mark.usefixtures("ros")
def test_mistakes_are_named_in_one_line(given: dict[str, Any], says: str) -> None:
    node = sample_node(**given)
    with pytest.raises(ConfigurationError, match=says) as caught:
        declare(node, Sample)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("ros")
def test_a_parameter_that_must_be_given() -> None:
    with pytest.raises(ConfigurationError, match="'out': not given, wanted string.*folder"):
        declare(sample_node(), Place)


@pytest.mark.usefixtures("ros")
def test_two_classes_share_a_node() -> None:
    node = sample_node(out="here", count=1)
    assert declare_all(node, Sample, Place) == (Sample(count=1), Place("here"))


@pytest.mark.usefixtures("ros")
def test_what_rclpy_declares_itself_is_not_unknown() -> None:
    node = sample_node(use_sim_time=True, edge=0.06)
    assert declare(node, Sample).edge == 0.06


def test_values_from_yaml_and_command_line(domain: int, tmp_path: Path) -> None:
    path = tmp_path / "parameters.yaml"
    path.write_text("sample_node:\n  ros__parameters:\n    edge: 0.08\n    count: 4\n")
    rclpy.init(args=["x", "--ros-args", "--params-file", str(path), "-p", "count:=5"])
    try:
        assert declare(Node("sample_node"), Sample) == Sample(edge=0.08, count=5)
    finally:
        rclpy.try_shutdown()
