"""Robot descriptions that no robot has: one clear line that names link or joint."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from simreal_common.errors import ConfigurationError
from simreal_control.control_configuration import robot_parameters
from simreal_control.planning.collision_world import CollisionWorld
from simreal_control.planning.kinematics import ArmKinematics
from simreal_control.planning.robot_description import (
    CONTINUOUS_RAD,
    check_description,
    continuous_joints,
    read_description,
    read_model,
)
from simreal_sim.physics.arms.registry import SIMULATED_ARMS, simulated_arm

URDF = """
<robot name="arm">
  <link name="base"/>
  <link name="upper">
    <inertial>
      <origin xyz="0 0 0.1" rpy="0 0 0"/>
      <mass value="1.5"/>
      <inertia ixx="0.1" ixy="0" ixz="0" iyy="0.1" iyz="0" izz="0.1"/>
    </inertial>
    <collision><geometry><box size="0.1 0.1 0.3"/></geometry></collision>
  </link>
  <joint name="shoulder" type="revolute">
    <parent link="base"/>
    <child link="upper"/>
    <origin xyz="0 0 0.2" rpy="0 0 0"/>
    <axis xyz="0 1 0"/>
    <limit lower="-2" upper="2" effort="50" velocity="1.5"/>
    <safety_controller soft_lower_limit="-1.9" soft_upper_limit="1.9" k_velocity="1"/>
  </joint>
