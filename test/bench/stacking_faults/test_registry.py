"""Kinds of faults: the order stays, for seeds go by it, and a seed gives the same fault."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_bench.stacking_faults.fault import Fault
from simreal_bench.stacking_faults.fault_context import FaultContext
from simreal_bench.stacking_faults.registry import FAULTS, make_fault
from simreal_common.errors import ConfigurationError
from simreal_control.task.state import StateName


def test_the_place_of_a_kind_does_not_change() -> None:
    assert list(FAULTS) == [
        "dropped", "slipped", "fell", "meddled", "appeared",
        "detections", "transform", "action", "joints", "restart",
        "early_success", "empty_state", "fingers_lost", "camera_lost", "clock_back", "hand",
    ]  # fmt: skip


def test_a_kind_inherits_no_name() -> None:
    assert not hasattr(Fault, "kind")
    assert all(vars(fault)["kind"] == kind for kind, fault in FAULTS.items())


@pytest.mark.parametrize("kind", list(FAULTS))
def test_a_seed_gives_the_same_fault(kind: str) -> None:
    def described(seed: int) -> str:
        fault = make_fault(kind, seed)
        return str(sorted((k, str(getattr(v, "__dict__", v))) for k, v in vars(fault).items()))

    assert described(5) == described(5)
    assert described(5) != described(6)


# A tower of three in which nothing goes wrong: states, and about how long they last at least.
BLOCK = [
    (StateName.APPROACHING, 1.5), (StateName.GRASPING, 0.35), (StateName.LIFTING, 0.75),
    (StateName.CARRYING, 1.5), (StateName.RELEASING, 0.35), (StateName.HOMING, 1.5),
    (StateName.OBSERVING, 0.35),
]  # fmt: skip
RUN = [(StateName.HOMING, 0.1), (StateName.OBSERVING, 0.7), *BLOCK, *BLOCK]
TICK_S = 0.05


@pytest.mark.parametrize("kind", list(FAULTS))
@pytest.mark.parametrize("seed", range(20))
def test_a_fault_is_due_before_the_tower_stands(kind: str, seed: int) -> None:
    trigger, now = make_fault(kind, seed).trigger, 0.0
    for state, lasts_s in RUN:
        task = SimpleNamespace(state=SimpleNamespace(name=state))
        for _ in range(round(lasts_s / TICK_S)):
            now += TICK_S
            if trigger.is_due(cast(FaultContext, SimpleNamespace(now=now, task=task))):
                return
    pytest.fail("it was never due")


def test_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="wanted one of dropped, slipped"):
        make_fault("earthquake", 1)
