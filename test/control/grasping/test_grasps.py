"""Grasps: aligned with the block, clear of its neighbours, reachable."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simreal_common.errors import ConfigurationError, KinematicsError
from simreal_common.geometry import Pose
from simreal_control.grasping.grasps import (
    LEAST_SIGMAS,
    TILTS,
    GraspConfig,
    GraspProblem,
    rank_grasps,
    rank_placements,
    tool_pose,
    tool_yaw,
    well_placed,
)
from simreal_control.grasping.hands.hand_clearance import clearance
from simreal_control.grasping.hands.parallel_gripper import ParallelGripper
from simreal_control.planning.trajectory import line_waypoints
from simreal_control.world_model.block_map import Block, wrap_quarter

HOME = np.array([0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785])
HAND = ParallelGripper()
EDGE = 0.05
CONFIG = GraspConfig(EDGE, HAND, approach_m=0.1, min_clearance_m=0.003)


def block(x: float, y: float, level: int = 0, yaw: float = 0.0) -> Block:
    position = np.array([x, y, 0.025 + 0.05 * level])
    return Block(position, yaw, level, 1e-6 * np.eye(3), 0.9, 4)


def grasps(panda, target, others):
    return rank_grasps(target, GraspProblem(panda, HOME, CONFIG, others))


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


@pytest.mark.parametrize("axis", [0.2, 0.2 + np.pi / 2])
def test_a_leaning_block_is_grasped_by_the_sides_that_stand_upright(panda, axis):
    target = replace(block(0.5, 0.0, yaw=0.2), lean_axis=axis)
    ranked = grasps(panda, target, [])
    assert ranked
    for grasp in ranked:
        closing = grasp.pose_tool_in_base.rotation[:2, 1]
        assert abs(closing @ [np.cos(axis), np.sin(axis)]) > 0.99


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
        ParallelGripper(finger_width_m=0.0)


TOWER = [block(0.5, 0.0, level) for level in range(3)]


def test_beside_a_tower_a_tilted_hand_leans_away_from_it(panda):
    target = block(0.558, 0.0)
    with pytest.raises(KinematicsError, match="to a neighbour"):
        grasps(panda, target, TOWER)
    ranked = rank_grasps(target, GraspProblem(panda, HOME, CONFIG, TOWER), tilts=TILTS)
    for grasp in ranked:
        pose = panda.forward(grasp.joints)
        np.testing.assert_allclose(pose.position, target.position, atol=1e-4)
        # The pads stay flat on two faces, the hand is on the far side of the block.
        assert abs(pose.rotation[1, 1]) == pytest.approx(1.0, abs=1e-3)
        away = pose.transform_points(np.array([0.0, 0.0, -0.1])) - target.position
        assert away[0] == pytest.approx(0.1 * np.sin(abs(grasp.tilt)), abs=1e-4)
        assert grasp.clearance_m > 0.003


@pytest.mark.parametrize("tilt", TILTS)
def test_a_block_is_put_down_by_the_tilt_that_holds_it(panda, tilt):
    place = np.array([0.5, 0.1, 0.127])
    for grasp in rank_placements(place, 0.3, GraspProblem(panda, HOME, CONFIG), tilt=tilt):
        assert grasp.tilt == tilt
        upright = tool_pose(place, tool_yaw(grasp.pose_tool_in_base)).inverse()
        turned = (upright @ grasp.pose_tool_in_base).rotation
        assert np.arctan2(turned[0, 2], turned[0, 0]) == pytest.approx(tilt)


def test_a_tilted_hand_keeps_off_its_own_block_and_the_table():
    def free(tilt: float, edge: float) -> float:
        target = Block(np.array([0.5, 0.0, edge / 2]), 0.0, 0, np.zeros((3, 3)), 1.0, 1)
        return HAND.clearance_inside(tool_pose(target.position, 0.0, tilt), target, edge)

    assert free(0.0, 0.05) == pytest.approx(0.015)  # of the hand to the block
    assert 0.003 < free(TILTS[2], 0.05) < free(TILTS[0], 0.05) < 0.015
    assert free(TILTS[2], 0.07) < 0.0  # a large block: the hand would be in it
    assert free(TILTS[2], 0.02) < 0.0  # a small one: the finger tips would be in the table


def test_the_fingers_straddle_a_block_along_the_axis_where_it_is_known_best(panda):
    for unsure, known in ((0, 1), (1, 0)):
        covariance = np.diag([1e-6, 1e-6, 1e-6])
        covariance[unsure, unsure] = 0.012**2
        target = Block(np.array([0.5, 0.0, 0.025]), 0.0, 0, covariance, 0.9, 4)
        closing = grasps(panda, target, [])[0].pose_tool_in_base.rotation[:, 1]
        assert abs(closing[known]) > 0.99


@given(st.floats(0.001, 0.05), st.floats(-0.7, 0.7))
def test_a_block_is_grasped_only_where_the_fingers_have_room_for_what_is_not_known(sigma, yaw):
    room = (HAND.max_opening_m - EDGE) / 2
    assume(abs(room - LEAST_SIGMAS * sigma) > 1e-9)  # on the border rounding decides
    where = np.array([0.5, 0.0, 0.025])
    everywhere = Block(where, yaw, 0, sigma**2 * np.eye(3), 0.9, 4)
    assert well_placed(everywhere, CONFIG) == (room >= LEAST_SIGMAS * sigma)
    # One direction is enough, if the fingers close along it.
    along = np.array([np.cos(yaw), np.sin(yaw), 0.0])
    covariance = 1e-6 * np.eye(3) + 0.05**2 * np.outer(along, along)
    assert well_placed(Block(where, yaw, 0, covariance, 0.9, 4), CONFIG)


def test_an_unsure_yaw_lowers_the_score_where_the_fingers_have_little_room(panda):
    sure, unsure = (
        Block(np.array([0.5, 0.0, 0.035]), 0.0, 0, 1e-6 * np.eye(3), 0.9, 4, yaw_sigma=sigma)
        for sigma in (0.0, 0.3)
    )
    scores = [
        rank_grasps(target, GraspProblem(panda, HOME, replace(CONFIG, edge_m=0.07)))[0].score
        for target in (sure, unsure)
    ]
    assert scores[1] < scores[0] - 0.1


def test_clearance_of_a_tilted_way_down_is_that_of_every_height():
    pose = tool_pose(np.array([0.558, 0.0, 0.025]), 0.0, TILTS[2])
    heights = [
        clearance(
            tool_pose(pose.position + up * np.array([0.0, 0.0, 1.0]), 0.0, TILTS[2]),
            TOWER, 0.05, HAND, 0.0,
        )
        for up in np.linspace(0.0, 0.1, 101)
    ]  # fmt: skip
    assert clearance(pose, TOWER, 0.05, HAND, 0.1) == pytest.approx(min(heights), abs=1e-5)


@pytest.mark.parametrize(("x", "y", "yaw"), [(0.364, 0.038, -0.594), (0.353, 0.191, -0.157)])
def test_from_a_low_grasp_the_way_up_bends_no_elbow_aside(panda, x, y, yaw):
    grasp = grasps(panda, block(x, y, yaw=yaw), [])[0]
    pose = grasp.pose_tool_in_base
    above = Pose(pose.position + np.array([0.0, 0.0, 0.2]), pose.orientation)
    way = line_waypoints(panda, grasp.joints, above)
    # The elbow lies in the plane of shoulder and hand, whose joints lift the hand.
    swivel = np.abs(np.diff(way[:, [0, 2, 4, 6]], axis=0)).sum()
    lift = np.abs(np.diff(way[:, [1, 3, 5]], axis=0)).sum()
    assert swivel < lift