</robot>
"""
ENDLESS = re.sub(r'<safety_controller .*/>| (lower|upper)="-?2"', "", URDF).replace(
    "revolute", "continuous"
)
READERS: list[Callable[[str], object]] = [
    lambda urdf: ArmKinematics(urdf, ["shoulder"], "upper"),
    lambda urdf: CollisionWorld(urdf, ["shoulder"], "upper"),
    read_model,
]
LINK, JOINT = "link 'upper'", "joint 'shoulder'"


def test_a_description_that_can_be_used_is_taken_by_all() -> None:
    for read in READERS:
        read(URDF)
    arm = ArmKinematics(URDF, ["shoulder"], "upper")
    np.testing.assert_allclose([arm.limits.lower[0], arm.limits.upper[0]], [-1.9, 1.9])


@pytest.mark.parametrize("robot", SIMULATED_ARMS)
def test_real_robots_pass(robot: str, panda_urdf: str) -> None:
    pytest.importorskip("pybullet", reason="the simulation brings the descriptions")
    from simreal_sim.physics.world import World
    from simreal_sim.physics.world_randomization import SceneOptions, draw_scene

    scene = draw_scene(np.random.default_rng(1), SceneOptions(blocks=1, distractors=0))
    world = World(scene, simulated_arm(robot))
    try:
        names = robot_parameters(robot).arm_joints
        assert set(names) <= set(read_model(world.robot_description()).names)
    finally:
        world.close()
    check_description(panda_urdf)


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ('mass value="1.5"', 'mass value="-5"', LINK),
        ('mass value="1.5"', 'mass value="1e308"', LINK),
        ('mass value="1.5"', 'mass value="nan"', LINK),
        ('mass value="1.5"', 'mass value="inf"', LINK),
        ('mass value="1.5"', 'mass value=""', LINK),
        ('mass value="1.5"', 'mass value="heavy"', LINK),
        ('mass value="1.5"', 'mass value="1_5"', LINK),
        ('ixx="0.1"', 'ixx="-0.1"', LINK),
        ('ixy="0"', 'ixy="nan"', LINK),
        ('izz="0.1"', 'izz="1e300"', LINK),
        ('xyz="0 0 0.1"', 'xyz="0 nan 0.1"', LINK),
        ('xyz="0 0 0.1"', 'xyz="0 0.1"', LINK),
        ('size="0.1 0.1 0.3"', 'size="0.1 -0.1 0.3"', LINK),
        ('size="0.1 0.1 0.3"', 'size="0.1 inf 0.3"', LINK),
        ('xyz="0 0 0.2"', 'xyz="0 0 1e308"', JOINT),
        ('rpy="0 0 0"/>\n    <axis', 'rpy="0 nan 0"/>\n    <axis', JOINT),
        ('axis xyz="0 1 0"', 'axis xyz="0 0 0"', JOINT),
        ('axis xyz="0 1 0"', 'axis xyz="0 1e-200 0"', JOINT),
        ('axis xyz="0 1 0"', 'axis xyz="0 nan 0"', JOINT),
        ('lower="-2" upper="2"', 'lower="2" upper="-2"', JOINT),
        ('lower="-2"', 'lower="nan"', JOINT),
        ('upper="2"', 'upper="inf"', JOINT),
        ('effort="50"', 'effort="nan"', JOINT),
        ('effort="50"', 'effort="-50"', JOINT),
        ('velocity="1.5"', 'velocity="nan"', JOINT),
        ('velocity="1.5"', 'velocity="-1"', JOINT),
        ('soft_lower_limit="-1.9"', 'soft_lower_limit="low"', JOINT),
        ('soft_upper_limit="1.9"', 'soft_upper_limit="nan"', JOINT),
    ],
)
def test_an_absurd_number_is_named_with_its_place(old: str, new: str, names: str) -> None:
    assert URDF.count(old) >= 1
    for read in READERS:
        with pytest.raises(ConfigurationError) as refused:
            read(URDF.replace(old, new))
        said = str(refused.value)
        assert names in said
        assert "\n" not in said
        assert len(said) < 300


BOMB = "<!DOCTYPE robot [" + '<!ENTITY a0 "aaaaaaaaaa">' + "".join(
    f'<!ENTITY a{i + 1} "{f"&a{i};" * 10}">' for i in range(9)
) + "]>"  # fmt: skip


@pytest.mark.parametrize(
    ("urdf", "says"),
    [
        ("<!DOCTYPE robot>" + URDF.strip(), "has a DOCTYPE"),
        (BOMB + URDF.strip().replace('name="arm"', 'name="&a9;"'), "has a DOCTYPE"),
        ('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><robot name="&x;"/>', "DOCTYPE"),
        ("", "not XML"),
        ("<robot", "not XML"),
        ("<robot name='\0'/>", "not XML"),
        ("<robot name='\ud800'/>", "not XML"),
        ("<html/>", "got <html>, wanted <robot>"),
        ("<robot>" + "<link>" * 3000, "nested deeper than 100"),
        ("<robot name='a'/>", "not a URDF that can be read"),
        ("x" * 10_000_001, "10000001 characters"),
    ],
)
def test_what_is_no_description(urdf: str, says: str) -> None:
    for read in READERS:
        with pytest.raises(ConfigurationError) as refused:
            read(urdf)
        assert says in str(refused.value)
        assert "\n" not in str(refused.value)


def test_a_namespace_hides_nothing() -> None:
    spaced = URDF.replace("<robot", '<robot xmlns="http://ros.org"').replace("1.5", "nan")
    with pytest.raises(ConfigurationError, match=LINK):
        read_model(spaced)


XACRO = 'xmlns:xacro="http://www.ros.org/wiki/xacro"'


@pytest.mark.parametrize(
    "urdf",
    [
        f'<robot name="ur" {XACRO}><xacro:include filename="$(find ur)/ur.xacro"/></robot>',
        '<robot name="ur"><xacro:arg name="tf_prefix" default=""/></robot>',
    ],
)
def test_a_xacro_file_is_called_one_with_the_command_that_mends_it(urdf: str) -> None:
    for read in READERS:
        with pytest.raises(ConfigurationError, match=r"is a xacro file.*xacro FILE.*> robot.urdf"):
            read(urdf)


def test_what_xacro_made_of_a_file_is_taken() -> None:
    for read in READERS:
        read(URDF.replace('name="arm"', f'name="arm" {XACRO}'))


def test_the_file_of_a_xacro_is_named(tmp_path: Path) -> None:
    file = tmp_path / "arm.urdf.xacro"
    file.write_text(f'<robot {XACRO}><xacro:property name="x" value="1"/></robot>')
    with pytest.raises(ConfigurationError, match=f"xacro {file} > robot.urdf"):
        read_description(str(file))


def test_a_joint_without_end_is_planned_for_and_named() -> None:
    assert continuous_joints(ENDLESS) == {"shoulder"}
    arm = ArmKinematics(ENDLESS, ["shoulder"], "upper")
    assert arm.limits.upper[0] == -arm.limits.lower[0] == CONTINUOUS_RAD
    CollisionWorld(ENDLESS, ["shoulder"], "upper")
    with pytest.raises(ConfigurationError, match="velocity limits for shoulder"):
        ArmKinematics(ENDLESS.replace(' velocity="1.5"', ' velocity="0"'), ["shoulder"], "upper")


@pytest.mark.parametrize("turns", [-1, 0, 1])
def test_inverse_kinematics_makes_no_needless_turn(turns: int) -> None:
    arm = ArmKinematics(ENDLESS, ["shoulder"], "upper")
    pose = arm.forward(np.array([0.5]))
    seed = np.array([2 * np.pi * turns - 0.3])
    found = arm.inverse(pose, seed)
    np.testing.assert_allclose(found, 2 * np.pi * turns + 0.5, atol=1e-3)


def linked(name: str, parent: str, child: str) -> str:
    return f'<joint name="{name}" type="fixed"><parent link="{parent}"/><child link="{child}"/></joint>'


CHAIN = "".join(f'<link name="c{n}"/>' for n in range(2000)) + "".join(
    linked(f"j{n}", f"c{n}", f"c{n + 1}") for n in range(1999)
)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (linked("back", "upper", "base"), "link 'upper' hangs on a ring"),
        (linked("again", "base", "upper"), "joint 'again': got link 'upper' .*another joint has"),
        ('<link name="a"/>' + linked("self", "a", "a"), "link 'a' hangs on a ring"),
        (
            '<link name="a"/><link name="b"/>' + linked("ab", "a", "b") + linked("ba", "b", "a"),
            "link 'b' hangs on a ring",
        ),
        (CHAIN + linked("on", "upper", "c0"), "hangs on a ring of joints, or on more than 500"),
    ],
    ids=["ring", "two parents", "itself", "ring apart", "long"],
)
def test_links_that_are_no_tree(more: str, says: str) -> None:
    """Parsers of URDF follow them until the stack is full, and with it the process ends."""
    for read in READERS:
        with pytest.raises(ConfigurationError, match=says):
            read(URDF.replace("</robot>", more + "</robot>"))


def test_a_file_that_is_none_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for place in ("/dev/zero", str(tmp_path / "fifo"), str(tmp_path)):
        with pytest.raises(ConfigurationError, match="parameter 'urdf': .* cannot be read"):
            read_description(place)
