"""The simulated robot: joint states as drivers tell them, early ends, a clock that goes back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_bench.simulated_robot.joint_message import JointMessage
from simreal_bench.simulated_robot.robot_in_physics import RobotInPhysics
from simreal_control.planning.trajectory import JointTrajectory
from simreal_control.robot_interface.task_io import (
    ActionOutcome,
    ActionResult,
    DetectionFrame,
    MoveArm,
    MoveGripper,
)
from simreal_sim.physics.arms.panda import PANDA
from simreal_sim.physics.world import World
from simreal_sim.physics.world_randomization import SceneOptions, draw_scene

SCENE = draw_scene(np.random.default_rng(1), SceneOptions(width=160, height=120, distractors=0))
TURN_RAD, TURN_S = 0.3, 1.0


@pytest.fixture
def world() -> Iterator[World]:
    with World(SCENE) as world:
        yield world


def turning(world: World) -> JointTrajectory:
    """Of the first joint, from rest to rest."""
    times = np.linspace(0.0, TURN_S, 41)
    share = (1.0 - np.cos(np.pi * times / TURN_S)) / 2.0
    rate = np.pi / TURN_S * np.sin(np.pi * times / TURN_S) / 2.0
    start = world.joint_states().positions[world.arm_part]
    along = np.zeros(start.size)
    along[0] = TURN_RAD
    nothing = np.zeros((times.size, start.size))
    return JointTrajectory(times, start + np.outer(share, along), np.outer(rate, along), nothing)


def test_joints_that_drivers_leave_out_grow_old_and_are_named(world: World) -> None:
    lost: set[str] = set()
    robot = RobotInPhysics(
        world, lambda now: None, drivers=lambda told: (told.without(lost), JointMessage((), (), ()))
    )
    assert robot.step().lack == ""
    lost.update(PANDA.finger_joints)
    for _ in range(12):
        inputs = robot.step()
    assert inputs.arm is not None
    assert inputs.now - inputs.arm.stamp == pytest.approx(0.6)
    assert all(name in inputs.lack for name in PANDA.finger_joints)
    lost.clear()
    inputs = robot.step()
    assert inputs.arm is not None
    assert (inputs.arm.stamp, inputs.lack) == (inputs.now, "")


def test_an_early_success_is_told_once_and_the_arm_goes_on(world: World) -> None:
    robot = RobotInPhysics(world, lambda now: None)
    motion = turning(world)
    robot.execute(MoveArm(7, motion))
    robot.step()
    robot.succeed_early(7)
    results = [result for _ in range(30) for result in robot.step().results if result.command == 7]
    assert results == [ActionResult(7, ActionOutcome.SUCCEEDED)]
    reached = world.joint_states().positions[world.arm_part]
    np.testing.assert_allclose(reached, motion.end, atol=0.01)


def test_time_that_goes_back_is_told_and_pictures_on_their_way_have_old_stamps(
    world: World,
) -> None:
    pictures: list[DetectionFrame] = []

    def perceive(now: float) -> DetectionFrame:
        pictures.append(DetectionFrame(robot.clock_at(now - 0.1), (), np.zeros(3)))
        return pictures[-1]

    robot = RobotInPhysics(world, perceive, picture_period_s=0.05)
    for _ in range(20):
        before = robot.step()
    robot.set_clock_back(0.8)
    after = robot.step()
    assert after.now == pytest.approx(before.now + 0.05 - 0.8)
    assert after.arm is not None
    assert after.arm.stamp == after.now
    assert pictures[-1].stamp > after.now  # taken before
    for _ in range(3):
        after = robot.step()
    assert pictures[-1].stamp == pytest.approx(after.now - 0.1)


def test_all_cameras_are_heard_at_a_tick(world: World) -> None:
    def perceive(now: float) -> list[DetectionFrame]:
        return [DetectionFrame(now, (), np.zeros(3), camera=name) for name in ("front", "wrist")]

    heard = RobotInPhysics(world, perceive).step().detection_frames
    assert [frame.camera for frame in heard] == ["front", "wrist"]


def test_what_moves_is_forgotten_when_all_begins_anew(world: World) -> None:
    robot = RobotInPhysics(world, lambda now: None)
    robot.execute(MoveArm(1, turning(world)))
    for _ in range(10):
        robot.step()
    robot.start_anew()
    heard = [result for _ in range(20) for result in robot.step().results]
    assert all(result.command != 1 for result in heard)
    before = world.joint_states().positions[world.arm_part]
    robot.step()
    np.testing.assert_allclose(world.joint_states().positions[world.arm_part], before, atol=1e-3)


def test_a_hand_that_moves_while_the_arm_does_is_noticed(world: World) -> None:
    robot = RobotInPhysics(world, lambda now: None)
    robot.execute(MoveGripper(1, 0.02, 20.0))
    for _ in range(20):
        robot.step()
    robot.execute(MoveArm(2, turning(world)))
    for _ in range(6):
        robot.step()
    assert robot.restless_hand == []
    robot.execute(MoveGripper(3, 0.08, 20.0))
    robot.step()
    assert "the hand moved, the arm at" in robot.restless_hand[0][1]
