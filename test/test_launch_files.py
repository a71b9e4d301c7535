"""What launch files do with what they are told: of a camera, and of folders."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

from simreal_control.control_configuration import robot_parameters
from simreal_perception.node_parameters import CameraParameters
from simreal_sim.physics.arms.registry import SIMULATED_ARMS

LAUNCH = Path(__file__).resolve().parents[1] / "launch"
READERS = {"perception_node", "recorder_node"}
OF_A_CAMERA = {field.name for field in dataclasses.fields(CameraParameters)}


@pytest.mark.parametrize("name", ["robot.launch.xml", "camera.launch.xml"])
def test_every_reader_of_a_camera_is_told_of_it(name: str) -> None:
    root = ET.parse(LAUNCH / name).getroot()
    told = OF_A_CAMERA & {argument.get("name") for argument in root.findall("arg")}
    assert told >= {"image_transport", "image_reliability", "bit_depth", "rectified"}
    readers = [node for node in root.findall("node") if node.get("exec") in READERS]
    assert readers
    for node in readers:
        handed_on = {p.get("name"): p.get("value") for p in node.findall("param")}
        for parameter in told:
            assert handed_on.get(parameter) == f"$(var {parameter})", node.get("exec")
        remapped = {r.get("from"): r.get("to") for r in node.findall("remap")}
        assert remapped["camera/image_raw"] == "$(var image)"
        assert remapped["camera/camera_info"] == "$(var camera_info)"


def test_no_launch_file_makes_a_path_for_a_command_of_what_it_is_told() -> None:
    """An argument may be empty: `rm $(var out)/file` would remove `/file`. It is a word of its own."""
    commands = [
        (file.name, element.get("cmd", ""))
        for file in LAUNCH.glob("*.xml")
        for element in ET.parse(file).getroot().iter("executable")
    ]
    assert commands
    for name, command in commands:
        for argument in re.findall(r"\S*\$\(var [^)]*\)\S*", command):
            assert re.fullmatch(r"\$\(var \w+\)", argument), (name, command)


@pytest.fixture
def removed(tmp_path: Path) -> Callable[[str], list[str]]:
    """What is removed for the folder of a launch, with `home` as the home folder."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "rm").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> "{tmp_path}/removed"\n')
    (tools / "rm").chmod(0o755)

    def remove(out: str) -> list[str]:
        environment = {"HOME": "/home/me", "PATH": f"{tools}:{os.environ['PATH']}"}
        script = LAUNCH / "remove_earlier_result.sh"
        subprocess.run(["sh", script, out], cwd=tmp_path, env=environment, check=True)
        told = tmp_path / "removed"
        return told.read_text().splitlines() if told.exists() else []

    return remove


@pytest.mark.parametrize(
    ("out", "file"),
    [
        ("out/demo", "out/demo/result.json"),
        ("/tmp/a b", "/tmp/a b/result.json"),
        ("-rf", "-rf/result.json"),
        ("*", "*/result.json"),
        ("$(id)'\"", "$(id)'\"/result.json"),
        ("~", "/home/me/result.json"),
        ("~/out", "/home/me/out/result.json"),
    ],
)
def test_an_earlier_result_is_removed_from_the_folder_that_is_named(
    removed: Callable[[str], list[str]], out: str, file: str
) -> None:
    assert removed(out) == ["-f", "--", file]


@pytest.mark.parametrize("out", ["", " ", "\t \n", "~nobody/out"])
def test_nothing_is_removed_where_no_folder_is_named(
    removed: Callable[[str], list[str]], out: str
) -> None:
    assert removed(out) == []


@pytest.mark.parametrize("robot", SIMULATED_ARMS)
def test_each_simulated_arm_has_its_parameters(robot: str) -> None:
    for wrist_camera in (False, True):  # camera:=wrist adds its file
        assert robot_parameters(robot, wrist_camera).arm_joints


def test_the_simulation_has_the_choice_of_the_simulated_arms() -> None:
    """So that a launcher refuses another name in one line that names these."""
    arguments = ET.parse(LAUNCH / "simulation.launch.xml").getroot().findall("arg")
    (robot,) = (argument for argument in arguments if argument.get("name") == "robot")
    assert [choice.get("value") for choice in robot.findall("choice")] == list(SIMULATED_ARMS)
