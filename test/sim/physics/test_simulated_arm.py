"""Each robot that comes ready: its URDF, its YAML for control, and the simulated robot agree."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

import numpy as np
import pytest

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_common.errors import ConfigurationError
from simreal_control.parameters import robot_parameters
from simreal_control.planning.kinematics import ArmKinematics
from simreal_sim.physics.robot_model import FINGER_SIZE, HAND_SIZE
from simreal_sim.physics.simulated_arm import SIMULATED_ARMS, SimulatedArm, simulated_arm
from simreal_sim.physics.world import World
from simreal_sim.physics.world_randomization import SceneOptions, draw_scene


@pytest.fixture(scope="module", params=list(SIMULATED_ARMS.values()), ids=list(SIMULATED_ARMS))
def arm(request: pytest.FixtureRequest) -> SimulatedArm:
    return request.param


@pytest.fixture(scope="module")
def world(arm: SimulatedArm) -> Iterator[World]:
    scene = draw_scene(np.random.default_rng(1), SceneOptions(blocks=1, distractors=0))
    with World(scene, arm) as world:
        yield world


def test_control_is_told_of_the_robot_that_is_simulated(arm: SimulatedArm) -> None:
    told = robot_parameters(arm.name)
    assert told.arm_joints == arm.joints
    assert told.gripper_joints == arm.finger_joints
    assert (told.base_frame, told.tool_frame) == (arm.base_link, arm.tool_link)
    assert (told.arm_action, told.gripper_action) == (arm.arm_action, arm.gripper_action)
    assert told.gripper_max_opening == pytest.approx(2 * arm.finger_open_m)
    np.testing.assert_allclose(told.home, arm.home)


def test_kinematics_from_the_description_are_those_of_the_physics(
    world: World, arm: SimulatedArm
) -> None:
    kinematics = ArmKinematics(world.robot_description(), arm.joints, arm.tool_link)
    tool = arm.pose_base_in_world @ kinematics.forward(np.array(arm.home))
    there = world.link_poses()[arm.tool_link]
    np.testing.assert_allclose(there.position, tool.position, atol=2e-3)
    np.testing.assert_allclose(there.rotation, tool.rotation, atol=5e-3)
    assert there.rotation[2, 2] < -0.999  # at home the hand points down
    np.testing.assert_allclose(kinematics.limits.velocity, arm.velocity_limits)


def test_opening_and_closing_moves_both_fingers_alike(world: World, arm: SimulatedArm) -> None:
    for wanted in (0.0, arm.finger_open_m):
        world.command_gripper(wanted, 20.0)
        for _ in range(200):
            world.step()
        fingers = world.joint_states().positions[world.finger_part]
        np.testing.assert_allclose(fingers, wanted, atol=1e-3)


def test_the_kukas_gripper_is_as_large_as_control_believes() -> None:
    told = robot_parameters("kuka")
    width, thickness, length = FINGER_SIZE
    assert (told.finger_width, told.finger_thickness) == (width, thickness)
    assert told.tip_below_tool + told.hand_above_tool == pytest.approx(length)
    assert (told.hand_depth, told.hand_length) == HAND_SIZE[:2]


def test_every_link_of_the_kuka_has_a_shape_and_real_limits() -> None:
    from pathlib import Path

    import pybullet_data

    root = ElementTree.fromstring(
        simulated_arm("kuka").describe(Path(pybullet_data.getDataPath()), "file://")
    )
    bare = [link.get("name") for link in root.iter("link") if link.find("collision") is None]
    assert bare == ["gripper_tool"]
    for mesh in root.iter("mesh"):
        assert Path(mesh.get("filename", "").removeprefix("file://")).is_file()


def test_a_robot_that_is_not_there() -> None:
    with pytest.raises(ConfigurationError, match="robot 'ur5': wanted one of panda, kuka"):
        simulated_arm("ur5")
