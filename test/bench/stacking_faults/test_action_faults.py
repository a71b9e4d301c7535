"""Actions that say too early that they have succeeded, and such that fail; of any hand."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_bench.stacking_faults.registry import make_fault
from simreal_control.planning.trajectory import JointTrajectory
from simreal_control.robot_interface.task_io import (
    ActionOutcome,
    Command,
    HandCommand,
    MoveArm,
    MoveGripper,
    SwitchSuction,
)
from simreal_control.task.state import StateName

NOTHING = np.zeros((2, 7))
MOTION = JointTrajectory(np.array([0.0, 2.0]), NOTHING, NOTHING, NOTHING)


def close_gripper(number: int) -> HandCommand:
    return MoveGripper(number, 0.0, 20.0)


def close_cup(number: int) -> HandCommand:
    return SwitchSuction(number, True)


HANDS = pytest.mark.parametrize("close", [close_gripper, close_cup])


def told_early(seed: int, close: Callable[[int], HandCommand] = close_gripper) -> dict[int, float]:
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
            commands = [MoveArm(tick + 1, MOTION), close(tick + 2)]
        assert list(fault.commands(context, commands)) == commands  # all of them are executed
    assert fault.injected_at == 3.0
    return told


def test_one_motion_is_told_early_and_before_its_end() -> None:
    told = told_early(1)
    assert list(told) == [61]
    assert 3.4 <= told[61] <= 4.65


def test_motions_are_told_early_from_then_on() -> None:
    assert list(told_early(2)) == [61, 121, 181]


@HANDS
def test_a_motion_or_an_action_of_the_hand_is_told_at_once(
    close: Callable[[int], HandCommand],
) -> None:
    assert told_early(4, close) == {61: 3.05}
    assert told_early(3, close) == {62: 3.05}


@HANDS
@pytest.mark.parametrize(
    ("seed", "executed", "outcome"),
    [
        (4, False, ActionOutcome.REJECTED),
        (1, False, ActionOutcome.ABORTED),
        (2, False, None),
        (3, True, None),
    ],
)
def test_an_action_of_any_hand_fails(
    close: Callable[[int], HandCommand], seed: int, executed: bool, outcome: ActionOutcome | None
) -> None:
    fault: Any = make_fault("action", seed)
    fault.trigger = SimpleNamespace(is_due=lambda context: True)
    answers: list[tuple[int, ActionOutcome]] = []
    robot = SimpleNamespace(answer=lambda number, outcome, words: answers.append((number, outcome)))
    task = SimpleNamespace(state=SimpleNamespace(name=StateName.GRASPING))
    context: Any = SimpleNamespace(now=2.0, robot=robot, task=task)
    command = close(7)
    assert list(fault.commands(context, [command])) == ([command] if executed else [])
    assert answers == ([] if outcome is None else [(7, outcome)])
    assert fault.injected_at == 2.0 and fault.words.startswith("hand grasping: ")
