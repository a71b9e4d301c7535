"""Each robot that comes ready: its URDF, its YAML for control, and the simulated robot agree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_common.errors import ConfigurationError
from simreal_control.assembly import assemble
from simreal_control.control_configuration import robot_parameters
from simreal_control.grasping.hands.suction_cup import SuctionCup
from simreal_control.planning.kinematics import ArmKinematics
from simreal_sim.physics.arms.kuka_suction import (
    CUP_HAND_SIZE,
    CUP_LENGTH_M,
    CUP_RADIUS_M,
    CUP_SOFT_M,
)
from simreal_sim.physics.arms.parallel_gripper import FINGER_SIZE, HAND_SIZE
from simreal_sim.physics.arms.registry import SIMULATED_ARMS, simulated_arm
from simreal_sim.physics.arms.simulated_arm import HandKind, SimulatedArm
from simreal_sim.physics.arms.ur5e import (
    CLOSED_RAD,
    CRANK_M,
    PAD_SIZE,
    PALM_SIZE,
    TIP_BELOW_TOOL_M,
    TOOL_M,
    ur5e_description,
)
from simreal_sim.physics.world import World
from simreal_sim.physics.world_randomization import SceneOptions, draw_scene


@pytest.fixture(scope="module", params=list(SIMULATED_ARMS.values()), ids=list(SIMULATED_ARMS))
def arm(request: pytest.FixtureRequest) -> SimulatedArm:
    return request.param


@pytest.fixture
def fingers_of(arm: SimulatedArm) -> SimulatedArm:
    """Of an arm that has some."""
    if not arm.finger_joints:
        pytest.skip("a suction cup")
    return arm


@pytest.fixture(scope="module")
def world(arm: SimulatedArm) -> Iterator[World]:
    scene = draw_scene(np.random.default_rng(1), SceneOptions(blocks=1, distractors=0))
    with World(scene, arm) as world:
        yield world


def test_control_is_told_of_the_robot_that_is_simulated(arm: SimulatedArm) -> None:
    told = robot_parameters(arm.name)
    assert told.arm_joints == arm.joints
    assert told.finger_joints == arm.finger_joints
    assert told.vacuum_feedback == arm.vacuum_feedback
    assert (told.hand_type.hand is SuctionCup) == (arm.hand is HandKind.SUCTION_CUP)
    assert arm.hand is not HandKind.SUCTION_CUP or told.cup_radius == arm.cup_radius_m
    assert (told.base_frame, told.tool_frame) == (arm.base_link, arm.tool_link)
    assert (told.arm_action, told.gripper_action) == (arm.arm_action, arm.gripper_action)
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


def test_control_finds_by_kinematics_how_the_hand_opens(
    world: World, fingers_of: SimulatedArm
) -> None:
    arm = fingers_of
    fingers = assemble(robot_parameters(arm.name), world.robot_description()).fingers
    wide = robot_parameters(arm.name).gripper_max_opening
    assert fingers.position(wide) == pytest.approx(arm.finger_open, abs=2e-3)
    assert fingers.position(0.0) == pytest.approx(arm.finger_closed, abs=1e-6)
    for opening in (0.0, 0.05, wide):
        world.command_hand(fingers.position(opening), 20.0)
        for _ in range(240):
            world.step()
        assert pads_apart(world) == pytest.approx(opening, abs=1e-3)


def pads_apart(world: World) -> float:
    """The truth: nearest distance of the two pads."""
    left, right = (world.link_index(name) for name in world.arm.finger_links)
    points = world.bullet.getClosestPoints(
        world.robot, world.robot, 0.2, left, right, physicsClientId=world.client
    )
    return float(min(point[8] for point in points))


def test_opening_and_closing_moves_both_fingers_alike(
    world: World, fingers_of: SimulatedArm
) -> None:
    arm = fingers_of
    for wanted in (arm.finger_closed, arm.finger_open):
        world.command_hand(wanted, 20.0)
        for _ in range(200):
            world.step()
        fingers = world.joint_states().positions[world.finger_part]
        np.testing.assert_allclose(
            fingers * arm.finger_lever_m, wanted * arm.finger_lever_m, atol=1e-3
        )


@pytest.mark.parametrize("robot", ["kuka", "xarm6"])
def test_the_parallel_gripper_is_as_large_as_control_believes(robot: str) -> None:
    told = robot_parameters(robot)
    width, thickness, length = FINGER_SIZE
    assert (told.finger_width, told.finger_thickness) == (width, thickness)
    assert told.tip_below_tool + told.hand_above_tool == pytest.approx(length)
    assert (told.hand_depth, told.hand_length) == HAND_SIZE[:2]


def test_the_suction_cup_is_as_large_as_control_believes() -> None:
    told = robot_parameters("kuka_suction")
    assert told.cup_radius == CUP_RADIUS_M
    assert told.hand_above_tool == CUP_LENGTH_M
    assert (told.hand_depth, told.hand_length) == CUP_HAND_SIZE[:2]
    assert told.cup_press < CUP_SOFT_M


def test_the_turning_hand_is_as_large_as_control_believes() -> None:
    told = robot_parameters("ur5e")
    between_pads_m = 2.0 * CRANK_M * np.sin(CLOSED_RAD)
    assert told.gripper_max_opening == pytest.approx(between_pads_m, abs=1e-3)
    assert told.tip_below_tool == TIP_BELOW_TOOL_M
    assert told.finger_width == PAD_SIZE[0]
    assert told.hand_above_tool == pytest.approx(TOOL_M - PALM_SIZE[2], abs=1e-3)
    assert (told.hand_depth, told.hand_length) == PALM_SIZE[:2]


def test_the_ur5e_has_the_lengths_that_its_maker_publishes() -> None:
    """Of the DH table: straight up it is d1 + a2 + a3 + d5 high, and d4 + d6 beside its base."""
    told = robot_parameters("ur5e")
    arm = ArmKinematics(ur5e_description(Path()), told.arm_joints, "wrist_3_link")
    up = arm.forward(np.array([0.0, -np.pi / 2, 0.0, -np.pi / 2, 0.0, 0.0])).position
    assert up[2] == pytest.approx(0.1625 + 0.425 + 0.3922 + 0.0997, abs=1e-6)
    assert np.hypot(up[0], up[1]) == pytest.approx(0.1333 + 0.0996, abs=1e-6)


@pytest.mark.parametrize("robot", ["kuka", "kuka_suction", "xarm6", "ur5e"])
def test_every_link_has_a_shape(robot: str) -> None:
    import pybullet_data

    arm = simulated_arm(robot)
    root = ElementTree.fromstring(arm.describe(Path(pybullet_data.getDataPath()), "file://"))
    bare = {link.get("name") for link in root.iter("link") if link.find("collision") is None}
    assert bare - {arm.base_link} == {arm.tool_link}
    for mesh in root.iter("mesh"):
        assert Path(mesh.get("filename", "").removeprefix("file://")).is_file()


def test_a_robot_that_is_not_there() -> None:
    with pytest.raises(
        ConfigurationError,
        match="robot 'ur5': wanted one of panda, kuka, kuka_suction, xarm6, ur5e",
    ):
        simulated_arm("ur5")
