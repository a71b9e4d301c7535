"""Each kind of hand: made by the parameters, driven by something, told and read as its kind is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simreal_control.control_configuration import ControlParameters, robot_parameters
from simreal_control.grasping.hands.hand import Hand
from simreal_control.grasping.hands.parallel_gripper import ParallelGripper
from simreal_control.grasping.hands.registry import HANDS, Drive
from simreal_control.grasping.hands.suction_cup import SuctionCup
from simreal_control.robot_interface.task_io import ArmState, MoveGripper, SwitchSuction

EDGE = 0.05
REST = ArmState(0.0, np.zeros(7), np.zeros(7), None)
FINGERS, CUP = ParallelGripper(), SuctionCup()


@pytest.mark.parametrize("name", list(HANDS))
def test_parameters_make_the_kind_of_hand_that_they_name(name: str) -> None:
    told = replace(robot_parameters("panda"), gripper_type=name)
    assert type(told.hand()) is HANDS[name].hand
    assert told.finger_joints == (told.gripper_joints if told.hand().driven else ())


def test_a_hand_has_the_measures_that_the_parameters_say() -> None:
    told = robot_parameters("ur5e")
    assert told.hand() == ParallelGripper(
        told.gripper_max_opening, told.finger_thickness, told.finger_width, told.tip_below_tool,
        told.hand_above_tool, told.hand_length, told.hand_depth,
    )  # fmt: skip
    assert told.tool_above_centre() == told.grasp_above_centre
    told = robot_parameters("kuka_suction")
    assert told.hand() == SuctionCup(
        told.cup_radius, told.cup_press, told.hand_above_tool, told.hand_length, told.hand_depth
    )
    assert told.tool_above_centre() == told.edge / 2.0 - told.cup_press


def test_every_drive_has_a_driver() -> None:
    pytest.importorskip("rclpy", reason="needs ROS 2 or the embedded runtime")
    from simreal_control.hand_drivers.ros_registry import DRIVERS

    assert set(DRIVERS) == set(Drive)
    assert ControlParameters().hand_type.drive is Drive.GRIPPER_COMMAND


@pytest.mark.parametrize(
    ("hand", "opened", "closed"),
    [
        (FINGERS, MoveGripper(3, FINGERS.max_opening_m, 20.0), MoveGripper(3, 0.0, 20.0)),
        (CUP, SwitchSuction(3, False), SwitchSuction(3, True)),
    ],
    ids=["fingers", "cup"],
)
def test_a_hand_makes_the_commands_that_open_and_close_it(
    hand: Hand, opened: object, closed: object
) -> None:
    assert hand.open_command(3, 20.0) == opened
    assert hand.close_command(3, 20.0) == closed


@pytest.mark.parametrize(
    ("opening_m", "holding", "wide_open"),
    [
        (None, None, None),
        (0.0, False, False),
        (EDGE - 0.013, False, False),
        (EDGE, True, False),
        (0.08, True, True),
    ],
)
def test_fingers_hold_what_keeps_them_apart(
    opening_m: float | None, holding: bool | None, wide_open: bool | None
) -> None:
    arm = replace(REST, opening_m=opening_m)
    assert FINGERS.holding(arm, EDGE) is holding
    assert FINGERS.wide_open(arm) is wide_open


def test_a_hand_that_is_not_open_says_how() -> None:
    assert FINGERS.not_open(replace(REST, opening_m=0.031)) == "open by 31 mm"
    assert CUP.not_open(replace(REST, grip_sensed=True)) == "the cup still holds something"


@pytest.mark.parametrize(("sensed", "wide_open"), [(None, None), (False, None), (True, False)])
def test_a_cup_holds_what_its_sensor_says_and_is_never_known_to_be_open(
    sensed: bool | None, wide_open: bool | None
) -> None:
    arm = replace(REST, grip_sensed=sensed)
    assert CUP.holding(arm, EDGE) is sensed
    assert CUP.wide_open(arm) is wide_open


def test_what_is_told_stands_in_the_record_as_plain_values() -> None:
    assert MoveGripper(1, 0.08, 20.0).told == {"opening_m": 0.08}
    assert SwitchSuction(1, True).told == {"suction": True}
