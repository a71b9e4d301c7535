"""A launch argument is a text of somebody: it reaches a node as it is, or one line refuses it.

Looked at on paper: what the embedded launcher would start, read as its nodes would read it.
"""

from __future__ import annotations

import os
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ros2cli_embedded", reason="looks into the embedded launcher")

from embedded_ros2_core.arguments import ArgumentError, parse
from ros2cli_embedded.errors import CliError
from ros2cli_embedded.launch.context import LaunchContext
from ros2cli_embedded.launch.plan import ProcessPlan
from ros2cli_embedded.launch.planner import Planner

from simreal_cli.robot.cli_parameters import NODES, node_parameters
from simreal_common.resources import share_directory

Parameters = dict[str, list[dict[str, Any]]]
LAUNCH_FILES = sorted((share_directory() / "launch").glob("*.launch.xml"))
VARIABLE = re.compile(r"\$\(var (\w+)\)")
REQUIRED = {"bag": "my_bag"}  # arguments without a default
TEXTS = [
    *("it's", "[", "#1", "a: b", "1e3", 'a "b" c', "$(var out)", "' != '' or exit() or '"),
    *("'", '"', " ", " a ", "a b", "a #b", "[a", "]", "{a", "}", ":", "a:=b", "-", "- a", "=", "|"),
    *(">", "!", "!!int x", "&a", "*a", "%a", "@a", "`id`", "?", ",", "\\", "\\n", "--ros-args"),
    *("$(eval 1)", "$HOME", "+.5", "1.5e3", "1_000", "0x10", "0o7", "1:30", "7", "-.inf", ".nan"),
    *("on", "No", "null", "~", "true", "2020-01-01", "é", "\U0001f600", "a\tb"),
    "x" * 300 + " y",
]
FEW = TEXTS[:8]


def used(file: Path, argument: str) -> list[tuple[str, str, ET.Element]]:
    """Where a launch file uses an argument: node, attribute's text, element."""
    root = ET.parse(file).getroot()
    return [
        (str(parent.get("name")), value, element)
        for parent in root.iter()
        for element in parent
        for value in element.attrib.values()
        if argument in VARIABLE.findall(value)
    ]


def is_text(value: str, element: ET.Element) -> bool:
    """Whether it is the whole of a parameter that is a text."""
    whole = VARIABLE.fullmatch(value) is not None
    return whole and element.tag == "param" and element.get("type") == "str"


def arguments_of(file: Path) -> dict[str, bool]:
    """The arguments of a launch file; true where nodes take them as texts, and nobody else."""
    found = {}
    for element in ET.parse(file).getroot().findall("arg"):
        name = str(element.get("name"))
        takers = [u for u in used(file, name) if u[2].tag != "executable"]
        found[name] = all(is_text(*u[1:]) for u in takers) and element.find("choice") is None
    return found


OTHERS = [
    pytest.param(file, name, id=f"{file.name.partition('.')[0]}-{name}")
    for file in LAUNCH_FILES
    for name, free in arguments_of(file).items()
    if not free
]


@pytest.mark.parametrize("file", LAUNCH_FILES, ids=lambda file: file.name)
def test_no_expression_reads_a_text_of_somebody(file: Path) -> None:
    """$(eval) is Python: a quote in the text ends the string there, and what follows is carried out."""
    root = ET.parse(file).getroot()
    free = {str(a.get("name")) for a in root.findall("arg") if a.find("choice") is None}
    for element in root.iter():
        for value in element.attrib.values():
            if "$(eval" in value:
                assert not free & set(VARIABLE.findall(value)), ET.tostring(element)


@pytest.mark.parametrize("file", LAUNCH_FILES, ids=lambda file: file.name)
def test_what_is_a_text_for_a_node_is_handed_on_as_one(file: Path) -> None:
    for node in ET.parse(file).getroot().iter("node"):
        name = str(node.get("exec"))
        for module, _ in NODES[name]:
            pytest.importorskip(module, exc_type=ImportError)
        texts = {spec.name for spec in node_parameters(name) if isinstance(spec.default, str)}
        for param in node.findall("param"):
            if param.get("name") in texts and VARIABLE.search(param.get("value", "")):
                assert param.get("type") == "str", (name, param.get("name"))


@pytest.mark.parametrize("file", LAUNCH_FILES, ids=lambda file: file.name)
def test_a_text_reaches_the_nodes_as_it_is(tmp_path: Path, file: Path) -> None:
    free = [name for name, is_free in arguments_of(file).items() if is_free]
    for number, text in enumerate(TEXTS if free else []):
        planned = plan(file, tmp_path / str(number), dict.fromkeys(free, text))
        assert isinstance(planned, dict), planned
        for name in free:
            check(file, name, text, planned)


@pytest.mark.parametrize(("file", "argument"), OTHERS)
def test_what_is_no_text_for_all_is_taken_or_refused_in_one_line(
    tmp_path: Path, file: Path, argument: str
) -> None:
    """Numbers, switches, topics, choices, and names of files for the launcher."""
    for number, text in enumerate(FEW):
        planned = plan(file, tmp_path / str(number), {argument: text})
        if isinstance(planned, dict):
            check(file, argument, text, planned)
            continue
        assert text in planned
        assert "\n" not in planned
        assert "Error:" not in planned  # of Python


def check(file: Path, argument: str, text: str, nodes: Parameters) -> None:
    for node, value, element in used(file, argument):
        for told in nodes.get(node, []) if is_text(value, element) else []:
            assert told[str(element.get("name"))] == text, (node, argument)


def plan(file: Path, folder: Path, arguments: dict[str, str]) -> Parameters | str:
    """What the nodes of a launch read, by name of the node; or the line that refuses the launch."""
    folder.mkdir()
    context = LaunchContext({**REQUIRED, **arguments}, dict(os.environ), str(folder))
    found: Parameters = {}
    try:
        for step in Planner(context, str(folder)).file(str(file)):
            if isinstance(step, ProcessPlan) and step.command[0] == sys.executable:
                told = parse(step.command)
                rules = {rule.match: rule.replacement for rule in told.remaps}
                name = rules["__node"]
                found.setdefault(name, []).append(told.parameters_for(rules.get("__ns", "/"), name))
    except (CliError, ArgumentError) as error:  # of the launcher, and of a node
        return str(error)
    return found
