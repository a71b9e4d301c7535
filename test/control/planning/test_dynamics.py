"""Joint torques of a motion, with a block in the hand: known by hand, kept, or refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pinocchio", reason="control needs pinocchio")

from simreal_common.errors import ConfigurationError, KinematicsError
from simreal_common.geometry import Pose
from simreal_common.settings.obstacles import Obstacle
from simreal_control.control_configuration import ControlParameters
from simreal_control.grasping.grasps import tool_pose
from simreal_control.planning.dynamics import ArmDynamics, Load
from simreal_control.planning.kinematics import ArmKinematics
from simreal_control.planning.motion import MotionConfig, StationPlanner
from simreal_control.planning.trajectory import (
    JointTrajectory,
    MotionLimits,
    Workspace,
    point_to_point,
)

HOME = np.array([0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785])
REST = np.zeros((1, 7))
G = 9.81


def holding(dynamics: ArmDynamics, joints: np.ndarray, load: Load | None) -> np.ndarray:
    return dynamics.torques(joints[None], REST, REST, load)[0]


@pytest.fixture
def swing(panda: ArmKinematics) -> JointTrajectory:
    """Up and out, fast."""
    limits = MotionLimits(panda.limits.velocity, np.full(7, 8.0), np.full(7, 200.0))
    return point_to_point(HOME, HOME + np.array([0, 0.6, 0, 0.9, 0, 0.3, 0.0]), limits)


def test_a_load_weighs_as_much_as_its_lever_says(panda: ArmKinematics) -> None:
    dynamics, load = ArmDynamics(panda), Load(1.5, 0.05)
    more = holding(dynamics, HOME, load) - holding(dynamics, HOME, None)
    # Joint 2 turns about the base's y axis at x = 0: the lever is the tool's x.
    lever = panda.forward(HOME).position[0]
    assert abs(more[1]) == pytest.approx(1.5 * G * lever, rel=1e-3)
    assert more[0] == pytest.approx(0.0, abs=1e-6)


def test_an_accelerated_load_needs_what_its_inertia_says(panda: ArmKinematics) -> None:
    dynamics, load = ArmDynamics(panda), Load(2.0, 0.05)
    turning = np.array([[1.0, 0, 0, 0, 0, 0, 0]])
    first, second = (
        dynamics.torques(HOME[None], REST, turning, which)[0, 0] for which in (load, None)
    )
    radius = float(np.linalg.norm(panda.forward(HOME).position[:2]))
    inertia = 2.0 * (radius**2 + 0.05**2 / 6)
    assert first - second == pytest.approx(inertia, rel=1e-3)


def test_a_motion_within_the_limits_is_left_as_it_is(
    panda: ArmKinematics, swing: JointTrajectory
) -> None:
    same, why = ArmDynamics(panda).keep_limits(swing, Load(0.1, 0.05))
    assert same is swing
    assert why == ""


def test_a_motion_beyond_them_is_slowed_down_just_enough(
    panda: ArmKinematics, swing: JointTrajectory
) -> None:
    dynamics, load = ArmDynamics(panda, share=0.62), Load(2.0, 0.05)
    before = dynamics.torques(swing.positions, swing.velocities, swing.accelerations, load)
    assert (np.abs(before) > dynamics.limits).any()
    slower, why = dynamics.keep_limits(swing, load)
    assert "slowed down to" in why
    assert "panda_joint" in why
    assert "2 kg in the hand" in why
    assert slower.duration > swing.duration
    np.testing.assert_array_equal(slower.positions, swing.positions)
    after = dynamics.torques(slower.positions, slower.velocities, slower.accelerations, load)
    assert (np.abs(after) <= dynamics.limits).all()
    assert np.max(np.abs(after) / dynamics.limits) > 0.98
    # The velocities belong to the new times.
    moved = np.diff(slower.positions, axis=0)
    mean = (slower.velocities[1:] + slower.velocities[:-1]) / 2
    np.testing.assert_allclose(moved, mean * np.diff(slower.times)[:, None], atol=2e-3)


def test_what_cannot_be_computed_is_refused(panda: ArmKinematics, swing: JointTrajectory) -> None:
    with np.errstate(all="ignore"), pytest.raises(KinematicsError, match="would need nan N m"):
        ArmDynamics(panda).keep_limits(swing, Load(float("nan"), 0.05))


def test_what_cannot_be_held_is_refused(panda: ArmKinematics, swing: JointTrajectory) -> None:
    with pytest.raises(
        KinematicsError, match=r"to hold the arm with 30 kg in the hand after .* s;"
    ):
        ArmDynamics(panda).keep_limits(swing, Load(30.0, 0.05))


def test_the_check_before_sending_counts_the_block_only_when_it_is_held(
    panda: ArmKinematics, motion_limits: MotionLimits
) -> None:
    workspace = Workspace((0.2, -0.45, 0.0), (0.75, 0.45, 0.8))
    config = MotionConfig(motion_limits, workspace, floor_m=0.015, load=Load(12.0, 0.05))
    planner = StationPlanner(panda, config)
    start, there = (
        panda.inverse(tool_pose(np.array([x, y, 0.03]), 0.0), HOME)
        for x, y in ((0.4, -0.1), (0.6, 0.1))
    )
    pose = panda.forward(there)
    planner.set_scene(start, [])
    assert planner.to_station(start, pose, there, 0.2).why_slow == ""
    block = Obstacle("the block", pose, np.full(3, 0.05))
    planner.set_scene(start, [], held=block)
    with pytest.raises(KinematicsError, match="12 kg in the hand"):
        planner.to_station(start, pose, there, 0.2)
    lighter = dataclasses.replace(config, load=Load(1.0, 0.05))
    planner = StationPlanner(panda, lighter)
    planner.set_scene(start, [], held=block)
    planner.to_station(start, pose, there, 0.2)


def test_a_block_heavier_than_the_payload_is_refused_at_the_start() -> None:
    with pytest.raises(ConfigurationError, match=r"'block_mass': got 5 kg, wanted at most"):
        ControlParameters(block_mass=5.0)


@pytest.mark.parametrize(("mass_kg", "stands"), [(1.0, True), (15.0, False)])
def test_a_task_goes_slower_with_a_heavy_block_and_leaves_one_that_it_cannot_lift(
    make_rig: Callable[..., Any], station_planner: StationPlanner, mass_kg: float, stands: bool
) -> None:
    arm = station_planner.arm
    fast = MotionLimits(arm.limits.velocity, np.full(7, 12.0), np.full(7, 300.0))
    config = dataclasses.replace(
        station_planner.config, limits=fast, load=Load(mass_kg, 0.05), effort_share=0.7
    )
    blocks = [Pose(np.array([x, y, 0.025]), [0, 0, 0, 1]) for x, y in ((0.5, 0.0), (0.6, 0.2))]
    rig = make_rig(blocks, goal=2, planner=StationPlanner(arm, config))
    assert rig.run().status.success is stands, rig.log
    words = "slowed down to" if stands else "the block cannot be lifted: panda_joint"
    assert any(words in line for line in rig.log), rig.log
    assert rig.world.tower() == (2 if stands else 1)
