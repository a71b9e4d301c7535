"""Faults of joint states: what is published instead, and what counts as recovered."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_bench.simulated_robot.joint_message import JointMessage
from simreal_bench.simulated_robot.stack_result import StackResult
from simreal_bench.stacking_faults.registry import make_fault
from simreal_control.task.state import StateName
from simreal_sim.physics.arms.panda import PANDA

ALL = (*PANDA.joints, *PANDA.finger_joints)
TOLD = JointMessage(ALL, [0.1] * len(ALL), [0.0] * len(ALL))


def published(fault: Any, seconds: float = 60.0) -> list[list[JointMessage]]:
    """What comes at each tick once the fault is due, in any state."""
    fault.trigger = SimpleNamespace(is_due=lambda context: context.now >= 1.0)
    messages = []
    for tick in range(round(20 * seconds)):
        state = SimpleNamespace(name=StateName.CARRYING)
        context: Any = SimpleNamespace(
            now=tick / 20, task=SimpleNamespace(state=state), world=SimpleNamespace(arm=PANDA)
        )
        messages.append(list(fault.joint_states(context, TOLD)))
    assert fault.injected_at == 1.0
    assert messages[:20] == [[TOLD]] * 20
    return messages[20:]


@pytest.mark.parametrize(("seed", "names"), [(3, ALL), (1, ())])
def test_joint_states_without_positions_come_for_a_while(seed: int, names: tuple[str, ...]) -> None:
    after = published(make_fault("empty_state", seed))
    empty = [messages for messages in after if messages != [TOLD]]
    assert empty == after[: len(empty)] == [[JointMessage(names, (), ())]] * len(empty)
    assert 20 <= len(empty) <= 121


def test_every_other_message_is_empty() -> None:
    after = published(make_fault("empty_state", 2))
    assert after == [[JointMessage(ALL, (), ())], [TOLD]] * (len(after) // 2)


@pytest.mark.parametrize(
    ("seed", "lost", "least", "most"),
    [(1, 2, 20, 121), (2, 1, 20, 121), (3, 2, 200, 801), (4, 2, 1180, 1180)],
)
def test_fingers_are_left_out(seed: int, lost: int, least: int, most: int) -> None:
    after = [messages[0] for messages in published(make_fault("fingers_lost", seed))]
    without = [message for message in after if message != TOLD]
    assert without == after[: len(without)]
    assert least <= len(without) <= most
    for message in without:
        assert message == TOLD.without(PANDA.finger_joints[:lost])
        assert len(message.names) == len(message.positions) == len(ALL) - lost


def test_fingers_lost_for_good_have_to_be_named(stood: StackResult) -> None:
    fault = make_fault("fingers_lost", 4)
    published(fault)
    words = f"9.0 the last position of {' and '.join(PANDA.finger_joints)} came 60 s ago"
    ended = replace(stood, success=False, claimed=False, log=(words,))
    assert fault.recovered(ended)
    assert not fault.recovered(replace(ended, log=("9.0 no joint states",)))
    assert not fault.recovered(replace(ended, finished=False))
    assert not fault.recovered(stood)
    assert not make_fault("fingers_lost", 1).recovered(ended)
