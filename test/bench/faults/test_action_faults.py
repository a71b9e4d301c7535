"""Actions that say too early that they have succeeded."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_bench.faults.kinds import make_fault
from simreal_control.planning.trajectory import JointTrajectory
from simreal_control.robot_interface.task_io import Command, MoveArm, MoveGripper
from simreal_control.task.state import StateName

NOTHING = np.zeros((2, 7))
MOTION = JointTrajectory(np.array([0.0, 2.0]), NOTHING, NOTHING, NOTHING)


def told_early(seed: int) -> dict[int, float]:
    """What is said to have succeeded, and when, of commands at 0, 3, 6 and 9 s, arm and hand."""
    fault: Any = make_fault("early_success", seed)
    fault.trigger = SimpleNamespace(is_due=lambda context: 3.0 <= context.now < 9.0)
    told: dict[int, float] = {}
    for tick in range(240):
        now = tick / 20
        robot = SimpleNamespace(succeed_early=lambda number, now=now: told.setdefault(number, now))
        task = SimpleNamespace(state=SimpleNamespace(name=StateName.CARRYING))
        context: Any = SimpleNamespace(now=now, robot=robot, task=task)
        fault.disturb(context)
        commands: list[Command] = []
        if tick % 60 == 0:
            commands = [MoveArm(tick + 1, MOTION), MoveGripper(tick + 2, 0.0, 20.0)]
        assert list(fault.commands(context, commands)) == commands  # all of them are executed
    assert fault.injected_at == 3.0
    return told


def test_one_motion_is_told_early_and_before_its_end() -> None:
    told = told_early(1)
    assert list(told) == [61]
    assert 3.4 <= told[61] <= 4.65


def test_motions_are_told_early_from_then_on() -> None:
    assert list(told_early(2)) == [61, 121, 181]


def test_a_motion_or_an_action_of_the_hand_is_told_at_once() -> None:
    assert told_early(4) == {61: 3.05}
    assert told_early(3) == {62: 3.05}
