"""A suction cup: on the middle of a face, clear of what is higher beside it, never tilted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simreal_common.errors import ConfigurationError, KinematicsError
from simreal_control.grasping.grasps import (
    LEAST_SIGMAS,
    TILTS,
    UPRIGHT,
    GraspConfig,
    GraspProblem,
    rank_grasps,
    tool_pose,
    well_placed,
)
from simreal_control.grasping.hands.hand_clearance import clearance
from simreal_control.grasping.hands.suction_cup import SuctionCup
from simreal_control.planning.kinematics import ArmKinematics
from simreal_control.world_model.block_map import Block

HOME = np.array([0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785])
EDGE = 0.05
CUP = SuctionCup()
CONFIG = GraspConfig(
    EDGE, CUP, approach_m=0.1, min_clearance_m=0.003, above_centre_m=EDGE / 2 - CUP.press_m
)


def block(x: float, y: float, level: int = 0, sigma_m: float = 1e-3) -> Block:
    position = np.array([x, y, EDGE * (level + 0.5)])
    return Block(position, 0.3, level, sigma_m**2 * np.eye(3), 0.9, 4)


def test_the_lip_is_pressed_on_the_middle_of_the_top(panda: ArmKinematics) -> None:
    target = block(0.5, 0.1)
    for grasp in rank_grasps(target, GraspProblem(panda, HOME, CONFIG)):
        lip = panda.forward(grasp.joints)
        np.testing.assert_allclose(lip.position, [0.5, 0.1, EDGE - CUP.press_m], atol=1e-4)
        np.testing.assert_allclose(lip.rotation[:, 2], [0, 0, -1], atol=1e-3)


def test_a_block_among_four_is_taken_where_fingers_have_no_room(panda: ArmKinematics) -> None:
    around = [block(0.5 + dx, dy) for dx, dy in ((0.06, 0), (-0.06, 0), (0, 0.06), (0, -0.06))]
    assert rank_grasps(block(0.5, 0.0), GraspProblem(panda, HOME, CONFIG, around))


def test_a_tower_beside_stands_in_the_way_of_the_hand() -> None:
    pose = tool_pose(np.array([0.5, 0.0, EDGE]), 0.0)
    beside = [block(0.5, 0.055, level) for level in range(3)]
    hand = EDGE / 2 + CUP.hand_length_m / 2
    turned = clearance(pose, beside[:1], EDGE, CUP, 0.1)
    assert turned > 0.0
    assert clearance(pose, beside, EDGE, CUP, 0.1) < 0.0
    clear = [
        replace(one, position=np.add(one.position, [0.0, 0.02, 0.0]), yaw=0.0) for one in beside
    ]
    assert clearance(pose, clear, EDGE, CUP, 0.1) == pytest.approx(0.075 - hand, abs=1e-6)


def test_the_hand_is_not_tilted(panda: ArmKinematics) -> None:
    ranked = rank_grasps(block(0.5, 0.0), GraspProblem(panda, HOME, CONFIG), (*UPRIGHT, *TILTS))
    assert {grasp.tilt for grasp in ranked} == {0.0}
    with pytest.raises(KinematicsError, match="it offers the hand no faces"):
        rank_grasps(block(0.5, 0.0), GraspProblem(panda, HOME, CONFIG), TILTS)


def test_a_leaning_block_offers_no_face(panda: ArmKinematics) -> None:
    leaning = replace(block(0.5, 0.0), lean_axis=0.3)
    with pytest.raises(KinematicsError, match="it offers the hand no faces"):
        rank_grasps(leaning, GraspProblem(panda, HOME, CONFIG))


def test_a_face_must_be_known_well_enough_for_the_lip() -> None:
    room = EDGE / 2 - CUP.cup_radius_m
    assert well_placed(block(0.5, 0.0, sigma_m=0.9 * room / LEAST_SIGMAS), CONFIG)
    assert not well_placed(block(0.5, 0.0, sigma_m=1.1 * room / LEAST_SIGMAS), CONFIG)


def test_measures_that_cannot_be_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="cup_radius_m = 0"):
        SuctionCup(cup_radius_m=0.0)
    with pytest.raises(ConfigurationError, match=r"the cup is 0\.03 m wide"):
        CUP.check_edge(0.03)
