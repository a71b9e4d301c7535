"""Grasps: aligned with the block, clear of its neighbours, reachable."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simreal_common.errors import ConfigurationError, KinematicsError
from simreal_control.block_map import Block, wrap_quarter
from simreal_control.grasps import GripperGeometry, clearance, rank_grasps, tool_pose, tool_yaw

HOME = np.array([0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785])
HAND = GripperGeometry()


def block(x: float, y: float, level: int = 0, yaw: float = 0.0) -> Block:
    position = np.array([x, y, 0.025 + 0.05 * level])
    return Block(position, yaw, level, 1e-6 * np.eye(3), 0.9, 4)


def grasps(panda, target, others):
    return rank_grasps(target, others, panda, HOME, 0.05, HAND, 0.1, 0.003)


@settings(max_examples=20, deadline=None)
@given(x=st.floats(0.36, 0.64), y=st.floats(-0.24, 0.24), yaw=st.floats(-0.785, 0.78))
def test_a_free_block_is_grasped_straight_down_along_its_faces(panda, x, y, yaw):
    target = block(x, y, yaw=yaw)
    ranked = grasps(panda, target, [])
    assert len(ranked) >= 2
    for grasp in ranked:
        pose = panda.forward(grasp.joints)
        np.testing.assert_allclose(pose.position, target.position, atol=1e-4)
        np.testing.assert_allclose(pose.rotation[:, 2], [0, 0, -1], atol=1e-3)
        assert abs(wrap_quarter(tool_yaw(pose) - yaw)) < 1e-3
    scores = [grasp.score for grasp in ranked]
    assert scores == sorted(scores, reverse=True)


def test_a_neighbour_leaves_the_grasps_across_it(panda):
    # A neighbour in y, too near for a finger between: the fingers must close along x.
    for grasp in grasps(panda, block(0.5, 0.0), [block(0.5, 0.06)]):
        assert abs(np.cos(tool_yaw(grasp.pose_tool_in_base))) < 0.1
        assert grasp.clearance_m > 0.003


def test_a_block_among_four_cannot_be_grasped_and_says_why(panda):
    around = [block(0.5 + dx, dy) for dx, dy in ((0.06, 0), (-0.06, 0), (0, 0.06), (0, -0.06))]
    with pytest.raises(KinematicsError, match="cannot be grasped.*to a neighbour"):
        grasps(panda, block(0.5, 0.0), around)


def test_a_tower_beside_stands_in_the_way_of_the_hand():
    pose = tool_pose(np.array([0.5, 0.0, 0.025]), 0.0)  # fingers close along y
    low = [block(0.5, 0.10)]
    tall = [block(0.5, 0.10, level) for level in range(3)]
    assert clearance(pose, low, 0.05, HAND, 0.1) > 0.003
    assert clearance(pose, tall, 0.05, HAND, 0.1) <= 0.0


def test_clearance_is_the_distance_of_the_finger():
    pose = tool_pose(np.array([0.5, 0.0, 0.025]), 0.0)
    outer = HAND.max_opening_m / 2 + HAND.finger_thickness_m
    assert clearance(pose, [block(0.5, outer + 0.025 + 0.01)], 0.05, HAND, 0.0) == pytest.approx(
        0.01, abs=1e-6
    )
    assert clearance(pose, [], 0.05, HAND, 0.0) == np.inf


def test_a_gripper_without_fingers_is_refused():
    with pytest.raises(ConfigurationError, match="finger_width_m = 0"):
        GripperGeometry(finger_width_m=0.0)
