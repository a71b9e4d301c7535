"""The physics: grasps hold, towers stand, the arm follows, and a seed fixes everything."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_sim.physics.arms.panda import PANDA
from simreal_sim.physics.world import STEP_S, World
from simreal_sim.physics.world_camera import WorldCamera
from simreal_sim.physics.world_randomization import SceneOptions, draw_scene

SMALL = SceneOptions(width=160, height=120)


def make_world(seed: int, options: SceneOptions = SMALL) -> World:
    return World(draw_scene(np.random.default_rng(seed), options))


@pytest.fixture
def world() -> Iterator[World]:
    with make_world(1) as world:
        yield world


def run(world: World, seconds: float) -> None:
    for _ in range(round(seconds / STEP_S)):
        world.step()


def up(position: np.ndarray, height: float, aside: float = 0.0) -> np.ndarray:
    return np.add(position, [aside, 0.0, height])


# A block settles a little between flat pads (0.2 mm, sideways); slipping would be millimetres.
HOLD_TOLERANCE_M = 4e-4


class ScriptedArm:
    def __init__(self, world: World, effort: float = 20.0) -> None:
        self.world = world
        self.effort = effort

    def solve(self, position: np.ndarray, yaw: float) -> np.ndarray:
        """Joint positions that put the tool there, pointing down."""
        world, bullet = self.world, self.world.bullet
        orientation = Rotation.from_euler("ZX", [yaw, np.pi]).as_quat()
        tool = world.link_index(PANDA.tool_link)
        solution = bullet.calculateInverseKinematics(
            world.robot, tool, list(position), list(orientation),
            lowerLimits=[-2.9, -1.76, -2.9, -3.07, -2.9, -0.01, -2.9, 0, 0],
            upperLimits=[2.9, 1.76, 2.9, -0.07, 2.9, 3.75, 2.9, 0.04, 0.04],
            jointRanges=[5.8, 3.5, 5.8, 3.0, 5.8, 3.8, 5.8, 0.04, 0.04],
            restPoses=[*PANDA.home, 0.02, 0.02],
            maxNumIterations=500, residualThreshold=1e-7, physicsClientId=world.client,
        )  # fmt: skip
        return np.array(solution[:7])

    def move(self, position: np.ndarray, yaw: float, seconds: float) -> None:
        start, goal = self.world.arm_command, self.solve(position, yaw)
        for k in range(1, round(seconds / STEP_S) + 1):
            x = k * STEP_S / seconds
            self.world.command_arm(start + (goal - start) * x * x * (3 - 2 * x))
            self.world.step()

    def gripper(self, position: float, seconds: float = 0.8) -> None:
        self.world.command_hand(position, self.effort)
        for _ in range(round(seconds / STEP_S)):
            self.world.step()

    def pick(self, name: str) -> None:
        pose = self.world.block_poses()[name]
        yaw = grasp_yaw(pose)
        above = up(pose.position, 0.12)
        self.gripper(PANDA.finger_open, 0.3)
        self.move(above, yaw, 1.5)
        self.move(pose.position, yaw, 1.0)
        self.gripper(0.0)
        self.move(above, yaw, 1.0)
        self.yaw = yaw

    def place(self, position: np.ndarray) -> None:
        """Set the held block's centre down at `position`, in the yaw it was picked with."""
        above = up(position, 0.12)
        self.move(above, self.yaw, 1.5)
        self.move(np.array(position), self.yaw, 1.0)
        self.gripper(PANDA.finger_open, 0.5)
        self.move(above, self.yaw, 1.0)


def grasp_yaw(pose: Pose) -> float:
    """The block's yaw, modulo a quarter turn, nearest to where the hand is comfortable (0)."""
    yaw = Rotation.from_quat(pose.orientation).as_euler("ZYX")[0]
    return float((yaw + np.pi / 4) % (np.pi / 2) - np.pi / 4)


@pytest.mark.parametrize("seed", [1, 2])
def test_scripted_grasps_lift_and_stack_three_blocks(seed: int) -> None:
    with make_world(seed) as world:
        arm = ScriptedArm(world)
        base, *others = world.block_poses()
        foot = world.block_poses()[base].position
        for level, name in enumerate(others, start=1):
            arm.pick(name)
            assert world.block_poses()[name].position[2] > 0.12, "the block was not lifted"
            arm.place(up(foot, 0.05 * level + 0.002))
        run(world, 1.0)
        poses = world.block_poses()
        for level, name in enumerate(others, start=1):
            offset = poses[name].position - poses[base].position
            np.testing.assert_allclose(offset, [0, 0, 0.05 * level], atol=0.006)


def test_a_held_block_does_not_slip_in_five_seconds(world: World) -> None:
    arm = ScriptedArm(world)
    arm.pick("block_1")

    def grip() -> Pose:
        return world.link_poses()[PANDA.tool_link].inverse() @ world.block_poses()["block_1"]

    before = grip()
    run(world, 5.0)
    np.testing.assert_allclose(grip().position, before.position, atol=HOLD_TOLERANCE_M)


@pytest.mark.parametrize("turn", [-0.8, 0.8])
def test_a_hand_that_has_turned_with_a_block_can_still_let_it_go(world: World, turn: float) -> None:
    arm = ScriptedArm(world)
    arm.pick("block_1")
    place = world.block_poses()["block_1"].position
    arm.move(place, arm.yaw + turn, 1.5)
    arm.gripper(PANDA.finger_open, 0.5)
    np.testing.assert_allclose(world.joint_states().positions[7:], PANDA.finger_open, atol=1e-3)


