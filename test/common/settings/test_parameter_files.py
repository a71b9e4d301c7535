"""Parameter files read without ROS: the values a node would have, and mistakes in one line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from simreal_common.errors import ConfigurationError
from simreal_common.resources import share_directory
from simreal_common.settings.parameter_files import read_parameters
from simreal_common.settings.parameters import check_parameters, parameter
from simreal_control.control_configuration import ControlParameters, robot_parameters
from simreal_perception.node_parameters import PerceptionParameters

NODE = "/sample_node"


@dataclass(frozen=True)
class Sample:
    out: str = parameter(description="folder for results")
    edge: float = parameter(0.05, "edge of the blocks, metres", range=(0.005, 1.0))
    count: int = parameter(3, "how many", range=(1, 8))
    home: tuple[float, ...] = parameter((0.0, 0.5), "joint angles, radians", range=(-3.0, 3.0))
    sigma: float = parameter(0.002, "of the plane, metres", name="plane.sigma")

    def __post_init__(self) -> None:
        check_parameters(self)


def read(folder: Path, values: str, node: str = NODE) -> Sample:
    path = folder / "sample.yaml"
    path.write_text(f"/**/sample_node: {{ros__parameters: {{{values}}}}}")
    return read_parameters(path, node, Sample)


def test_what_is_given_and_what_is_not(tmp_path: Path) -> None:
    found = read(tmp_path, "out: here, home: [1.0, 2.0], plane: {sigma: 1e-3}, use_sim_time: true")
    assert found == Sample("here", home=(1.0, 2.0), sigma=0.001)


@pytest.mark.parametrize(
    ("section", "node", "counts"),
    [
        ("/**: {HERE}", "/sample_node", True),
        ("/**/sample_node: {HERE}", "/left/arm/sample_node", True),
        ("/*/sample_node: {HERE}", "/left/sample_node", True),
        ("/*/sample_node: {HERE}", "/sample_node", False),
        ("sample_node: {HERE}", "/sample_node", True),
        ("sample_node: {HERE}", "/left/sample_node", False),
        ("left: {sample_node: {HERE}}", "/left/sample_node", True),
    ],
)
def test_sections_are_for_the_nodes_that_their_names_match(
    tmp_path: Path, section: str, node: str, counts: bool
) -> None:
    path = tmp_path / "sample.yaml"
    path.write_text(
        "/**/*: {ros__parameters: {out: here, count: 1}}\n"
        f"{section.replace('HERE', 'ros__parameters: {count: 2}')}\n"
        "other_node: {ros__parameters: {count: 5, colour: red}}\n"
    )
    assert read_parameters(path, node, Sample).count == (2 if counts else 1)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ("edge: 0.06", "'out': not given, wanted string.*folder"),
        ("out: a, edge: 0.0", "'edge': got 0.0, wanted double from 0.005 to 1"),
        ("out: a, edge: 1", r"'edge': got 1 \(integer\), wanted double .*edge:=0.05"),
        ("out: a, edge: big", r"'edge': got 'big' \(string\), wanted double"),
        ("out: a, count: 2.5", r"'count': got 2.5 \(double\), wanted integer"),
        ("out: a, home: [1, 2]", "'home': got .*integer array.*wanted double array"),
        ("out: a, home: 1.0", r"'home': got 1.0 \(double\), wanted double array"),
        ("out: a, egde: 0.06", "'egde': got 0.06, but sample_node has no.*did you mean 'edge'"),
        ("out: a, plane: {tilt: 1}", "'plane.tilt': got 1, but sample_node has no such"),
        ("out: [", "cannot be read .*wanted a ROS parameter file"),
    ],
)
def test_mistakes_are_named_in_one_line(tmp_path: Path, values: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=f"sample.yaml.*{says}") as caught:
        read(tmp_path, values)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content", ["", "hello", "/**/other: {ros__parameters: {}}", "/**/sample_node: {out: a}"]
)
def test_a_file_without_the_node(tmp_path: Path, content: str) -> None:
    path = tmp_path / "sample.yaml"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match="no parameters of /sample_node; wanted '/.*:'"):
        read_parameters(path, NODE, Sample)


def test_a_robot_whose_file_says_nothing_to_control_is_the_one_of_the_defaults() -> None:
    assert robot_parameters("panda") == ControlParameters()
    assert robot_parameters("kuka") != ControlParameters()


@pytest.mark.parametrize(
    ("old", "value", "new"),
    [
        ("gripper_joints", "[a]", "gripper.joints"),
        ("grip_effort", "25.0", "gripper.effort"),
        ("velocity_scaling", "0.1", "limits.velocity_scaling"),
        ("min_score", "0.3", "perception.min_score"),
        ("place_gap", "0.01", "planning.place_gap"),
    ],
)
def test_a_name_from_before_there_were_groups_is_refused_with_that_of_now(
    tmp_path: Path, old: str, value: str, new: str
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"/**/control_node: {{ros__parameters: {{{old}: {value}}}}}")
    with pytest.raises(ConfigurationError, match=f"'{old}': got .*; it is called '{new}'$"):
        read_parameters(path, "/control_node", ControlParameters)
    group, _, name = new.partition(".")
    path.write_text(f"/**/control_node: {{ros__parameters: {{{group}: {{{name}: {value}}}}}}}")
    assert read_parameters(path, "/control_node", ControlParameters) != ControlParameters()


@pytest.mark.parametrize("letter", ["\\0", "\\ud800"])
def test_a_text_with_what_no_path_has_is_refused(tmp_path: Path, letter: str) -> None:
    with pytest.raises(ConfigurationError, match="'out': got 'a.b' with character 0x") as caught:
        read(tmp_path, f'out: "a{letter}b"')
    assert str(caught.value).isprintable()


def test_a_long_value_is_not_told_whole(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"'edge': got 'xxx.*\.\.\.") as caught:
        read(tmp_path, f"out: a, edge: {'x' * 9000}")
    assert len(str(caught.value)) < 600


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nowhere.yaml cannot be read"):
        read_parameters(tmp_path / "nowhere.yaml", NODE, Sample)


@pytest.mark.parametrize(
    ("file", "node", "cls"),
    [
        ("kuka", "/control_node", ControlParameters),
        ("panda", "/perception_node", PerceptionParameters),
        ("perception", "/perception_node", PerceptionParameters),
    ],
)
def test_files_that_come_along(file: str, node: str, cls: type) -> None:
    path = share_directory() / "config" / f"{file}.yaml"
    assert isinstance(read_parameters(path, node, cls), cls)
