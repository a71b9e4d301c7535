"""Gripper commands on the physics: reached, or stopped by a block."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from simreal_common.geometry import Pose
from simreal_sim.physics.gripper_execution import GripperExecution, GripperOutcome

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_sim.physics.arms.panda import PANDA
from simreal_sim.physics.world import World
from simreal_sim.physics.world_randomization import SceneOptions, draw_scene


def carry_out(world: World, position: float) -> tuple[GripperOutcome, float]:
    """The outcome and how long it took, simulated seconds."""
    start = world.time
    world.command_hand(position, 20.0)
    execution = GripperExecution(position, start)
    while world.time < start + 3.0:
        world.step()
        state = world.joint_states()
        outcome = execution.update(
            world.time,
            float(state.positions[7:].mean()),
            float(state.velocities[7:].mean()),
            float(np.abs(state.efforts[7:]).mean()),
        )
        if outcome:
            return outcome, world.time - start
    raise AssertionError("the gripper command did not end")


def test_in_the_air_the_goal_is_reached_and_on_a_block_the_fingers_stall() -> None:
    scene = draw_scene(np.random.default_rng(1), SceneOptions(blocks=1))
    with World(scene) as world:
        closed, seconds = carry_out(world, 0.0)
        assert (closed.stalled, closed.reached_goal) == (False, True)
        assert closed.position == pytest.approx(0.0, abs=1e-3)
        assert 0.3 < seconds < 1.0
        opened, _ = carry_out(world, 0.04)
        assert (opened.stalled, opened.reached_goal) == (False, True)

        # Floating between the fingers, so that the test needs no arm motion.
        world.bullet.setGravity(0, 0, 0, physicsClientId=world.client)
        tool = world.link_poses()[PANDA.tool_link]
        yaw = Rotation.from_matrix(tool.rotation)
        world.place_block("block_0", Pose(tool.position, yaw.as_quat()))
        held, seconds = carry_out(world, 0.0)
        assert (held.stalled, held.reached_goal) == (True, False)
        assert held.position == pytest.approx(0.025, abs=1.5e-3)
        assert held.effort == pytest.approx(20.0, rel=0.05)
        assert seconds < 1.0


def test_a_command_to_where_the_fingers_are_ends_at_once() -> None:
    outcome = GripperExecution(0.04, 5.0).update(5.004, 0.04, 0.0, 0.0)
    assert outcome is not None
    assert outcome.reached_goal


def test_a_moment_of_slowness_is_no_stall() -> None:
    execution = GripperExecution(0.0, 0.0)
    assert execution.update(0.1, 0.03, 0.0, 20.0) is None
    assert execution.update(0.12, 0.03, 0.05, 20.0) is None
    assert execution.update(0.2, 0.029, 0.0, 20.0) is None
    outcome = execution.update(0.28, 0.029, 0.0, 20.0)
    assert outcome is not None
    assert outcome.stalled
