"""What fits and what lacks of a robot: each mistake is one finding, and others are looked for on."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from simreal_control.control_configuration import ControlParameters, robot_parameters
from simreal_control.robot_check import check_robot
from simreal_control.robot_interface.checked_item import CheckedItem, Verdict
from simreal_sim.physics.arms.ur5e import ur5e_description

URDF = ur5e_description(Path())
UR5E = robot_parameters("ur5e")
MESH = '<mesh filename="package://ur_description/meshes/base.stl" />'


def lacking(findings: list[CheckedItem]) -> list[CheckedItem]:
    return [finding for finding in findings if finding.verdict is Verdict.LACKS]


def test_a_robot_that_fits() -> None:
    findings = check_robot(UR5E, URDF)
    assert lacking(findings) == []
    words = {finding.what: finding.words for finding in findings}
    assert "6 joints from base_link to hand_tool" in words["arm"]
    assert "85 mm open with hand_left_knuckle_joint at 0" in words["hand"]
    assert "pointing down" in words["home"]
    assert "all over the block zone" in words["reach"]


def test_the_look_poses_of_a_camera_on_the_hand_fit() -> None:
    findings = check_robot(robot_parameters("ur5e", wrist_camera=True), URDF)
    assert lacking(findings) == []
    assert [one.what for one in findings if one.what.startswith("look")] == [
        "look pose 1", "look pose 2",
    ]  # fmt: skip


def endless(urdf: str) -> str:
    return urdf.replace(
        '<joint name="wrist_3_joint" type="revolute">',
        '<joint name="wrist_3_joint" type="continuous">',
    )


def test_joints_without_end_are_named() -> None:
    findings = check_robot(UR5E, endless(URDF))
    assert lacking(findings) == []
    assert any("wrist_3_joint without end" in finding.words for finding in findings)


@pytest.mark.parametrize(
    ("told", "urdf", "what", "words"),
    [
        ({}, lambda text: "<robot", "robot description", "not XML"),
        ({}, lambda text: f"{text[:6]} xmlns:xacro='http://www.ros.org/wiki/xacro'><xacro:x/></robot>",
         "robot description", "is a xacro file"),
        ({"base_frame": "world"}, None, "base_frame", "no frame 'world'"),
        ({"tool_frame": "tcp"}, None, "tool_frame", "no frame 'tcp'.*hand_tool"),
        ({"arm_joints": tuple("abcdef")}, None, "arm_joints", "no joint a, b.*shoulder_pan_joint"),
        ({"gripper_joints": ("finger",)}, None, "arm and hand", "no joint finger"),
        ({"gripper_max_opening": 0.14}, None, "arm and hand", "got 0.14 m.*open .* by 0.0851 m"),
        ({}, lambda text: re.sub(r"<cylinder [^>]*>", MESH, text), "meshes", "base.stl of link"),
        ({"home": (7.0, *UR5E.home[1:])}, None, "home", "shoulder_pan_joint at 7"),
        ({"home": (-0.44, -1.0, 2.2, -1.0, -1.57, -2.0)}, None, "home", "outside the workspace"),
        ({"look_poses": (*UR5E.home, 7.0, *UR5E.home[1:])}, None, "look pose 2",
         "shoulder_pan_joint at 7"),
        ({"block_zone_lower": (1.0, -0.3), "block_zone_upper": (1.4, 0.3)}, None, "reach",
         "16 of 16 places"),
    ],
)  # fmt: skip
def test_what_would_stop_control_is_found_with_its_remedy(
    told: dict[str, object], urdf: Callable[[str], str] | None, what: str, words: str
) -> None:
    parameters: ControlParameters = replace(UR5E, **told)  # type: ignore[arg-type]
    found = lacking(check_robot(parameters, urdf(URDF) if urdf else URDF))
    assert [one for one in found if one.what == what and re.search(words, one.words)], found
    assert not any("\n" in one.words for one in found)


def test_after_one_mistake_others_are_looked_for() -> None:
    urdf = re.sub(r"<cylinder [^>]*>", MESH, URDF)
    found = lacking(check_robot(replace(UR5E, home=(7.0, *UR5E.home[1:])), urdf))
    assert [finding.what for finding in found] == ["meshes", "home"]


def test_simplified_meshes_are_a_note() -> None:
    urdf = re.sub(r"<cylinder [^>]*>", MESH, URDF)
    findings = check_robot(replace(UR5E, missing_meshes="simplify"), urdf)
    assert lacking(findings) == []
    (note,) = [one for one in findings if one.verdict is Verdict.NOTE]
    assert "base.stl" in note.words
    assert "may reach beyond" in note.words
