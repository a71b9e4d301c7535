"""After a motion nothing begins before the arm stands where the motion ends, whatever actions say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simreal_common.geometry import Pose
from simreal_control.planning.motion import StationPlanner
from simreal_control.robot_interface.task_io import MoveGripper

SLOW_RAD_S = 0.02
SLOW_FINGERS_M = 0.003  # a tick
NAN = float("nan")


def at(x: float, y: float) -> Pose:
    return Pose(np.array([x, y, 0.025]), np.array([0.0, 0.0, 0.0, 1.0]))


THREE = [at(0.45, -0.15), at(0.55, 0.05), at(0.42, 0.18)]


def test_motions_that_are_said_to_have_succeeded_halfway_are_waited_for(make_rig):
    rig = make_rig(list(THREE), faults={"early": 1000})
    assert rig.run().status.success, rig.log
    assert rig.world.tower() == 3
    assert rig.world.history.count("early") >= 8
    assert len(rig.world.hand_speeds) >= 4
    assert max(rig.world.hand_speeds) < SLOW_RAD_S
    assert not any("once more" in line for line in rig.log)


@pytest.mark.parametrize("times", [1, 2])
def test_a_motion_that_ends_on_its_way_as_succeeded_is_planned_anew(make_rig, times):
    rig = make_rig(list(THREE), faults={"short": times})
    rig.world.joints = rig.world.joints + 0.2
    assert rig.run().status.success, rig.log
    again = [line for line in rig.log if "the action says 'succeeded', but panda_joint" in line]
    assert len(again) == times, rig.log
    assert max(rig.world.hand_speeds) < SLOW_RAD_S


def test_motions_that_never_get_there_are_given_up_in_words(make_rig):
    rig = make_rig(list(THREE), faults={"short": 1000})
    rig.world.joints[0] += 0.8
    status = rig.run().status
    assert status.finished
    assert not status.success
    assert "the arm does not get home" in status.message
    assert any("from the end of the motion), 4 times" in line for line in rig.log), rig.log


@pytest.mark.parametrize("offset", [0.3, -0.06, NAN])
def test_speeds_with_an_offset_or_none_are_no_motion(make_rig, offset):
    rig = make_rig(list(THREE), velocity_offset=offset)
    assert rig.run().status.success, rig.log
    assert max(rig.world.hand_speeds) < SLOW_RAD_S
    assert not any("come to rest" in line for line in rig.log)


def push(rig) -> None:
    """One tick in which somebody moves the arm by hand; its speeds do not tell."""
    inputs = rig.world.step()
    pushed = replace(inputs.arm, positions=inputs.arm.positions + 0.03 * (inputs.now - 10.0))
    for command in rig.task.tick(replace(inputs, arm=pushed)).commands:
        rig.world.execute(command)


def test_the_hand_does_not_move_while_the_arm_is_pushed_and_it_says_so(make_rig):
    rig = make_rig(list(THREE), opening=0.05)  # it first verifies whether it holds something
    for _ in range(140):
        push(rig)
    assert rig.world.hand_speeds == []
    assert rig.task.finished
    assert "closing the hand: the arm does not come to rest in 5 s" in rig.task.status.message


def test_the_hand_moves_when_the_arm_is_no_longer_pushed(make_rig):
    rig = make_rig(list(THREE), opening=0.05)
    for _ in range(60):
        push(rig)
    assert rig.world.hand_speeds == []
    assert rig.run().status.success, rig.log


def test_fingers_that_move_on_after_their_action_are_read_at_rest(make_rig):
    rig = make_rig(list(THREE))
    told = rig.world.opening
    for _ in range(4000):
        inputs = rig.world.step()
        told += float(np.clip(rig.world.opening - told, -SLOW_FINGERS_M, SLOW_FINGERS_M))
        arm = replace(inputs.arm, opening_m=told)
        outputs = rig.task.tick(replace(inputs, arm=arm))
        rig.log += [line.text for line in outputs.log]
        for command in outputs.commands:
            rig.world.execute(command)
        if outputs.status.finished:
            break
    assert outputs.status.success, rig.log
    assert not any("did not close" in line or "does not open" in line for line in rig.log)
    assert not any("opening the hand: aborted" in line for line in rig.log), rig.log


def test_a_slow_motion_that_is_said_to_have_succeeded_is_waited_for_to_its_end(make_rig, assembly):
    config = assembly.motions.config
    planner = StationPlanner(assembly.arm, replace(config, limits=config.limits.scaled(0.05)))
    rig = make_rig(list(THREE), planner=planner, faults={"early": 1})
    rig.world.joints = rig.world.joints + np.array([0.6, 0, 0, 0, 0, 0, 0])
    while rig.task.state.name.value != "looking":
        assert not rig.task.finished, rig.log
        outputs = rig.task.tick(rig.world.step())
        rig.log += [line.text for line in outputs.log]
        for command in outputs.commands:
            rig.world.execute(command)
    assert rig.world.history == ["early"]
    assert rig.world.now > 12.5  # more than 5 s after it was said
    assert not any("succeeded" in line for line in rig.log), rig.log


def test_a_task_that_begins_while_the_hand_closes_waits_for_the_fingers(make_rig):
    rig = make_rig(list(THREE))
    rig.world.joints = rig.world.joints + 0.2  # it is not at home
    told = 0.08
    sent = []
    for _ in range(60):
        inputs = rig.world.step()
        told = max(told - 0.002, 0.05)
        arm = replace(inputs.arm, opening_m=told)
        outputs = rig.task.tick(replace(inputs, arm=arm))
        sent += [(type(command), told) for command in outputs.commands]
        rig.log += [line.text for line in outputs.log]
        for command in outputs.commands:
            rig.world.execute(command)
    assert sent[0] == (MoveGripper, 0.05), sent
    assert any("there is a block in the hand" in line for line in rig.log), rig.log


def test_a_task_does_not_begin_with_fingers_that_never_rest(make_rig):
    rig = make_rig(list(THREE))
    for tick in range(200):
        inputs = rig.world.step()
        arm = replace(inputs.arm, opening_m=0.07 + 0.005 * (tick % 2))
        outputs = rig.task.tick(replace(inputs, arm=arm))
        assert outputs.commands == ()
    assert rig.task.finished
    assert "the fingers do not come to rest in 5 s" in rig.task.status.message
