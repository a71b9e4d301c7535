"""Kinds of faults: the order stays, for seeds go by it, and a seed gives the same fault."""

from __future__ import annotations

import pytest

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_bench.stacking_faults.fault import Fault
from simreal_bench.stacking_faults.registry import FAULTS, make_fault
from simreal_common.errors import ConfigurationError


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


def test_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="wanted one of dropped, slipped"):
        make_fault("earthquake", 1)