def test_opening_takes_what_force_it_needs_whatever_the_effort_of_the_grasp(world: World) -> None:
    world.command_hand(0.0, 20.0)
    run(world, 0.6)
    world.command_hand(PANDA.finger_open, 0.01)
    run(world, 0.6)
    np.testing.assert_allclose(world.joint_states().positions[7:], PANDA.finger_open, atol=1e-3)


def test_both_fingers_close_by_the_same_amount_on_a_block_beside_the_middle(world: World) -> None:
    arm = ScriptedArm(world)
    pose = world.block_poses()["block_1"]
    yaw = grasp_yaw(pose)
    aside = pose.position + 0.008 * np.array([-np.sin(yaw), np.cos(yaw), 0.0])
    arm.move(up(aside, 0.12), yaw, 1.0)
    arm.move(aside, yaw, 1.0)
    arm.gripper(0.0)
    left, right = world.joint_states().positions[7:]
    assert left == pytest.approx(right, abs=1e-3)
    assert left == pytest.approx(0.025, abs=1.5e-3)


def test_a_tower_of_three_put_there_stands_still_for_three_seconds(world: World) -> None:
    foot = np.array([0.5, 0.0, 0.025])
    for level, name in enumerate(world.block_poses()):
        yaw = Rotation.from_euler("z", 0.4 * level).as_quat()
        world.place_block(name, Pose(up(foot, 0.05 * level, 0.004 * level), yaw))
    before = world.block_poses()
    run(world, 3.0)
    for name, pose in world.block_poses().items():
        np.testing.assert_allclose(pose.position, before[name].position, atol=1e-3)
        assert (before[name].inverse() @ pose).rotation[2, 2] > 0.9999


def test_a_seed_fixes_truth_and_first_image_to_the_last_bit() -> None:
    def facts(seed: int) -> tuple[bytes, bytes]:
        with make_world(seed) as world:
            run(world, 0.2)
            truth = [np.r_[p.position, p.orientation] for p in world.block_poses().values()]
            return np.array(truth).tobytes(), WorldCamera(world).render().tobytes()

    first = facts(5)
    assert facts(5) == first
    assert facts(6)[0] != first[0]
    assert facts(6)[1] != first[1]


def test_two_worlds_do_not_disturb_each_other() -> None:
    with make_world(3) as alone:
        run(alone, 0.3)
        expected = alone.block_poses()["block_0"].position
    with make_world(3) as world, make_world(4) as other:
        other.command_hand(0.0, 20.0)
        run(world, 0.3)
        np.testing.assert_array_equal(world.block_poses()["block_0"].position, expected)


def test_the_arm_follows_a_trajectory_within_5_mrad_and_stays_where_it_is_sent(
    world: World,
) -> None:
    home, swing = np.array(PANDA.home), np.array([0.8, 0.4, 0.6, 0.5, 0.8, 0.6, 1.0])
    worst = 0.0
    for k in range(1, 721):
        angle = 2.0 * k * STEP_S
        world.command_arm(home + swing * (1 - np.cos(angle)) / 2, swing * np.sin(angle))
        world.step()
        error = world.joint_states().positions[:7] - world.arm_command
        worst = max(worst, float(np.abs(error).max()))
    assert worst < 5e-3
    target = world.arm_command
    world.command_arm(target)
    run(world, 2.0)
    np.testing.assert_allclose(world.joint_states().positions[:7], target, atol=1e-4)


def test_no_joint_exceeds_its_velocity_limit_however_far_it_is_sent(world: World) -> None:
    world.command_arm(np.add(PANDA.home, [1.0, 0, 0, 0, 0, 0, 1.0]))
    fastest = np.zeros(7)
    for _ in range(120):
        world.step()
        fastest = np.maximum(fastest, np.abs(world.joint_states().velocities[:7]))
    assert fastest[0] == pytest.approx(2.175, rel=0.02)
    assert fastest[6] == pytest.approx(2.61, rel=0.02)


def test_link_poses_form_the_tree_of_the_urdf(world: World) -> None:
    poses, in_parents = world.link_poses(), world.link_poses_in_parents()
    assert {child for _, child in in_parents} == set(poses)
    for (parent, child), pose in in_parents.items():
        if parent != "panda_link0":
            expected = poses[parent].inverse() @ poses[child]
            np.testing.assert_allclose(pose.matrix, expected.matrix, atol=1e-6)
    tool_in_hand = poses["panda_hand"].inverse() @ poses[PANDA.tool_link]
    np.testing.assert_allclose(tool_in_hand.position, [0, 0, 0.105], atol=1e-6)
    assert "package://" not in world.robot_description()


def test_a_block_that_is_not_there_is_named_with_those_that_are(world: World) -> None:
    with pytest.raises(ConfigurationError, match=r"'block_9'.*block_0, block_1, block_2"):
        world.place_block("block_9", Pose.identity())


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="files in memory are Linux's")
def test_a_world_that_is_killed_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It makes none: what PyBullet reads from files is in memory."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with make_world(1) as world:
        assert world.block_poses()
