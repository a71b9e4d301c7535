"""A default stands once: files hold what differs from it, or hold all, and then the same."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import pytest

from simreal_cli.robot.cli_parameters import NODES, node_parameters
from simreal_common.resources import share_directory
from simreal_common.settings.configuration import load_yaml
from simreal_common.settings.parameters import ParameterSpec
from simreal_common.settings.yaml_loader import load_settings
from simreal_perception.training.tasks.registry import TASKS
from simreal_perception.training.training_config import TrainingConfig
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig
from simreal_sim.randomization.ranges_file import ranges_values

CONFIG = share_directory() / "config"
DOCUMENTATION = {"training.yaml", "randomization.yaml"}  # these hold all values
PARAMETER_FILES = [path for path in sorted(CONFIG.glob("*.yaml")) if path.name not in DOCUMENTATION]
LAUNCH_FILES = sorted((share_directory() / "launch").glob("*.launch.xml"))

# Where a launch file means to have another value than the node alone.
OTHERWISE = {
    ("simulation", "control_node", "blocks"),  # as many as the simulation has
    ("simulation", "control_node", "record"),
    ("simulation", "sim_node", "obstacles_file"),  # what control is told of, unless there is more
    ("simulation", "recorder_node", "out"),
    ("soak", "control_node", "record"),
    ("soak", "recorder_node", "out"),
    ("robot", "control_node", "record"),
    ("robot", "control_node", "limits.velocity_scaling"),  # a robot that nobody has tried yet
    ("robot", "recorder_node", "out"),
}


def declared(node: str) -> dict[str, ParameterSpec]:
    for module, _ in NODES[node]:
        pytest.importorskip(module, exc_type=ImportError)
    return {spec.name: spec for spec in node_parameters(node)}


def flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", tuple(value) if isinstance(value, list) else value


@pytest.mark.parametrize("path", PARAMETER_FILES, ids=lambda path: path.name)
def test_parameter_files_hold_only_what_differs(path: Any) -> None:
    for section, content in load_yaml(path, "{path}: {reason}").items():
        specs = declared(section.rpartition("/")[2])
        for name, value in flat(content["ros__parameters"]):
            assert name in specs, f"{section} has no {name}"
            assert value != specs[name].default, f"{name} of {section} repeats its default"


@pytest.mark.parametrize("path", LAUNCH_FILES, ids=lambda path: path.name)
def test_launch_arguments_have_the_defaults_of_the_parameters_they_set(path: Any) -> None:
    launch = path.name.partition(".")[0]
    root = ET.parse(path).getroot()
    given = {f"$(var {arg.get('name')})": arg.get("default") for arg in root.findall("arg")}
    for node in root.findall("node"):
        name = node.get("name") or ""
        specs = declared(name)
        for param in (p for p in node.findall("param") if p.get("value") in given):
            spec = specs[param.get("name") or ""]
            text = given[param.get("value") or ""] or ""
            if spec.required:
                assert not text, f"{spec.name} of {name} must be given: got a default, {text}"
                continue
            value = text if spec.scalar is str and not spec.is_array else load_settings(text)
            same = spec.convert(value) == spec.default
            assert same != ((launch, name, spec.name) in OTHERWISE), (
                f"{spec.name} of {name}: {text}"
            )


def test_the_file_of_ranges_holds_all_of_them_at_their_defaults() -> None:
    written = load_yaml(CONFIG / "randomization.yaml", "{path}: {reason}")
    assert written == ranges_values(RandomizationConfig())
    assert list(written) == list(ranges_values(RandomizationConfig()))


def test_the_file_of_training_holds_all_values_and_its_common_ones_are_the_defaults() -> None:
    written = load_yaml(CONFIG / "training.yaml", "{path}: {reason}")
    sections = {name: written.pop(name) for name in ("detector", "pose")}
    assert set(sections) <= set(TASKS)
    fields = {field.name: field.default for field in dataclasses.fields(TrainingConfig)}
    common = {key: tuple(v) if isinstance(v, list) else v for key, v in written.items()}
    assert common == {name: fields[name] for name in common}
    own = {"steps", "batch", "width"}
    assert {*common, *own, "task", "proposals_from"} == set(fields)
    assert set(sections["detector"]) == own
    assert set(sections["pose"]) == {*own, "proposals_from"}
